"""Options that several commands share, and how they are read."""

import json
import math
from collections.abc import Callable
from typing import Annotated, Any

import typer

from tuner.app.limits import ENGINES, time_limit, whole_number
from tuner.cli.completion import complete_space, complete_study, complete_word
from tuner.cli.standard_files import write
from tuner.errors import UsageProblem

LEAST_MEMORY = 0.5  # GB
LEAST_TIMEOUT = 1.0  # s

StudyArgument = Annotated[
    str,
    typer.Argument(
        metavar="[STUDY]", autocompletion=complete_study, help="A study's name, or the path of its YAML file."
    ),
]
StorageOption = Annotated[
    str | None,
    typer.Option(
        "--storage",
        metavar="URL",
        envvar="TUNER_STORAGE",
        show_envvar=False,
        help="The database. Default: sqlite:///studies/tuner.db, or the variable TUNER_STORAGE.",
    ),
]
NameOption = Annotated[str | None, typer.Option("--name", metavar="NAME", help="The study's name in the database.")]
SpaceOption = Annotated[
    str | None, typer.Option("--space", metavar="NAME|FILE", autocompletion=complete_space, help="The search space.")
]
EnvironmentOption = Annotated[
    str | None,
    typer.Option(
        "--env", metavar="ID", help="A Gymnasium environment: `module:Id`, `module:Class`, `FILE.py:Class` or an id."
    ),
]
EnvKwargsOption = Annotated[
    list[str] | None,
    typer.Option("--env-kwargs", metavar="KEY=VALUE", help="An argument of the environment's constructor; repeatable."),
]
WrapperOption = Annotated[
    list[str] | None,
    typer.Option(
        "--wrapper",
        metavar="PATH",
        help="A wrapper of the environment, such as `gymnasium.wrappers.FlattenObservation`; repeatable, in order.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]


def whole(name: str, low: int, high: int | None = None) -> Callable[[str], int]:
    """A parser of whole numbers from `low` to `high` that names the option, the value and the rule."""
    return lambda text: whole_number(name, _number(int, text), low, high)


def number(name: str, metavar: str, words: str, *, low: int = 1, high: int | None = None) -> Any:
    """An option that takes whole numbers from `low` to `high`."""
    return typer.Option(name, parser=whole(name, low, high), metavar=metavar, help=words)


def finite(text: str) -> float:
    """A parser of a finite number for `--success-at-least`."""
    value = _number(float, text)
    if not isinstance(value, float) or not math.isfinite(value):
        raise UsageProblem(f"--success-at-least {text!r}: must be a number")
    return value


def minutes_of(text: str) -> float:
    """A parser of a time limit in minutes."""
    return time_limit("--minutes", _number(float, text))


def _number(kind: type[int | float], text: str) -> int | float | str:
    """The number that a text is; the text itself where it is none."""
    try:
        return kind(text)
    except ValueError:
        return text


SuccessKeyOption = Annotated[
    str | None,
    typer.Option("--success-key", metavar="KEY", help="The entry of `info` that tells success. Default: is_success."),
]
SuccessWhenOption = Annotated[
    str | None,
    typer.Option(
        "--success-when", metavar="end|any", help="At an episode's end (the default), or at any of its steps."
    ),
]
SuccessAtLeastOption = Annotated[
    float | None,
    typer.Option(
        "--success-at-least", parser=finite, metavar="NUMBER", help="From where on that entry is a success. Default: 1."
    ),
]
MinutesOption = Annotated[
    float | None,
    typer.Option(
        "--minutes", parser=minutes_of, metavar="M", help="Start nothing that would end more than M minutes from now."
    ),
]


def gigabytes(text: str) -> int:
    """A parser of memory in GB, to bytes."""
    try:
        value = float(text)
    except ValueError:
        raise UsageProblem(f"--memory {text!r}: must be a number of GB, such as 2 or 0.5") from None
    if not LEAST_MEMORY <= value < 1e6:
        raise UsageProblem(
            f"--memory {text}: must be at least {LEAST_MEMORY} GB, which a worker needs for its libraries"
        )
    return round(value * 1e9)


MemoryOption = Annotated[
    int | None,
    typer.Option(
        "--memory",
        parser=gigabytes,
        metavar="GB",
        help="Memory limit of a worker; beyond it the worker is killed and its trial fails.",
    ),
]


def hang_timeout_of(text: str) -> float:
    """A parser of `--hang-timeout`: seconds, or `off` for no limit."""
    try:
        value = math.inf if text == "off" else float(text)
    except ValueError:
        value = math.nan
    if not value >= LEAST_TIMEOUT:
        raise UsageProblem(f"--hang-timeout {text!r}: must be off, or seconds, at least {LEAST_TIMEOUT:g}")
    return value


HangTimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--hang-timeout",
        parser=hang_timeout_of,
        metavar="SECONDS|off",
        help="Kill a worker without an environment step or update for so long. Default: by the study's trials.",
    ),
]
WorkersOption = Annotated[
    int | None,
    number("--workers", "W", "Parallel trials. Default: one per core; with Ray, one per CPU of the cluster."),
]
EngineOption = Annotated[
    str,
    typer.Option(
        "--engine", metavar="|".join(ENGINES), autocompletion=complete_word(*ENGINES), help="Where trials run."
    ),
]
RayAddressOption = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        metavar="HOST:PORT",
        help="With --engine ray, the cluster. Default: RAY_ADDRESS, this machine's cluster, or a new local one.",
    ),
]


def print_json(data: Any, *, line: bool = False) -> None:
    """Prints data as JSON to standard output, in ASCII; in one line, where more documents may follow."""
    write(json.dumps(data, indent=None if line else 2) + "\n")


def show(found: Any, render: Callable[[Any], None], *, as_json: bool) -> None:
    """Prints a result as JSON or as tables."""
    if as_json:
        print_json(found.data())
    else:
        render(found)


def one_of(value: str | None, valid: tuple[str, ...], name: str) -> None:
    """Refuses a word that is not offered.

    Raises:
        UsageProblem: naming the option and what it takes.
    """
    if value is not None and value not in valid:
        raise UsageProblem(f"{name} {value!r}: must be one of {', '.join(valid)}")
