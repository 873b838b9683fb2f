"""Which runs a confirmation is made of: pure functions of what is asked for and of what has come out so far.

Nothing here remembers anything: whoever asks again after an interruption, with the runs that are in the database, is
told the same runs less those.
"""

import hashlib
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from tuner import seeds
from tuner.record_type import Record

Phase = Literal["validation", "test"]

VALIDATION_SEEDS = 3
TEST_GOALS = 100  # that a test run is judged by
DEFAULT_TOP, DEFAULT_SEEDS = 4, 10
FEWEST_SEEDS = 5  # under so many no difference can be shown
MARGIN = 0.35  # of the scale, over the root of the seeds; what it saves and costs: benchmarks/bench_race.py


class RunKey(Record):
    """What makes a run the one that it is: the same key is never trained twice."""

    phase: Phase
    configuration: str  # digest of the algorithm's arguments
    seed: int  # the training seed


class RunResult(Record):
    """What came of a run that ended."""

    score: float | None  # the mean of the last three evaluations'; None where training diverged
    success: float | None  # share of the goals; of the last evaluation in the test, of the last three before
    mean_return: float | None  # likewise


def digest(arguments: Mapping[str, Any]) -> str:
    """A short name for a configuration, the same whichever trial it came from."""
    return hashlib.sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()[:16]


class Arm(Record):
    """A configuration that takes part."""

    name: str  # a baseline's own, or `trial 12`
    role: str | None  # `baseline:current`; None for a trial that was tuned
    arguments: dict[str, Any]  # the algorithm's
    configuration: str  # their digest
    success: float | None  # at tuning, on one seed
    mean_return: float | None  # likewise


class ConfirmationPlan(Record):
    """Who takes part, how often, and how far behind is clearly behind."""

    arms: tuple[Arm, ...]  # tuned ones first, the best of them in front
    test_seeds: int
    scale: float  # between the worst and the best that a score can be
    validation_seeds: int = VALIDATION_SEEDS
    margin: float = MARGIN  # share of the scale that is clearly behind after one seed

    @property
    def baselines(self) -> tuple[Arm, ...]:
        """Those that take part in the test whoever wins."""
        return tuple(arm for arm in self.arms if arm.role is not None)


class ConfirmationRun(Record):
    """One training run."""

    phase: Phase
    arm: Arm
    place: int  # of its seed, from 0

    @property
    def seed(self) -> int:
        """The training seed."""
        return (seeds.VALIDATION if self.phase == "validation" else seeds.TEST) + self.place

    @property
    def key(self) -> RunKey:
        """What it is booked under."""
        return RunKey(phase=self.phase, configuration=self.arm.configuration, seed=self.seed)


def planned(plan: ConfirmationPlan, results: Mapping[RunKey, RunResult]) -> list[ConfirmationRun]:
    """All runs that are known to belong to the confirmation by now, those that are done included, in order."""
    runs: list[ConfirmationRun] = []
    for place, arms in enumerate(rounds(plan, results)):
        runs += [ConfirmationRun(phase="validation", arm=arm, place=place) for arm in arms]
    if decided(plan, results):
        arms = tested(plan, winner(plan, results))
        runs += [
            ConfirmationRun(phase="test", arm=arm, place=place) for place in range(plan.test_seeds) for arm in arms
        ]
    return runs


def rounds(plan: ConfirmationPlan, results: Mapping[RunKey, RunResult]) -> list[tuple[Arm, ...]]:
    """Who runs in each round of the validation, a seed a round, as far as the rounds before have ended.

    It chooses between the tuned arms: where one of them is left, or none, it is over.
    """
    found: list[tuple[Arm, ...]] = []
    racing = plan.arms
    for place in range(plan.validation_seeds):
        if sum(arm.role is None for arm in racing) < 2:
            break
        found.append(racing)
        if not _ended(racing, place, results):
            break
        racing = survivors(plan, racing, place + 1, results)
    return found


def survivors(
    plan: ConfirmationPlan, racing: Sequence[Arm], count: int, results: Mapping[RunKey, RunResult]
) -> tuple[Arm, ...]:
    """Who is not clearly behind the leader after so many seeds each: the more seeds, the less it takes."""
    means = {arm.name: mean_score(arm, count, results) for arm in racing}
    behind = max(means.values()) - plan.margin * plan.scale / math.sqrt(count)
    return tuple(arm for arm in racing if means[arm.name] >= behind)


def left(plan: ConfirmationPlan, results: Mapping[RunKey, RunResult]) -> tuple[Arm, ...]:
    """Who is still in the race, by the rounds that have ended."""
    ran = rounds(plan, results)
    if not ran:
        return plan.arms
    ended = _ended(ran[-1], len(ran) - 1, results)
    return survivors(plan, ran[-1], len(ran), results) if ended else ran[-1]


def decided(plan: ConfirmationPlan, results: Mapping[RunKey, RunResult]) -> bool:
    """Whether the validation is over."""
    ran = rounds(plan, results)
    return not ran or _ended(ran[-1], len(ran) - 1, results)


def winner(plan: ConfirmationPlan, results: Mapping[RunKey, RunResult]) -> Arm | None:
    """The tuned arm of the highest mean over its validation seeds, None while that is not decided or none was tuned.

    Of arms with equal means it is the one that tuning had in front. A baseline that is ahead of them all is met in the
    test, which it takes part in anyway.
    """
    if not decided(plan, results):
        return None
    ran = rounds(plan, results)
    last = [arm for arm in left(plan, results) if arm.role is None]  # none where a baseline left all of them behind
    candidates = last or [arm for arm in (ran[-1] if ran else ()) if arm.role is None]
    return max(candidates, key=lambda arm: mean_score(arm, len(ran), results), default=None)


def tested(plan: ConfirmationPlan, chosen: Arm | None) -> tuple[Arm, ...]:
    """The winner and the baselines."""
    return plan.baselines if chosen is None else (chosen, *plan.baselines)


def mean_score(arm: Arm, count: int, results: Mapping[RunKey, RunResult]) -> float:
    """The mean of its first validation seeds' scores; a run that diverged is worse than any."""
    found = [results[ConfirmationRun(phase="validation", arm=arm, place=place).key].score for place in range(count)]
    return statistics.fmean(-math.inf if score is None else score for score in found) if found else 0.0


def _ended(arms: Sequence[Arm], place: int, results: Mapping[RunKey, RunResult]) -> bool:
    return all(ConfirmationRun(phase="validation", arm=arm, place=place).key in results for arm in arms)


def at_most(plan: ConfirmationPlan, results: Mapping[RunKey, RunResult]) -> int:
    """How many runs there will be where nobody falls behind from now on and a tuned trial wins."""
    known = len(planned(plan, results))
    if decided(plan, results):
        return known
    rounds_to_come = plan.validation_seeds - len(rounds(plan, results))
    return known + rounds_to_come * len(left(plan, results)) + (1 + len(plan.baselines)) * plan.test_seeds


def most_runs(tuned: int, fixed: int) -> int:
    """The same before any run, for so many tuned configurations and baselines, at the default numbers."""
    arms = min(tuned, DEFAULT_TOP) + fixed
    validation = VALIDATION_SEEDS * arms if tuned > 1 else 0
    return validation + (min(tuned, 1) + fixed) * DEFAULT_SEEDS
