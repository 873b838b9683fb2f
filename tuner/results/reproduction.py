"""How to have all of it again: commands, seeds, versions, hardware, and the study as files."""

import json
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from tuner import seeds
from tuner.config.model import StudySpec
from tuner.results.report_data import Confirmed, Reproduction
from tuner.study.reader import Row


def reproduction(spec: StudySpec, rows: Sequence[Row], found: Confirmed | None, storage: Sequence[str]) -> Reproduction:
    """From what the trials recorded; `storage` are the words that name the database, if it is not the default."""
    finished = sum(row.finished for row in rows)
    trials = ["--trials", str(finished or spec.trials)]
    file = f"{spec.name}.yaml"
    again = shlex.join(["tuner", "run", file, *trials])
    confirm = ["tuner", "confirm", spec.name, *(["--seeds", str(found.seeds)] if found else [])]
    export = ["tuner", "export", spec.name, "-o", "best.yml"]
    return Reproduction(
        commands=(
            f"{again}  # anew, from the two files below",
            shlex.join(["tuner", "run", spec.name, *trials, *storage]) + "  # goes on with the stored study",
            shlex.join([*confirm, *storage]),
            shlex.join([*export, *storage]),
        ),
        notes=tuple(_notes(spec, rows)),
        versions=tuple(_different(row.attributes.get("versions") for row in rows)),
        hardware=tuple(_different(row.attributes.get("hardware") for row in rows)),
        seeds=seeds.plan(),
        study_file=_yaml(_study_file(spec)),
        space_file=_yaml(spec.space.model_dump(mode="json")),
    )


def _notes(spec: StudySpec, rows: Sequence[Row]) -> Iterable[str]:
    yield (
        f"A trial trains with seed {seeds.TRAINING:,} + its number, a retry with that of the trial it replaces; goals "
        f"of tuning begin at {seeds.TUNING_GOALS:,}."
    )
    if spec.seed is None:
        yield f"The sampler ({spec.sampler}) was not seeded: a new run proposes other parameters."
    else:
        yield f"The sampler ({spec.sampler}) was seeded with {spec.seed}; several workers ask in no fixed order."
    if not any(row.attributes.get("hardware") for row in rows):
        yield "The trials are of a version that did not record hardware."


def _different(found: Iterable[Any]) -> list[dict[str, Any]]:
    """Each record once, in the order in which they came."""
    return [json.loads(text) for text in dict.fromkeys(json.dumps(one) for one in found if isinstance(one, dict))]


def _study_file(spec: StudySpec) -> dict[str, Any]:
    data = spec.model_dump(mode="json", exclude={"name", "space", "space_name"}, exclude_none=True)
    kept = {key: value for key, value in data.items() if value not in ("", {}, [])}
    return {**kept, "space": f"{spec.name}-space.yaml"}


def _yaml(data: dict[str, Any]) -> str:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)
