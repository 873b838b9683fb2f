"""The runs of a confirmation, as pure functions of the request and the results so far.

There is no state: after an interruption, the same request with the stored results gives the remaining runs.
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
TEST_GOALS = 100  # evaluation episodes of a test run
DEFAULT_TOP, DEFAULT_SEEDS = 4, 10
FEWEST_SEEDS = 5  # with fewer, no difference can be significant
MARGIN = 0.35  # share of the scale, divided by the root of the seeds; see benchmarks/bench_race.py


class RunKey(Record):
    """Identifies a run; the same key is never trained twice."""

    phase: Phase
    configuration: str  # digest of the algorithm's arguments
    seed: int  # the training seed


class RunResult(Record):
    """The result of a finished run."""

    score: float | None  # mean of the last three evaluations; None if training diverged
    success: float | None  # success rate of the last evaluation in the test, mean of the last three in validation
    mean_return: float | None  # over the same evaluations


def digest(arguments: Mapping[str, Any]) -> str:
    """A short hash of a configuration's arguments."""
    return hashlib.sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()[:16]


class Arm(Record):
    """A configuration in the confirmation."""

    name: str  # the baseline's name, or `trial 12`
    role: str | None  # `baseline:NAME`; None for a tuned trial
    arguments: dict[str, Any]  # the algorithm's, and those of the environment that are searched
    configuration: str  # digest of the arguments
    success: float | None  # of its trial, on one seed
    mean_return: float | None  # the same
    score: float | None = None  # the same


class ConfirmationPlan(Record):
    """The configurations, their numbers of seeds, and the margin for dropping one."""

    arms: tuple[Arm, ...]  # tuned ones first, best first
    test_seeds: int
    scale: float  # range of possible scores
    validation_seeds: int = VALIDATION_SEEDS
    margin: float = MARGIN  # share of the scale behind the leader at which one is dropped after one seed

    @property
    def baselines(self) -> tuple[Arm, ...]:
        """The baselines, which are always tested."""
        return tuple(arm for arm in self.arms if arm.role is not None)


class ConfirmationRun(Record):
    """One training run of the confirmation."""

    phase: Phase
    arm: Arm
    place: int  # index of its seed, from 0

    @property
    def seed(self) -> int:
        """The training seed."""
        return (seeds.VALIDATION if self.phase == "validation" else seeds.TEST) + self.place

    @property
    def key(self) -> RunKey:
        """The key that it is stored under."""
        return RunKey(phase=self.phase, configuration=self.arm.configuration, seed=self.seed)


def planned(plan: ConfirmationPlan, results: Mapping[RunKey, RunResult]) -> list[ConfirmationRun]:
    """All runs that are certain so far, finished ones included, in order."""
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
    """The configurations of each validation round, up to the first unfinished one; each round is one seed.

    Validation chooses among the tuned configurations: it ends when fewer than two of them are left.
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
    """The configurations within the margin of the best mean after `count` seeds; the margin shrinks with more seeds."""
    means = {arm.name: mean_score(arm, count, results) for arm in racing}
    behind = max(means.values()) - plan.margin * plan.scale / math.sqrt(count)
    return tuple(arm for arm in racing if means[arm.name] >= behind)


def left(plan: ConfirmationPlan, results: Mapping[RunKey, RunResult]) -> tuple[Arm, ...]:
    """The configurations that finished rounds have not dropped."""
    ran = rounds(plan, results)
    if not ran:
        return plan.arms
    ended = _ended(ran[-1], len(ran) - 1, results)
    return survivors(plan, ran[-1], len(ran), results) if ended else ran[-1]


def decided(plan: ConfirmationPlan, results: Mapping[RunKey, RunResult]) -> bool:
    """Whether validation has ended."""
    ran = rounds(plan, results)
    return not ran or _ended(ran[-1], len(ran) - 1, results)


def winner(plan: ConfirmationPlan, results: Mapping[RunKey, RunResult]) -> Arm | None:
    """The tuned configuration with the highest validation mean; None before validation ends or if none was tuned.

    The better one in tuning wins a tie. Baselines cannot win, since the test includes them anyway.
    """
    if not decided(plan, results):
        return None
    ran = rounds(plan, results)
    last = [arm for arm in left(plan, results) if arm.role is None]  # empty if a baseline was ahead of all
    candidates = last or [arm for arm in (ran[-1] if ran else ()) if arm.role is None]
    return max(candidates, key=lambda arm: mean_score(arm, len(ran), results), default=None)


def tested(plan: ConfirmationPlan, chosen: Arm | None) -> tuple[Arm, ...]:
    """The winner and the baselines."""
    return plan.baselines if chosen is None else (chosen, *plan.baselines)


def mean_score(arm: Arm, count: int, results: Mapping[RunKey, RunResult]) -> float:
    """The mean score over the first `count` validation seeds; minus infinity if a run diverged."""
    found = [results[ConfirmationRun(phase="validation", arm=arm, place=place).key].score for place in range(count)]
    return statistics.fmean(-math.inf if score is None else score for score in found) if found else 0.0


def _ended(arms: Sequence[Arm], place: int, results: Mapping[RunKey, RunResult]) -> bool:
    return all(ConfirmationRun(phase="validation", arm=arm, place=place).key in results for arm in arms)


def at_most(plan: ConfirmationPlan, results: Mapping[RunKey, RunResult]) -> int:
    """The number of runs if no further configuration is dropped and a tuned trial wins."""
    known = len(planned(plan, results))
    if decided(plan, results):
        return known
    rounds_to_come = plan.validation_seeds - len(rounds(plan, results))
    return known + rounds_to_come * len(left(plan, results)) + (1 + len(plan.baselines)) * plan.test_seeds


def most_runs(tuned: int, fixed: int, *, finals: bool = False) -> int:
    """The maximum number of runs for `tuned` trials and `fixed` baselines, with the default numbers of seeds.

    After finals, which have chosen the winner, only the test is left.
    """
    tuned = min(tuned, 1) if finals else tuned
    arms = min(tuned, DEFAULT_TOP) + fixed
    validation = VALIDATION_SEEDS * arms if tuned > 1 else 0
    return validation + (min(tuned, 1) + fixed) * DEFAULT_SEEDS
