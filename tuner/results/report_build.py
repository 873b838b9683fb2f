"""Builds the report of a study, the same for every format, with all that is needed to reproduce it."""

import json
import shlex
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import yaml

from tuner import __version__, seeds
from tuner.config.first_look import OF_THE_RUN
from tuner.config.model import StudySpec
from tuner.results.answer import confirmed, headline
from tuner.results.confirmation_reading import ConfirmationReading, read_confirmation
from tuner.results.report_data import Band, Confirmed, Reproduction, Source, StudyReport, TrialLine, VideoLine
from tuner.results.report_parts import importances, parameters, pruning, test_curves, tuning_curves
from tuner.results.summary import Summary, summarise
from tuner.statistics.answer_records import Measure
from tuner.study.reader import StudyReader
from tuner.study.rows import Row


def build_report(
    reader: StudyReader,
    generator: np.random.Generator,
    *,
    storage: Sequence[str] = (),
    videos: Sequence[VideoLine] = (),
) -> StudyReport:
    """Builds the report from a study and its confirmation.

    Args:
        reader: The study.
        generator: Draws the resamples of the importances.
        storage: `--storage URL` as words, if it is not the default database.
        videos: Recorded videos.
    """
    spec, rows, summary = reader.spec, reader.rows, summarise(reader)
    reading = read_confirmation(reader)
    found, measure = confirmed(reading), _measure(spec, rows, reading)
    lines = tuple(_line(row) for row in rows)
    shares = importances(reader, generator)
    settled = found is not None and found.complete and not found.newer
    curves, source = _curves(reader, summary, reading, measure)
    return StudyReport(
        study=spec.name,
        environment=spec.environment.id,
        algorithm=spec.algorithm,
        space=spec.space_name,
        made=time.strftime("%Y-%m-%d %H:%M"),
        tuner=__version__,
        measure=measure,
        headline=headline(summary, found, measure),
        notes=(*_notes(summary, found), *_scored(spec)),
        counts=summary.counts,
        finished=summary.finished,
        target=summary.target,
        confirmed=found,
        confirm_command=""
        if settled or summary.best is None
        else shlex.join(["tuner", "confirm", spec.name, *storage]),
        best=_line(summary.best) if summary.best else None,
        finals=summary.finals,
        baselines=tuple(_line(row) for row in summary.baselines),
        advice=tuple(summary.advice.values()),
        curves=curves,
        curves_of=source,
        trials=lines,
        pruning=pruning(lines, spec),
        importances=shares,
        parameters=parameters(spec, summary.best, summary.advice, shares, _seen(rows)),
        health=summary.problems,
        videos=tuple(videos),
        reproduction=reproduction(spec, rows, found, storage),
    )


def _measure(spec: StudySpec, rows: Sequence[Row], reading: ConfirmationReading | None) -> Measure:
    if reading is not None:
        return reading.confirmation.measure
    reported = any(row.success is not None for row in rows)
    return spec.objective.measure(told=reported or not rows)


def _line(row: Row) -> TrialLine:
    attributes = row.attributes
    reasons = (attributes.get(name) for name in ("interrupted", "failure", "reason"))
    end = str(next((reason for reason in reasons if reason), ""))
    own = ("number", "state", "role", "label", "value", "success", "steps", "seconds", "params", "arguments")
    return TrialLine(**{name: getattr(row, name) for name in own}, end=end)


def _curves(
    reader: StudyReader, summary: Summary, reading: ConfirmationReading | None, measure: Measure
) -> tuple[tuple[Band, ...], Source]:
    of_test = test_curves(reader, reading.confirmation, measure) if reading is not None else ()
    if of_test:
        return of_test, "confirmation"
    shown = [row for row in (summary.best, *summary.baselines) if row is not None]
    return tuning_curves({row.number: row for row in shown}.values(), measure), "tuning"


def _seen(rows: Sequence[Row]) -> list[str]:
    """Parameters that have more than one value among completed trials."""
    values: dict[str, set[str]] = {}
    for row in rows:
        if row.value is not None:
            for name, value in row.params.items():
                values.setdefault(name, set()).add(repr(value))
    return [name for name, different in values.items() if len(different) > 1]


def _notes(summary: Summary, found: Confirmed | None) -> list[str]:
    notes = []
    running = summary.counts["running"]
    if running:
        notes.append(f"{running} trial{'s' * (running > 1)} still running: figures will change.")
    if summary.finished < summary.target and not running:
        notes.append(f"{summary.finished} of the {summary.target} trials asked for are finished.")
    if summary.finished and summary.best is None:
        notes.append("No trial ran to its end: all were pruned or diverged.")
    if summary.counts["fail"] and not summary.finished:
        notes.append("Every trial failed; see the reasons below.")
    if found is not None and found.newer:
        more = "1 trial was" if found.newer == 1 else f"{found.newer} trials were"
        notes.append(f"{more} completed since the confirmation and took no part in it.")
    return notes


def _scored(spec: StudySpec) -> Iterable[str]:
    """What a score is, where it is not what the glossary says."""
    if spec.objective.words:
        yield f"Score: {spec.objective.words}."


def reproduction(spec: StudySpec, rows: Sequence[Row], found: Confirmed | None, storage: Sequence[str]) -> Reproduction:
    """Commands, versions, hardware, seeds and files as the trials recorded them; `storage` as in `build_report`."""
    finished = sum(row.finished for row in rows)
    trials = ["--trials", str(finished or spec.trials)]
    file = f"{spec.name}.yaml"
    again = shlex.join(["tuner", "run", file, *trials])
    confirm = ["tuner", "confirm", spec.name, *(["--seeds", str(found.seeds)] if found else [])]
    export = ["tuner", "export", spec.name, "-o", "best.yml"]
    return Reproduction(
        commands=(
            f"{again}  # from scratch, with the two files below",
            shlex.join(["tuner", "run", spec.name, *trials, *storage]) + "  # resumes the stored study",
            shlex.join([*confirm, *storage]),
            shlex.join([*export, *storage]),
        ),
        notes=tuple(_how_drawn(spec, rows)),
        versions=tuple(_different(row.attributes.get("versions") for row in rows)),
        hardware=tuple(_different(row.attributes.get("hardware") for row in rows)),
        seeds=seeds.plan(),
        study_file=_yaml(_study_file(spec)),
        space_file=_yaml(spec.space.model_dump(mode="json")),
    )


def _how_drawn(spec: StudySpec, rows: Sequence[Row]) -> Iterable[str]:
    yield (
        f"The training seed of a trial is {seeds.TRAINING:,} + its number (a retry keeps that of the trial it "
        f"replaces); seeds of tuning's evaluation episodes start at {seeds.TUNING_GOALS:,}."
    )
    if spec.seed is None:
        yield f"The sampler ({spec.sampler}) was not seeded: a new run samples other parameters."
    else:
        yield f"The sampler ({spec.sampler}) was seeded with {spec.seed}; several workers sample in no fixed order."
    if not any(row.attributes.get("hardware") for row in rows):
        yield "These trials were run by a version of tuner that did not record hardware."


def _different(found: Iterable[Any]) -> list[dict[str, Any]]:
    """Each different record once, in order."""
    return [json.loads(text) for text in dict.fromkeys(json.dumps(one) for one in found if isinstance(one, dict))]


def _study_file(spec: StudySpec) -> dict[str, Any]:
    data = spec.model_dump(mode="json", exclude={"name", "space", "space_name", *OF_THE_RUN}, exclude_none=True)
    kept = {key: value for key, value in data.items() if value not in ("", {}, [])}
    return {**kept, "space": f"{spec.name}-space.yaml"}


def _yaml(data: dict[str, Any]) -> str:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)
