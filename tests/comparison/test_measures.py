"""The measures of a comparison, in figures and in sentences."""

from typing import Any

import pytest

from tuner.comparison.comparison_records import (
    Comparison,
    Contender,
    Point,
    State,
    TimedRun,
    final,
    findings,
    half,
    measure,
    seconds,
)


def curve(*successes: float | None, pace: float = 10.0) -> tuple[Point, ...]:
    return tuple(
        Point(step=100 * k, seconds=pace * k, success=success, mean_return=-float(k))
        for k, success in enumerate(successes, start=1)
    )


def run(algorithm: str, *successes: float | None, seed: int = 1, state: State = "done", pace: float = 10.0) -> TimedRun:
    reason = "" if state in ("done", "interrupted") else "for a reason"
    return TimedRun(algorithm=algorithm, seed=seed, state=state, reason=reason, points=curve(*successes, pace=pace))


def compared(*runs: TimedRun, seeds: int = 1, **changes: Any) -> Comparison:
    arms = tuple(
        Contender(algorithm=name, source="somewhere", params={}) for name in dict.fromkeys(r.algorithm for r in runs)
    )
    values: dict[str, Any] = {"study": "toy", "environment": "Toy-v0", "minutes": 5.0, "goals": 20}
    return Comparison(**{**values, "seeds": seeds, "arms": arms, "runs": runs, **changes})


def test_one_run() -> None:
    found = measure(compared(run("ppo", 0.0, 0.4, 0.5, 0.9, 0.7)), "ppo")
    assert (found.steps_to_half, found.seconds_to_half, found.reached, found.done) == (300, 30.0, 1, 1)
    assert found.final == pytest.approx(0.7)
    assert (found.steps, found.steps_per_second) == (500, 10.0)


def test_several_seeds_are_a_median_and_a_spread() -> None:
    runs = [run("ppo", 0.6, 0.6), run("ppo", 0.0, 0.8, seed=2), run("ppo", 0.0, 0.2, seed=3)]
    found = measure(compared(*runs, seeds=3), "ppo")
    assert (found.steps_to_half, found.reached) == (150, 2)
    assert found.lowest == pytest.approx(0.1)
    assert found.highest == pytest.approx(0.6)
    assert found.final == pytest.approx((0.6 + 0.4 + 0.1) / 3)


def test_a_run_that_did_not_use_its_time_has_no_final() -> None:
    found = measure(compared(run("sac", 0.7, 0.9, state="interrupted")), "sac")
    assert (found.final, found.done) == (None, 0)
    assert found.steps is not None  # as far as it came
    assert found.steps_to_half == 100


def test_without_a_success_signal_returns_are_compared() -> None:
    comparison = compared(run("ppo", None, None, None, None))
    assert not comparison.has_success
    assert final(comparison.runs[0], has_success=False) == pytest.approx(-3.0)
    assert half(comparison.runs[0]) is None
    assert not [line for line in findings(comparison) if "50 %" in line]
    assert "Highest after 5 minutes: ppo, a return of -3." in list(findings(comparison))


def test_the_findings_name_the_leader_of_each_measure() -> None:
    said = list(findings(compared(run("ppo", 0.0, 0.0, 0.9, pace=1.0), run("sac", 0.0, 0.6, 0.6, pace=100.0))))
    assert "Fewest steps to 50 % success: sac, 200." in said
    assert "Shortest time to 50 % success: ppo, 3 s." in said
    assert "Highest after 5 minutes: sac, 40% success." in said
    assert said[-1].startswith("One seed each: differences may be chance")


@pytest.mark.parametrize(
    ("runs", "seeds", "expected"),
    [
        pytest.param([run("ppo", 0.1)], 1, "No run reached 50 % success: use more --minutes.", id="too short"),
        pytest.param([run("ppo", 0.6)], 2, "1 of 2 runs did not begin.", id="cut off"),
        pytest.param(
            [run("td3", 0.1, state="diverged")], 1, "td3, seed 1: diverged after 100 steps (for a re", id="bad"
        ),
        pytest.param(
            [run("td3", state="failed")], 1, "failed before its first evaluation (for a reason)", id="at once"
        ),
        pytest.param(
            [run("td3", 0.1, state="interrupted")], 1, "td3, seed 1: interrupted after 100 steps.", id="Ctrl-C"
        ),
    ],
)
def test_the_findings_hide_nothing(runs: list[TimedRun], seeds: int, expected: str) -> None:
    assert expected in "\n".join(findings(compared(*runs, seeds=seeds)))


def test_three_seeds_need_no_warning() -> None:
    runs = [run("ppo", 0.6, seed=seed) for seed in (1, 2, 3)]
    assert not [line for line in findings(compared(*runs, seeds=3)) if "chance" in line]


@pytest.mark.parametrize(("count", "said"), [(None, "-"), (5.0, "5 s"), (119.0, "119 s"), (240.0, "4.0 min")])
def test_seconds(count: float | None, said: str) -> None:
    assert seconds(count) == said
