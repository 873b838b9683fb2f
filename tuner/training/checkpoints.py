"""Where the checkpoints of a training lie and what their files are called. Loads no learning library."""

from pathlib import Path

LAST, LAST_STATISTICS = "model.zip", "model-vecnormalize.pkl"
BEST, BEST_STATISTICS = "best.zip", "best-vecnormalize.pkl"
STATE = "state.json"
_FRONT = "checkpoint-"


def folder_of(folder: Path, step: int) -> Path:
    """The checkpoint at a step."""
    return folder / f"{_FRONT}{step:012d}"


def newest(folder: Path) -> Path | None:
    """The checkpoint of the most steps, None where there is none. Each is whole: it came by its name last of all."""
    return max(folder.glob(f"{_FRONT}*"), default=None)
