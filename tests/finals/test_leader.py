"""The leader: means over seeds, shrunk by the noise that repeats show."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from tuner.finals.leader import Run, leader, ranked, standings


def runs(scores: Mapping[str, Sequence[float]], areas: Mapping[str, float] | None = None) -> list[Run]:
    """Runs of configurations, in order, each with the area of its configuration."""
    flat = [(name, score) for name, values in scores.items() for score in values]
    return [
        Run(trial=number, configuration=name, score=score, area=(areas or {}).get(name))
        for number, (name, score) in enumerate(flat)
    ]


def names(found: Sequence[Run]) -> list[str]:
    return [one.configuration for one in standings(found)]


def test_without_repeats_the_highest_score_leads_and_the_earliest_of_equals() -> None:
    assert names(runs({"a": [0.5], "b": [0.9], "c": [0.9]})) == ["b", "c", "a"]
    assert leader([]) is None


def test_a_configuration_that_ran_once_does_not_lead_where_others_were_repeated() -> None:
    assert names(runs({"lucky": [1.0], "a": [0.6, 0.7], "b": [0.4, 0.5]})) == ["a", "b", "lucky"]


def test_few_seeds_count_less_than_many() -> None:
    noisy = runs({"few": [0.9, 0.5], "many": [0.7, 0.6, 0.75, 0.65, 0.7], "low": [0.1, 0.3], "lower": [0.0, 0.2]})
    few, many = (next(one for one in ranked(noisy) if one.configuration == name) for name in ("few", "many"))
    assert few.mean > many.mean
    assert many.mean - many.shrunk < few.mean - few.shrunk
    assert names(noisy)[0] == "many"


def test_where_seeds_agree_nothing_is_shrunk() -> None:
    for one in standings(runs({"a": [0.9, 0.9], "b": [0.2, 0.2], "c": [0.5]})):
        assert one.shrunk == pytest.approx(one.mean)


def test_among_equals_the_one_that_learns_earlier_leads() -> None:
    scores = {"slow": [0.99, 0.99, 0.98], "fast": [0.985, 0.985, 0.985], "bad": [0.1, 0.1, 0.2]}
    assert names(runs(scores, {"slow": 0.3, "fast": 0.7, "bad": 0.9}))[0] == "fast"
    assert names(runs(scores))[0] == "slow"


def test_the_leader_of_noisy_runs_is_better_than_the_highest_score() -> None:
    generator = np.random.default_rng(0)
    chosen, highest = [], []
    for _ in range(400):
        truth = generator.uniform(0, 0.6, 20)
        one_seed = truth + generator.normal(0, 0.3, 20)
        leading = set(np.argsort(-one_seed)[:8])
        more = {k: list(truth[k] + generator.normal(0, 0.3, 4)) for k in leading}
        scores = {str(k): [one_seed[k], *more.get(k, [])] for k in range(20)}
        found = runs(scores)
        first = leader(found)
        assert first is not None
        chosen.append(truth[int(first.configuration)])
        highest.append(truth[int(max(found, key=lambda run: run.score).configuration)])
    assert np.mean(chosen) > np.mean(highest) + 0.015
