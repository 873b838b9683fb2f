import json
import re
from itertools import combinations

import numpy as np
import pytest
from known_arms import ARMS, KnownArm

from tuner.statistics.answer_records import Answer, Interval, PairedTest, Verdict, points, signed
from tuner.statistics.ranks import ALPHA, permutation_p
from tuner.statistics.verdict import answer, recommended, verdict

LOW = [0.20, 0.30, 0.25, 0.40, 0.10, 0.22, 0.30, 0.50, 0.10, 0.31]
HIGH = [0.60, 0.70, 0.80, 0.90, 0.50, 0.61, 0.70, 0.75, 0.65, 0.20]
NONE = [0.0] * 10


def ask(arms: dict[str, list[float]], goals: int | None = 100, **more: dict[str, float]) -> Answer:
    return answer(arms, goals, np.random.default_rng(2), resamples=1000, **more)


def only(arms: dict[str, list[float]], goals: int | None = 100) -> PairedTest:
    (comparison,) = ask(arms, goals).comparisons
    return comparison


def test_three_configurations_are_compared_in_pairs_with_holms_correction() -> None:
    found = ask({"current": LOW, "proposed": NONE, "winner": HIGH})
    pairs = [(one.first, one.second, one.verdict) for one in found.comparisons]
    assert pairs == [
        ("winner", "current", "confirmed better"),
        ("winner", "proposed", "confirmed better"),
        ("proposed", "current", "confirmed worse"),
    ]
    for one in found.comparisons:
        assert one.p is not None
        assert one.p_holm is not None
        assert one.p <= one.p_holm <= 3 * one.p
    assert any(one.p_holm != one.p for one in found.comparisons)


def test_where_the_winner_is_a_baseline_there_is_one_comparison() -> None:
    comparison = only({"current": LOW, "proposed": HIGH})
    assert (comparison.first, comparison.second, comparison.verdict) == ("proposed", "current", "confirmed better")
    assert comparison.p == comparison.p_holm


def test_configurations_of_any_name_are_compared_in_their_order() -> None:
    pairs = [(one.first, one.second) for one in ask({"b": LOW, "a": HIGH, "c": LOW}).comparisons]
    assert pairs == [("b", "a"), ("b", "c"), ("a", "c")]


def test_figures_of_a_comparison() -> None:
    comparison = only({"winner": HIGH, "current": LOW})
    assert comparison.superiority == pytest.approx(0.92)
    assert comparison.difference == pytest.approx(0.405)
    assert comparison.interval is not None
    assert comparison.interval.low < 0.405 < comparison.interval.high
    assert comparison.smallest == pytest.approx(0.22, abs=0.03)
    assert re.fullmatch(r"smallest difference that ten seeds can detect: 2\d points", comparison.detectable("success"))
    assert comparison.words.startswith("winner is confirmed better than current: IQM +0.405 [+0.2")
    assert comparison.words.endswith("P(winner > current) 0.92, p 0.0007 (Holm)")


def test_swapping_the_configurations_mirrors_the_comparison() -> None:
    there, back = only({"a": HIGH, "b": LOW}), only({"b": LOW, "a": HIGH})
    assert (there.verdict, back.verdict) == ("confirmed better", "confirmed worse")
    assert there.p == pytest.approx(back.p)
    assert there.superiority == pytest.approx(1 - (back.superiority or 0))
    assert there.difference == pytest.approx(-(back.difference or 0))


@pytest.mark.parametrize("kept", ["current", "sb3-defaults"])
def test_equal_configurations_keep_the_reference(kept: str) -> None:
    comparison = only({kept: LOW, "winner": LOW})
    assert comparison.verdict == "no evidence"
    assert comparison.words.startswith(f"no evidence that the winner beats {kept} (keep {kept}): IQM +0")
    assert recommended(ask({"winner": LOW, kept: LOW, "mine": HIGH[:3]})) == kept


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        (0, "no evidence"),
        (1, "no evidence"),
        (2, "no evidence"),
        (3, "probably better"),
        (4, "probably better"),
        (5, "confirmed better"),
        (10, "confirmed better"),
    ],
)
def test_the_verdict_on_separate_values_by_the_number_of_seeds(seeds: int, expected: Verdict) -> None:
    low, high = np.linspace(0.0, 0.2, seeds), np.linspace(0.7, 0.9, seeds)
    assert only({"a": high.tolist(), "b": low.tolist()}).verdict == expected


INTERVALS = {"above": Interval(low=0.1, high=0.3), "across": Interval(low=-0.1, high=0.3), "none": None}


@pytest.mark.parametrize(
    ("seeds", "superiority", "p", "interval", "expected"),
    [
        pytest.param(5, 0.9, 0.049, "above", "confirmed better", id="all there"),
        pytest.param(4, 0.9, 0.001, "above", "probably better", id="under five seeds"),
        pytest.param(5, 0.9, 0.05, "above", "probably better", id="p not under .05"),
        pytest.param(5, 0.9, 0.001, "across", "probably better", id="interval holds 0"),
        pytest.param(5, 0.9, 0.001, "none", "probably better", id="no interval"),
        pytest.param(5, 0.8, 0.06, "across", "probably better", id="just P = .8"),
        pytest.param(5, 0.79, 0.06, "across", "no evidence", id="P under .8"),
        pytest.param(5, 0.2, 0.06, "across", "probably worse", id="just P = .2"),
        pytest.param(5, 0.21, 0.06, "across", "no evidence", id="P over .2"),
        pytest.param(0, None, None, "none", "no evidence", id="no seed"),
    ],
)
def test_verdict(seeds: int, superiority: float | None, p: float | None, interval: str, expected: Verdict) -> None:
    assert verdict(seeds, superiority, p, INTERVALS[interval]) == expected


def test_a_configuration_without_a_seed_is_reported() -> None:
    found = ask({"winner": HIGH, "current": []})
    assert found.arm("current").iqm is None
    assert found.arm("current").mean_interval is None
    assert found.comparisons[0].words.endswith("beats current (keep current) (a configuration has no seed)")
    json.dumps(found.data(), allow_nan=False)


def test_a_comparison_without_seeds_does_not_count_for_holm() -> None:
    found = ask({"winner": HIGH, "proposed": [], "current": LOW})
    first = found.comparisons[0]
    assert first.p_holm == first.p


def test_selection_bias_is_tuning_minus_test() -> None:
    found = ask({"winner": HIGH, "current": LOW}, tuned={"winner": 0.9})
    assert found.arm("winner").selection_bias == pytest.approx(0.9 - np.mean(HIGH))
    assert found.arm("current").selection_bias is None


def test_returns_are_compared_as_they_are() -> None:
    comparison = only({"a": [-120.0, -110, -115, -130, -99, -105], "b": [-200.0] * 6}, None)
    assert comparison.verdict == "confirmed better"
    assert comparison.difference == pytest.approx(87.5)


def test_data_is_json() -> None:
    data = json.loads(json.dumps(ask({"winner": HIGH, "current": LOW}).data(), allow_nan=False))
    assert data["goals"] == 100
    assert data["arms"][0]["values"] == HIGH
    assert data["arms"][0]["iqm_interval"].keys() == {"low", "high"}
    assert data["comparisons"][0]["verdict"] == "confirmed better"
    assert data["comparisons"][0]["seeds"] == [10, 10]


def test_the_same_generator_gives_the_same_answer() -> None:
    assert ask({"winner": HIGH, "current": LOW}) == ask({"winner": HIGH, "current": LOW})


@pytest.mark.parametrize("arms", [{}, {"winner": HIGH}], ids=["none", "one"])
def test_fewer_than_two_configurations_have_no_comparison(arms: dict[str, list[float]]) -> None:
    found = ask(arms)
    assert len(found.arms) == len(arms)
    assert found.comparisons == ()


@pytest.mark.parametrize(
    ("values", "goals", "message"),
    [
        pytest.param([0.5, 1.2], 100, "winner: 1.2 is no success rate from 0 to 1", id="over 1"),
        pytest.param([-0.1], 100, "winner: -0.1 is no success rate", id="under 0"),
        pytest.param([float("nan")], None, "winner: nan is not finite", id="nan"),
        pytest.param([float("inf")], 100, "winner: inf is not finite", id="inf"),
        pytest.param([0.5], 0, "goals is 0, must be at least 1", id="no episodes"),
        pytest.param([[0.5]], 100, "winner: values by seed must have one dimension, not 2", id="nested"),
    ],
)
def test_an_invalid_value_is_refused(values: list[float], goals: int | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ask({"winner": values}, goals)


def test_tuned_values_of_an_unknown_configuration_are_refused() -> None:
    with pytest.raises(ValueError, match="tuned: unknown winer; the configurations are winner"):
        ask({"winner": HIGH}, tuned={"winer": 0.5})


@pytest.mark.parametrize("arm", [ARMS[0], ARMS[3], ARMS[10]], ids=lambda arm: arm.name)
def test_of_three_equal_configurations_one_is_confirmed_better_in_at_most_one_of_twenty(arm: KnownArm) -> None:
    drawn = np.random.default_rng(5)
    repeats = 300
    confirmed = 0
    for values in arm.draw(10, drawn, 3 * repeats).reshape(repeats, 3, 10):
        if min(permutation_p(a, b) for a, b in combinations(values, 2)) < ALPHA / 3:  # else Holm confirms none
            arms = dict(zip(("winner", "proposed", "current"), values.tolist(), strict=True))
            confirmed += any(one.verdict == "confirmed better" for one in ask(arms).comparisons)
    assert 0 < confirmed <= repeats * (0.05 + 2 * np.sqrt(0.05 * 0.95 / repeats))


@pytest.mark.parametrize(
    ("arms", "name"),
    [
        pytest.param({"winner": HIGH, "current": LOW}, "winner", id="better"),
        pytest.param({"winner": LOW, "current": LOW, "proposed": LOW}, "current", id="no evidence"),
        pytest.param({"winner": HIGH, "current": LOW, "proposed": NONE}, "winner", id="the current one decides"),
        pytest.param({"winner": LOW, "current": NONE, "proposed": HIGH}, "proposed", id="better than both"),
        pytest.param({"winner": NONE, "current": NONE, "proposed": HIGH}, "proposed", id="another baseline"),
        pytest.param({"winner": LOW, "mine": HIGH, "proposed": NONE}, "mine", id="no current"),
        pytest.param({"winner": LOW}, "winner", id="alone"),
        pytest.param({"current": NONE, "p1": LOW, "p2": HIGH, "winner": LOW}, "p2", id="the highest of several"),
    ],
)
def test_what_is_recommended_follows_from_the_verdicts(arms: dict[str, list[float]], name: str) -> None:
    assert recommended(ask(arms)) == name


def test_nothing_is_recommended_without_a_configuration() -> None:
    with pytest.raises(ValueError, match="recommends nothing"):
        recommended(ask({}))


@pytest.mark.parametrize(
    ("value", "said"),
    [(-1.1e-16, "+0"), (1e-13, "+0"), (0.0, "+0"), (-0.0451, "-0.0451"), (0.4, "+0.4"), (-120.4, "-120")],
)
def test_a_difference_has_a_sign_and_no_rounding_left_over(value: float, said: str) -> None:
    assert signed(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0.01, "1 point"), (-0.012, "-1 point"), (0.0, "0 points"), (0.48, "48 points")]
)
def test_points_are_counted(value: float, said: str) -> None:
    assert points(value, "success") == said
