"""The seed plan: no two roles share a seed."""

import itertools

import pytest

from tuner import seeds

MOST = 900_000  # of any role, in any study


def test_the_ranges_begin_where_the_protocol_says() -> None:
    assert seeds.plan() == {
        "training": 1_000_000,
        "validation": 2_000_000,
        "test": 3_000_000,
        "tuning_goals": 4_000_000,
        "validation_goals": 5_000_000,
        "test_goals": 6_000_000,
        "finals": 14_000_000,
        "final": 11_000_000,
        "final_goals": 12_000_000,
        "final_test_goals": 13_000_000,
    }


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(seeds.plan(), 2)))
def test_no_two_roles_share_a_seed(one: str, other: str) -> None:
    first, second = (range(seeds.plan()[role], seeds.plan()[role] + MOST) for role in (one, other))
    assert first.stop <= second.start or second.stop <= first.start


@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_evaluation_seeds_are_fixed_and_distinct(count: int) -> None:
    goals = seeds.check_goals(count)
    assert len(set(goals)) == count
    assert goals == seeds.check_goals(10_000)[:count]
    assert all(seeds.CHECK_GOALS <= goal < seeds.PLAY_GOALS for goal in goals)


def test_a_seed_fits_every_generator() -> None:
    assert all(0 <= start + MOST < 2**31 for start in seeds.plan().values())


def test_play_has_its_own_seeds() -> None:
    shown = set(seeds.play_goals(1000))
    assert len(shown) == 1000
    others = (*seeds.plan().values(), seeds.CHECK_GOALS)
    assert not any(start <= goal < start + MOST for start in others for goal in shown)


def test_a_resumed_run_shares_no_seeds() -> None:
    found = {seeds.resumed(seed, step) for seed in (0, 1_000_012, 11_000_003, 2**31 - 1) for step in (8192, 98_304)}
    assert len(found) == 8
    assert all(max(seeds.plan().values()) + MOST < seed < 2**31 - 1000 for seed in found)
