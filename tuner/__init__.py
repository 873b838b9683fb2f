"""Hyperparameter tuning for robot learning: PPO trials, Optuna studies, answers with their uncertainty.

What stands here is loaded when it is first asked for: `import tuner` costs nothing. See docs/howto/python.md.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuner.api.calls import check as check
    from tuner.api.calls import compare as compare
    from tuner.api.calls import open_study as open_study
    from tuner.api.calls import tune as tune
    from tuner.api.study_handle import Study as Study
    from tuner.api.trial_handle import Trial as Trial
    from tuner.errors import TunerError as TunerError

    __version__: str

_HOMES = {
    "Study": "tuner.api.study_handle",
    "Trial": "tuner.api.trial_handle",
    "TunerError": "tuner.errors",
    "check": "tuner.api.calls",
    "compare": "tuner.api.calls",
    "open_study": "tuner.api.calls",
    "tune": "tuner.api.calls",
}
__all__ = ["Study", "Trial", "TunerError", "__version__", "check", "compare", "open_study", "tune"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = _version()
    elif name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'tuner' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("roarm-tuner")
    except PackageNotFoundError:  # a checkout that was never installed
        return "0+unknown"
