"""The results of a study as data: for the table at the end of a run, `tuner status` and `--json`."""

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, field, replace
from typing import Any

from tuner.config.algorithms import ALGORITHMS, least
from tuner.config.model import StudySpec
from tuner.config.parameters import ChoiceParameter, FloatParameter, IntParameter
from tuner.diagnosis.bounds import SHORT_GAMMA
from tuner.diagnosis.training_record import run_of
from tuner.errors import listed
from tuner.record_type import Record
from tuner.records import SUCCESS
from tuner.results.finals_lines import CAVEAT, FinalsLines, finals_lines
from tuner.results.health import Health, health_table, study_health
from tuner.results.report_data import HealthTable
from tuner.study.reader import StudyReader
from tuner.study.rows import Row, baselines, configurations


class Summary(Record):
    """The state of a study."""

    study: str
    environment: str
    target: int
    counts: dict[str, int]
    finished: int
    best: Row | None
    best_tuned: Row | None  # the best trial that is no baseline
    baselines: list[Row]
    steps_per_second: float | None  # of one worker, the median over the trials
    advice: dict[str, str] = field(default_factory=dict)  # on the best parameters, by their names
    health: Health | None = None  # None if no trial recorded its training signals
    problems: HealthTable | None = None  # the same in full
    full_seconds: float | None = None  # of a completed trial, the median
    contenders: int = 0  # completed configurations, without baselines
    finals: FinalsLines | None = None  # None where nothing was repeated
    succeeded: bool | None = None  # whether any trial ever did; None without a success signal
    warnings: tuple[str, ...] = ()  # of the look before the study, the likeliest cause of failure first
    wider_space: str | None = None  # a space that searches what the best configuration has at a value against the rule

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "study": self.study,
            "environment": self.environment,
            "target": self.target,
            "finished": self.finished,
            "counts": self.counts,
            "steps_per_second": self.steps_per_second,
            "best": row_data(self.best) if self.best else None,
            "best_tuned": row_data(self.best_tuned) if self.best_tuned else None,
            "baselines": [row_data(row) for row in self.baselines],
            "finals": asdict(self.finals) if self.finals else None,
            "succeeded": self.succeeded,
            "warnings": list(self.warnings),
            "verdict": verdict(self),
            "advice": list(self.advice.values()),
            "health": self.health.data() if self.health else None,
        }


def summarise(reader: StudyReader) -> Summary:
    """The summary of a study."""
    spec, rows = reader.spec, reader.rows
    found = configurations(rows)
    winner = found[0].first if found else None
    succeeded = None if spec.objective.entry is not None else _succeeded(rows)
    problems = health_table(rows, spec, winner)
    return Summary(
        study=spec.name,
        environment=spec.environment.id,
        target=spec.trials,
        counts=reader.counts(),
        finished=sum(row.finished for row in rows),
        best=winner,
        best_tuned=next((one.first for one in found if one.first.role is None), None),
        baselines=baselines(rows),
        steps_per_second=_median([row.attributes.get("steps_per_second") for row in rows]),
        advice={**dict(_unread(rows)), **advice(winner, spec, succeeded=succeeded is not False)} if winner else {},
        succeeded=succeeded,
        warnings=tuple(sorted(spec.look.warnings, key=_likely)) if spec.look else (),
        health=study_health(problems),
        problems=problems,
        full_seconds=_median([row.seconds for row in rows if row.value is not None]),
        contenders=len({str(one.first.arguments) for one in found if one.first.role is None}),
        finals=finals_lines(found, spec),
        wider_space=_space_with_gamma(spec) if winner and succeeded and dict(_gamma(winner, spec)) else None,
    )


def verdict(summary: Summary) -> str:
    """Whether the leader, or the best trial, did better than the baselines, with its caveat."""
    if summary.best is None:
        return "No trial is complete yet."
    if summary.succeeded is False:
        return _never(summary)
    if summary.finals is not None:
        return _leads(summary.finals)
    others = [row for row in summary.baselines if row.value is not None and row.number != summary.best.number]
    if summary.best.role is not None:
        return f"No trial scored above the {summary.best.label} configuration; keep it, or give the study more trials."
    if not others:
        return f"Trial {summary.best.number} scored best; there is no baseline to compare it with."
    names = listed(row.label for row in others)
    return (
        f"Trial {summary.best.number} scored above {names}: one training seed each, so a lucky seed is possible and "
        "the best of many scores is always too high."
    )


# Lines of a look that can explain why nothing succeeds, the best first; an idle action entry among others cannot.
CAUSES = ("goals in reach", "action bounds", "success signal", "return and success", "reward varies")


def _likely(warning: str) -> int:
    name = warning.partition(":")[0]
    return CAUSES.index(name) if name in CAUSES else len(CAUSES)


def _succeeded(rows: Sequence[Row]) -> bool | None:
    """Whether success was ever more than 0, in any evaluation of any trial."""
    told = [row for row in rows if row.success is not None]
    points = (point for row in told for point in row.attributes.get("curve", []))
    return any(row.success for row in told) or any(point.get("success") for point in points) if told else None


def _never(summary: Summary) -> str:
    """What a study says in which nothing succeeded."""
    said = f"No trial succeeded once in {summary.finished}: no score says which is better at the task."
    if summary.warnings and _likely(summary.warnings[0]) < len(CAUSES):
        return f"{said} The likeliest cause is in the environment: {summary.warnings[0]}."
    return f"{said} The training may be far too short, or the goal out of reach in {summary.environment}."


def _leads(finals: FinalsLines) -> str:
    """The leader with its seeds, then the others with theirs."""
    first, *others = finals.lines
    against = "; ".join(f"{one.name} {one.words(finals.measure)}" for one in others)
    said = f"Leader: {first.name}, {first.words(finals.measure)}" + (f"; {against}." if against else ".")
    return f"{said} {CAVEAT}"


def row_data(row: Row) -> dict[str, Any]:
    """A trial as JSON."""
    keys = ("number", "state", "role", "repeat_of", "value", "success", "milestones", "seed", "seconds", "arguments")
    return {key: getattr(row, key) for key in keys}


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


EDGE_SHARE = 0.05  # of a range, on its own scale
SHORT_EPISODE = 200  # control steps
LONG_SIGHT = 0.98  # a gamma whose horizon is longer than a short episode


def advice(best: Row, spec: StudySpec, *, succeeded: bool = True) -> dict[str, str]:
    """Remarks on the best trial: on parameters by their names, where anything succeeded, and on its episodes."""
    return {
        **(dict(_edges(best, spec)) | dict(_gamma(best, spec)) if succeeded else {}),
        **dict(_cut_off(best, spec)),
        **dict(_errors(best)),
    }


def _errors(best: Row) -> Iterator[tuple[str, str]]:
    if found := best.attributes.get("errors"):
        yield "errors", f"{found['episodes']} episodes of {best.label} ended by an error, the last: {found['last']}"


def _unread(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Success that came too late to be noticed by the look before the study."""
    if count := sum(row.attributes.get("unread", 0) for row in rows):
        said = f"{count} evaluation episodes told `{SUCCESS}`, and none did in the look before the first trial"
        yield (
            "success",
            f"{said}: scores are returns; with `--success-key {SUCCESS}` a study of another --name reads it",
        )


def _cut_off(best: Row, spec: StudySpec) -> Iterator[tuple[str, str]]:
    if count := best.attributes.get("cut_off"):
        steps = f"{spec.goals.longest:,} steps"
        said = f"{count} evaluation episodes of {best.label} did not end and were cut off at {steps}"
        yield "evaluation", f"{said}; give the environment a time limit, or set `goals: {{longest: …}}`"


def _edges(best: Row, spec: StudySpec) -> Iterator[tuple[str, str]]:
    for name, parameter in spec.space.parameters.items():
        value = best.params.get(name)
        if isinstance(parameter, ChoiceParameter) or value is None:
            continue
        low, high = parameter.bounds
        place = _place(parameter, value)
        if (place <= EDGE_SHARE and low != least(name, spec.algorithm)) or place >= 1 - EDGE_SHARE:
            end, bound = ("low", low) if place <= EDGE_SHARE else ("high", high)
            yield name, f"{name} = {value:g} sits at the {end} end of its range ({bound:g}): the best may lie beyond"


def _place(parameter: FloatParameter | IntParameter, value: float) -> float:
    low, high = parameter.bounds
    if parameter.scale == "linear":
        return (value - low) / (high - low)
    return math.log(value / low) / math.log(high / low)


def _space_with_gamma(spec: StudySpec) -> str:
    """The packaged space that searches gamma."""
    return "ppo_full" if spec.algorithm == "ppo" else ALGORITHMS[spec.algorithm].space


def _gamma(best: Row, spec: StudySpec) -> Iterator[tuple[str, str]]:
    gamma = best.arguments.get("gamma", 0.99)
    longest = replace(run_of(spec.algorithm, best.arguments, best.attributes), length=best.episode_length).longest
    told = best.success is not None  # without a success signal a short episode may be a failure
    short = told and longest is not None and 1 / (1 - SHORT_GAMMA) < longest <= SHORT_EPISODE
    if short and "gamma" not in spec.space.parameters and gamma >= LONG_SIGHT:
        said = (
            f"gamma is fixed at {gamma:g}, and episodes are short (at most {longest:.0f} steps); the PPO guide "
            f"recommends 0.95 for them: `--space {_space_with_gamma(spec)}` searches it"
        )
        yield "gamma", said
