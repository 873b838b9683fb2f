"""The repeats of finals, as pure functions of the runs so far."""

from collections import Counter

import numpy as np
import pytest

from tuner import seeds
from tuner.finals.finals_plan import FinalsPlan, Repeat, default_share, planned, repeats_of
from tuner.finals.leader import Run

Results = dict[tuple[str, int], float]


def searched(count: int, seed: int = 0) -> list[Run]:
    """Runs of so many configurations, one seed each."""
    scores = np.random.default_rng(seed).uniform(size=count)
    return [Run(trial=number, configuration=f"c{number}", score=float(score)) for number, score in enumerate(scores)]


def finish(plan: FinalsPlan, before: list[Run], fixed: tuple[str, ...] = (), seed: int = 1) -> list[Repeat]:
    """Runs finals to their end, one repeat after another."""
    generator, results = np.random.default_rng(seed), Results()
    while missing := [
        one for one in planned(plan, before, fixed, results) if (one.configuration, one.place) not in results
    ]:
        results[missing[0].configuration, missing[0].place] = float(generator.uniform())
    return planned(plan, before, fixed, results)


@pytest.mark.parametrize(
    ("trials", "share", "count"),
    [
        (1, None, 0),
        (20, None, 0),
        (25, None, 0),
        (50, None, 5),
        (200, None, 30),
        (2000, None, 300),
        (200, 0.0, 0),
        (200, 0.25, 50),
        (12, 0.25, 3),
        (8, 0.25, 0),
    ],
)
def test_the_number_of_repeats(trials: int, share: float | None, count: int) -> None:
    assert repeats_of(trials, share) == count


def test_the_share_grows_with_the_number_of_trials() -> None:
    shares = [default_share(trials) for trials in range(1, 400)]
    assert shares == sorted(shares)


@pytest.mark.parametrize("repeats", [1, 2, 3, 5, 8, 13, 30, 60, 100])
@pytest.mark.parametrize("count", [2, 3, 10, 150])
def test_as_many_repeats_as_asked_for_each_once(repeats: int, count: int) -> None:
    found = finish(FinalsPlan(trials=200, after=count, repeats=repeats), searched(count))
    assert len(found) == len(set(found)) == repeats
    for name, times in Counter(one.configuration for one in found).items():
        assert sorted(one.place for one in found if one.configuration == name) == list(range(times))


def test_the_first_round_has_the_leaders_and_every_baseline() -> None:
    before = [*searched(40), Run(trial=40, configuration="current", score=-1.0)]
    first = planned(FinalsPlan(trials=200, after=41, repeats=32), before, ("current",), {})
    best = sorted(before, key=lambda run: -run.score)[:6]
    assert [one.configuration for one in first[:7]] == [*(run.configuration for run in best), "current"]
    assert {one.seed for one in first if one.place == 0} == {seeds.FINALS}


def test_each_round_keeps_the_better_half() -> None:
    before = searched(40)
    plan = FinalsPlan(trials=200, after=40, repeats=32)
    first = planned(plan, before, (), {})
    results = {(one.configuration, one.place): 10.0 - index for index, one in enumerate(first)}
    both = planned(plan, before, (), results)
    assert both[: len(first)] == first
    second = {one.configuration for one in both[len(first) :]}
    assert second == {one.configuration for one in first[:3]}


def test_the_plan_is_the_same_in_whatever_order_repeats_end() -> None:
    before, plan = searched(30), FinalsPlan(trials=100, after=30, repeats=20)
    first = planned(plan, before, (), {})
    scores = {(one.configuration, one.place): float(index % 3) for index, one in enumerate(first)}
    for some in (list(scores.items())[:3], list(scores.items())[3:6]):
        assert planned(plan, before, (), dict(some)) == first
    reverse = dict(reversed(scores.items()))
    assert planned(plan, before, (), scores) == planned(plan, before, (), reverse)


def test_earlier_repeats_count_and_their_seeds_are_not_used_again() -> None:
    before = [run if run.trial != 3 else Run(trial=3, configuration="c3", score=1.0) for run in searched(10)]
    before += [Run(trial=number, configuration="c3", score=1.0) for number in (10, 11)]
    found = finish(FinalsPlan(trials=100, after=12, repeats=8), before)
    assert min(one.place for one in found if one.configuration == "c3") == 2
    assert {one.trial for one in found if one.configuration == "c3"} == {3}


def test_without_a_finished_run_there_is_nothing_to_repeat() -> None:
    assert planned(FinalsPlan(trials=100, after=0, repeats=8), [], (), {}) == []
