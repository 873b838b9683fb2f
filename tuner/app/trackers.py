"""What a run is refused for when it shall be tracked, and where its trackers write."""

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.engine import URL

from tuner.config.model import StudySpec
from tuner.config.tracking_keys import OFF, TRACKERS, command_words
from tuner.errors import UsageProblem
from tuner.study.storage import artifact_folder


def tracker_names(names: Sequence[str]) -> tuple[str, ...]:
    """The trackers that a command line names; none for `off`.

    Raises:
        UsageProblem: naming the one that is none.
    """
    valid = (*TRACKERS, OFF)
    for name in names:
        if name not in valid:
            raise UsageProblem(f"--track {name!r}: must be one of {', '.join(valid)}")
        if name == OFF and len(set(names)) > 1:
            raise UsageProblem("--track off: goes alone")
    return tuple(name for name in names if name != OFF)


def command(text: str) -> str:
    """The command that a command line names.

    Raises:
        UsageProblem: where it is none.
    """
    try:
        command_words(text)
    except ValueError as error:
        raise UsageProblem(f"--on-trial-end: {error}") from None
    return text


def refuse_untrackable(spec: StudySpec) -> None:
    """Refuses trackers that are not installed, and a command that cannot be run.

    Raises:
        UsageProblem: naming the key, with the line that installs it.
    """
    for name in spec.track:
        if importlib.util.find_spec(name) is None:
            raise UsageProblem(f"track {name}: needs the package {name}, which is not installed ({install(name)})")
    if spec.on_trial_end is not None:
        program = command_words(spec.on_trial_end)[0]
        if shutil.which(program) is None:
            raise UsageProblem(f"on_trial_end {program!r}: no such program, or none that can be run (chmod +x; a path)")


def install(extra: str) -> str:
    """The line that installs an extra."""
    return f"pip install 'roarm-tuner[{extra}]'"


def tracker_folder(url: URL, name: str) -> Path:
    """Where a tracker writes beside the database, unless it is told otherwise."""
    return artifact_folder(url).with_suffix(f".{name}")


def board_folder(spec: StudySpec, url: URL, asked: Path | None) -> Path | None:
    """Where TensorBoard's curves go; None where the study has none."""
    if asked is not None or "tensorboard" not in spec.track:
        return asked
    return writable("track tensorboard", tracker_folder(url, "tensorboard"))


def curves_folder(text: str) -> Path:
    """The folder that `--tensorboard` names, made where it is missing, as an absolute path.

    Raises:
        UsageProblem: where TensorBoard is not installed, or nothing can be written there.
    """
    if not text:
        raise UsageProblem("--tensorboard '': must name a folder")
    if importlib.util.find_spec("tensorboard") is None:
        raise UsageProblem(
            f"--tensorboard {text!r}: needs the package tensorboard, which is not installed ({install('tensorboard')})"
        )
    return writable(f"--tensorboard {text!r}", text)


def writable(what: str, name: str | os.PathLike[str]) -> Path:
    """A folder, made where it is missing, as an absolute path.

    Raises:
        UsageProblem: where nothing can be written there.
    """
    try:
        folder = Path(name).expanduser().resolve()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageProblem(f"{what}: nothing can be written there: {why} (name another folder)") from None
