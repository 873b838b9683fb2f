"""The folder of a final training: its settings, finished runs and files, each written completely or not at all."""

import csv
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tuner.errors import ModelUnusable, StorageFailed, UsageProblem
from tuner.final_training.training_plan import TrainingPlan
from tuner.records import Evaluation
from tuner.training.model_files import BEST, BEST_STATISTICS, LAST, LAST_STATISTICS, STATE, newest
from tuner.writing import write_whole

WHAT = "training.json"  # the settings of the training
RESULT = "result.json"  # of a run; written last, so a run is finished if it exists
FINAL, FINAL_STATISTICS = "final.zip", "final-vecnormalize.pkl"
FILES = {LAST_STATISTICS: FINAL_STATISTICS, LAST: FINAL, BEST_STATISTICS: BEST_STATISTICS, BEST: BEST}
CURVE = ("step", "score", "success", "distance", "mean_return", "mean_length", "timeout_share", "difficulty", "seconds")
SHOWN = 3  # differences that an error names


def refuse_other(plan: TrainingPlan) -> None:
    """Refuses a folder that is neither new nor of the same training.

    Raises:
        UsageProblem: where it has a training with other settings, or other files.
    """
    folder, path = plan.folder, plan.folder / WHAT
    if path.is_file():
        _refuse_other(folder, _read(path).get("what", {}), plan.identity())
    elif folder.exists() and not folder.is_dir():
        raise UsageProblem(f"-o {folder}: is no folder; give the name of a folder")
    elif folder.is_dir() and any(not entry.name.startswith(".") for entry in folder.iterdir()):
        raise UsageProblem(f"-o {folder}: has other files and no training; give a new folder")


def make(folder: Path) -> None:
    """Makes the folder.

    Raises:
        StorageFailed: where that cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed(f"cannot make the folder {folder}: {error.strerror} (choose another with -o)") from None


def claim(plan: TrainingPlan, command: str) -> None:
    """Writes the settings of the training into a new folder.

    Raises:
        UsageProblem: as `refuse_other`.
        ExportFailed: where it cannot be written.
    """
    refuse_other(plan)
    if not (plan.folder / WHAT).is_file():
        write(plan.folder / WHAT, as_json({"what": plan.identity(), "command": command}))


def _refuse_other(folder: Path, there: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    names = [name for name in {**there, **asked} if there.get(name) != asked.get(name)]
    if names:
        differences = [f"{name} {there.get(name)!r} there, {asked.get(name)!r} asked for" for name in names[:SHOWN]]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        why = f"has a training with other settings ({'; '.join(differences)}{more})"
        raise UsageProblem(f"-o {folder}: {why}; give another folder")


def result(folder: Path) -> dict[str, Any] | None:
    """The result of a run; None if it is not finished."""
    path = folder / RESULT
    return _read(path) if path.is_file() else None


def evaluations(folder: Path) -> list[Evaluation]:
    """The evaluations of a run up to its last checkpoint."""
    found = newest(folder)
    return [] if found is None else [Evaluation(**one) for one in _read(found / STATE)["evaluations"]]


def finish(folder: Path, facts: Mapping[str, Any]) -> None:
    """Writes the models, curve and result of a finished run into its folder.

    Raises:
        StorageFailed: where they cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = newest(folder)
    if found is not None:
        for source, target in FILES.items():
            if (found / source).is_file():
                write(folder / target, (found / source).read_bytes())
    curve = evaluations(folder)
    write(folder / "curve.csv", _csv(curve))
    write(folder / "curve.json", as_json([asdict(one) for one in curve]))
    write(folder / RESULT, as_json(facts))
    if found is not None:
        shutil.rmtree(found, ignore_errors=True)  # a finished run is never resumed


def write(path: Path, content: bytes) -> None:
    """Writes a file completely or not at all.

    Raises:
        ExportFailed: where it cannot be written.
    """
    write_whole(path, content, "-o")


def as_json(data: Any) -> bytes:
    """Data as the text of a JSON file."""
    return (json.dumps(data, indent=1) + "\n").encode()


def _csv(curve: Sequence[Evaluation]) -> bytes:
    """One line per evaluation; numbers in the shortest form that reads back exactly."""
    milestones = list(curve[-1].milestones) if curve else []
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*CURVE, *milestones])
    for one in curve:
        rows.writerow([*(getattr(one, name) for name in CURVE), *(one.milestones[name] for name in milestones)])
    return text.getvalue().encode()


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())
        raise ModelUnusable(f"{path}: cannot be read ({why}); delete its folder to train again") from None
