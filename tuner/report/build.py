"""Builds the report of a study, once for every form that it is written in."""

import shlex
import time
from collections.abc import Sequence

import numpy as np
from optuna import Study
from optuna.trial import FrozenTrial, TrialState

from tuner import __version__
from tuner.config.model import StudySpec
from tuner.confirm.reading import Reading, read_confirmation
from tuner.report.ailments import health_table
from tuner.report.answer import confirmed, headline
from tuner.report.curves import test_curves, tuning_curves
from tuner.report.importances import importances
from tuner.report.parameters import parameters
from tuner.report.pruning import pruning
from tuner.report.records import Band, Confirmed, FilmLine, Measure, Report, Source, TrialLine
from tuner.report.reproduction import reproduction
from tuner.reporting.rows import Row, make_rows
from tuner.reporting.summary import Summary, summarise


def build_report(
    study: Study,
    spec: StudySpec,
    generator: np.random.Generator,
    *,
    storage: Sequence[str] = (),
    films: Sequence[FilmLine] = (),
) -> Report:
    """Reads a study and its confirmation.

    Args:
        study: Opened to read.
        spec: Its spec.
        generator: For the resamples of the importances.
        storage: `--storage URL` as words, where commands need it.
        films: What was filmed.
    """
    trials = study.get_trials(deepcopy=False)
    rows, summary = make_rows(trials, spec), summarise(study, spec)
    reading = read_confirmation(study, spec)
    found, measure = confirmed(reading), _measure(spec, rows, reading)
    lines = tuple(_line(row) for row in rows)
    shares = importances(study, trials, generator)
    settled = found is not None and found.complete and not found.newer
    curves, source = _curves(study, summary, reading, measure)
    return Report(
        study=spec.name,
        environment=spec.environment.id,
        algorithm=spec.algorithm,
        space=spec.space_name,
        made=time.strftime("%Y-%m-%d %H:%M"),
        tuner=__version__,
        measure=measure,
        headline=headline(summary, found, measure),
        notes=tuple(_notes(summary, found)),
        counts=summary.counts,
        finished=summary.finished,
        target=summary.target,
        confirmed=found,
        confirm_command=""
        if settled or summary.best is None
        else shlex.join(["tuner", "confirm", spec.name, *storage]),
        best=_line(summary.best) if summary.best else None,
        baselines=tuple(_line(row) for row in summary.baselines),
        advice=tuple(summary.words),
        curves=curves,
        curves_of=source,
        trials=lines,
        pruning=pruning(lines, spec),
        importances=shares,
        parameters=parameters(spec, summary.best, summary.words, shares, _seen(trials)),
        health=health_table(rows, spec, summary.best),
        films=tuple(films),
        reproduction=reproduction(spec, rows, found, storage),
    )


def _measure(spec: StudySpec, rows: Sequence[Row], reading: Reading | None) -> Measure:
    if reading is not None:
        return reading.confirmation.measure
    told = any(row.success is not None for row in rows)
    return "success" if spec.objective != "return" and (told or not rows) else "return"


def _line(row: Row) -> TrialLine:
    attributes = row.attributes
    reasons = (attributes.get(name) for name in ("interrupted", "failure", "reason"))
    return TrialLine(
        number=row.number,
        state=row.state,
        role=row.role,
        label=row.label,
        value=row.value,
        success=row.success,
        steps=row.steps,
        seconds=row.seconds,
        params=row.params,
        arguments=row.arguments,
        end=str(next((reason for reason in reasons if reason), "")),
    )


def _curves(
    study: Study, summary: Summary, reading: Reading | None, measure: Measure
) -> tuple[tuple[Band, ...], Source]:
    of_test = test_curves(study, reading.confirmation, measure) if reading is not None else ()
    if of_test:
        return of_test, "confirmation"
    shown = [row for row in (summary.best, *summary.baselines) if row is not None]
    return tuning_curves({row.number: row for row in shown}.values(), measure), "tuning"


def _seen(trials: Sequence[FrozenTrial]) -> list[str]:
    """Parameters of which completed trials have several values."""
    values: dict[str, set[str]] = {}
    for trial in trials:
        if trial.state == TrialState.COMPLETE:
            for name, value in trial.params.items():
                values.setdefault(name, set()).add(repr(value))
    return [name for name, different in values.items() if len(different) > 1]


def _notes(summary: Summary, found: Confirmed | None) -> list[str]:
    notes = []
    running = summary.counts["running"]
    if running:
        notes.append(f"{running} trial{'s' * (running > 1)} still running: the figures are those of this moment.")
    if summary.finished < summary.target and not running:
        notes.append(f"{summary.finished} of the {summary.target} trials asked for are finished.")
    if summary.finished and summary.best is None:
        notes.append("No trial ran to its end: every one was pruned or left the finite numbers.")
    if summary.counts["fail"] and not summary.finished:
        notes.append("Every trial failed; the reasons stand below.")
    if found is not None and found.newer:
        more = "1 trial was" if found.newer == 1 else f"{found.newer} trials were"
        notes.append(f"{more} completed since the confirmation and took no part in it.")
    return notes
