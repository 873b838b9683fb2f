"""What finals have come to: the leader, the best tuned configuration and the baselines, seed by seed."""

from collections.abc import Sequence

import numpy as np

from tuner import seeds
from tuner.config.model import StudySpec
from tuner.record_type import Record
from tuner.statistics.answer_records import Interval, Measure, figure
from tuner.statistics.intervals import mean_interval
from tuner.study.rows import Configuration

CAVEAT = "Its seeds helped to choose it, so its mean is biased upwards; `tuner confirm` takes new ones."


class SeedLine(Record):
    """A configuration over its training seeds."""

    name: str
    trial: int  # its first
    values: tuple[float, ...]  # by seed: success rates, or scores without a success signal
    mean: float
    interval: Interval | None  # of the mean, 95 %; None under three seeds

    def words(self, measure: Measure) -> str:
        """`success 92% [88%, 95%] over 7 seeds`."""
        count = len(self.values)
        over = f"{count} seeds" if count > 1 else "one seed"
        return f"{measure} {figure(self.mean, measure, self.interval)} over {over}"


class FinalsLines(Record):
    """The configurations that a study ends with."""

    measure: Measure
    lines: tuple[SeedLine, ...]  # the leader first, then the best tuned one if a baseline leads, then the baselines
    repeats: int  # finished, of all configurations
    highest: float  # score of a single trial
    highest_trial: int

    @property
    def leader(self) -> SeedLine:
        """What the study recommends."""
        return self.lines[0]


def finals_lines(found: Sequence[Configuration], spec: StudySpec) -> FinalsLines | None:
    """The outcome of a study's finals; None where nothing was repeated.

    Args:
        found: The study's configurations, the leader first.
        spec: The study.
    """
    repeats = sum(len(one.rows) - 1 for one in found)
    if not repeats:
        return None
    measure = spec.objective.measure(told=all(one.success is not None for one in found))
    tuned = next((one for one in found if one.first.role is None), None)
    baselines = [one for one in found if one.first.role is not None]
    shown = dict.fromkeys([found[0].first.label, *([tuned.first.label] if tuned else [])])
    shown |= dict.fromkeys(one.first.label for one in sorted(baselines, key=lambda one: one.first.number))
    by_name = {one.first.label: one for one in found}
    single = max((row for one in found for row in one.rows if row.value is not None), key=lambda row: row.value or 0.0)
    return FinalsLines(
        measure=measure,
        lines=tuple(_line(by_name[name], spec.goals.late if measure == "success" else None) for name in shown),
        repeats=repeats,
        highest=single.value or 0.0,
        highest_trial=single.number,
    )


def _line(one: Configuration, goals: int | None) -> SeedLine:
    """A configuration's success rates over so many episodes, or its scores where `goals` is None."""
    values = one.standing.scores if goals is None else one.successes
    generator = np.random.default_rng(seeds.FINALS)
    return SeedLine(
        name=one.first.label,
        trial=one.first.number,
        values=values,
        mean=float(np.mean(values)),
        interval=mean_interval(np.asarray(values, dtype=np.float64), goals, generator),
    )
