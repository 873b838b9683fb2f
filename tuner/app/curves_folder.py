"""Where TensorBoard's curves go: looked at before the first trial, so that no night ends there."""

import importlib.util
import tempfile
from pathlib import Path

from tuner.errors import UsageProblem

INSTALL = "pip install 'roarm-tuner[tensorboard]'"


def curves_folder(text: str) -> Path:
    """The folder, made where it is missing, as an absolute path.

    Raises:
        UsageProblem: where TensorBoard is not installed, or nothing can be written there.
    """
    if not text:
        raise UsageProblem("--tensorboard '': must name a folder")
    if importlib.util.find_spec("tensorboard") is None:
        raise UsageProblem(f"--tensorboard {text!r}: needs the package tensorboard, which is not installed ({INSTALL})")
    try:
        folder = Path(text).expanduser().resolve()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageProblem(
            f"--tensorboard {text!r}: nothing can be written there: {why} (name another folder)"
        ) from None
