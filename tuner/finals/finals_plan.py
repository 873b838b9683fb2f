"""The repeats of a study's finals, as pure functions of its finished runs.

There is no state: after an interruption, the same runs with the repeats so far give the repeats that are missing.
"""

import bisect
import math
from collections.abc import Mapping, Sequence

from tuner import seeds
from tuner.finals.leader import Run, Standing, ranked
from tuner.record_type import Record

SHARES = ((25, 0.0), (50, 0.1), (200, 0.15))  # of the trials; between these, on the logarithm of the trials
LEAST = 3  # repeats; fewer could not tell two configurations apart


class FinalsPlan(Record):
    """Finals that have begun."""

    trials: int  # the number of trials that the study was asked for
    after: int  # trials that existed when they began: later ones are these finals' repeats
    repeats: int  # in all


class Repeat(Record):
    """A configuration to run on a new training seed."""

    configuration: str
    trial: int  # the first trial of the configuration
    place: int  # index among the repeats of this configuration, those of earlier finals included

    @property
    def seed(self) -> int:
        """The training seed, the same for every configuration at this place."""
        return seeds.FINALS + self.place


def repeats_of(trials: int, share: float | None = None) -> int:
    """The number of a study's trials that are repeats.

    Args:
        trials: Of the study in all.
        share: From 0 to 1; None for the default, which grows with the number of trials.
    """
    count = round(trials * (default_share(trials) if share is None else share))
    return count if count >= LEAST else 0


def default_share(trials: int) -> float:
    """The share of a study's trials that are repeats by default."""
    sizes = [size for size, _ in SHARES]
    place = bisect.bisect_left(sizes, trials)
    if place == 0 or place == len(SHARES):
        return SHARES[max(place - 1, 0)][1]
    (low, first), (high, second) = SHARES[place - 1], SHARES[place]
    return first + (second - first) * math.log(trials / low) / math.log(high / low)


def planned(
    plan: FinalsPlan, before: Sequence[Run], baselines: Sequence[str], results: Mapping[tuple[str, int], float]
) -> list[Repeat]:
    """The repeats that are certain so far, finished ones included, in order: sequential halving over the leaders.

    The first round has about √repeats tuned configurations, and the baselines; every round ends with the better half
    of them, by `ranked`, and has the same share of the repeats. The next round is known once a round has ended.

    Args:
        plan: The finals.
        before: The runs that had ended when they began.
        baselines: Digests of the baselines' configurations.
        results: The scores of these finals' finished repeats, by configuration and place.
    """
    runs = list(before)
    racing = _first_round(plan, runs, baselines)
    places = {one.configuration: _repeats(one) for one in racing}
    left, rounds = plan.repeats, max(1, math.ceil(math.log2(len(racing)))) if racing else 0
    found: list[Repeat] = []
    for number in range(rounds):
        batch = _round(racing, left if number == rounds - 1 else left // (rounds - number), left, places)
        found += batch
        left -= len(batch)
        scores = [results.get((one.configuration, one.place)) for one in batch]
        if any(score is None for score in scores):
            return found
        runs += [
            Run(trial=plan.after + len(found) - len(batch) + index, configuration=one.configuration, score=score)
            for index, (one, score) in enumerate(zip(batch, scores, strict=True))
            if score is not None
        ]
        racing = _better_half(racing, runs)
    return found


def _first_round(plan: FinalsPlan, runs: Sequence[Run], baselines: Sequence[str]) -> list[Standing]:
    """The best configurations of the search, as many as the repeats allow, and every baseline."""
    ordered = ranked(runs)
    fixed = [one for one in ordered if one.configuration in baselines]
    count = max(2, math.ceil(math.sqrt(plan.repeats)))
    others = [one for one in ordered if one.configuration not in baselines]
    chosen = [*others[:count], *fixed]
    return [one for one in ordered if one in chosen]


def _repeats(one: Standing) -> int:
    return len(one.trials) - 1


def _round(racing: Sequence[Standing], wanted: int, left: int, places: dict[str, int]) -> list[Repeat]:
    """About `wanted` repeats, at least one of each configuration as far as `left` goes; the leaders' come first."""
    count = min(max(wanted, len(racing)), left)
    found = []
    for index in range(count):
        one = racing[index % len(racing)]
        found.append(Repeat(configuration=one.configuration, trial=one.trials[0], place=places[one.configuration]))
        places[one.configuration] += 1
    return found


def _better_half(racing: Sequence[Standing], runs: Sequence[Run]) -> list[Standing]:
    kept = {one.configuration for one in racing}
    ordered = [one for one in ranked(runs) if one.configuration in kept]
    return ordered[: max(1, (len(racing) + 1) // 2)]
