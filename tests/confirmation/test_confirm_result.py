"""The results of a confirmation: values by seed, diverged runs, former winners, the answer."""

import statistics
from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import write_study

from tuner.cli.render.confirm_tables import conclusions
from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.finals.confirmation_plan import (
    Arm,
    ConfirmationPlan,
    ConfirmationRun,
    Phase,
    RunKey,
    RunResult,
    planned,
)
from tuner.results.confirmation_reading import Confirmation, conclude

Values = Mapping[tuple[str, Phase], list[float | None]]


@pytest.fixture
def spec(tmp_path: Path) -> StudySpec:
    return load_study(find("studies", str(write_study(tmp_path))))


def make(*names: str) -> ConfirmationPlan:
    """Trials, and baselines under their own names."""
    arms = tuple(
        Arm(
            name=name,
            role=None if name.startswith("trial") else f"baseline:{name}",
            arguments={},
            configuration=name,
            success=0.9,
            mean_return=90.0,
        )
        for name in names
    )
    return ConfirmationPlan(arms=arms, test_seeds=6, scale=1.0, validation_seeds=1)


def results(plan: ConfirmationPlan, values: Values, *, success: bool = True) -> dict[RunKey, RunResult]:
    found: dict[RunKey, RunResult] = {}
    for (name, phase), given in values.items():
        arm = next(arm for arm in plan.arms if arm.name == name)
        for place, value in enumerate(given):
            made = RunResult(score=value, success=value if success else None, mean_return=value)
            found[ConfirmationRun(phase=phase, arm=arm, place=place).key] = made
    return found


GOOD, BAD = [0.9, 0.8, 0.95, 0.85, 0.9, 0.88], [0.2, 0.1, 0.3, 0.25, 0.2, 0.15]
TRIAL_WON: Values = {
    ("trial 7", "validation"): [0.9],
    ("current", "validation"): [0.2],
    ("trial 7", "test"): [*GOOD],
    ("current", "test"): [*BAD],
}


def test_a_winner_is_compared_with_the_baseline(spec: StudySpec) -> None:
    plan = make("trial 7", "current")
    found = conclude(plan, spec, results(plan, TRIAL_WON))
    assert (found.complete, found.done, found.measure) == (True, 12, "success")
    assert found.answer is not None
    [comparison] = found.answer.comparisons
    assert (comparison.first, comparison.second, comparison.verdict) == ("winner", "current", "confirmed better")
    assert found.answer.arm("winner").selection_bias == pytest.approx(0.9 - statistics.fmean(GOOD))
    lines = conclusions(found)
    assert lines[0].startswith("Winner is confirmed better than current: IQM +0.")
    assert lines[1].startswith("Selection bias (tuning score minus test score) of trial 7: ")
    assert lines[2:] == ["Recommended: trial 7 (`tuner export toy`)."]


def test_there_is_no_verdict_before_all_is_run(spec: StudySpec) -> None:
    plan = make("trial 7", "current")
    values = results(plan, TRIAL_WON)
    del values[ConfirmationRun(phase="test", arm=plan.arms[1], place=5).key]
    found = conclude(plan, spec, values)
    assert (found.complete, found.done) == (False, 11)
    assert found.answer is not None
    assert found.answer.comparisons == ()
    assert found.recommended is None
    assert len(found.answer.arm("current").values) == 5


def test_the_same_runs_give_the_same_answer(spec: StudySpec) -> None:
    plan = make("trial 7", "current")
    assert conclude(plan, spec, results(plan, TRIAL_WON)) == conclude(plan, spec, results(plan, TRIAL_WON))


@pytest.mark.parametrize(
    ("tuned", "proposed", "recommended", "verdicts"),
    [
        (GOOD, BAD, "trial 7", ["confirmed better", "confirmed better", "no evidence"]),
        (BAD, BAD, "current", ["no evidence", "no evidence", "no evidence"]),
        (BAD, GOOD, "proposed", ["no evidence", "confirmed worse", "confirmed better"]),
    ],
    ids=["winner", "no difference", "another baseline"],
)
def test_the_recommendation_follows_from_the_test(
    spec: StudySpec, tuned: list[float], proposed: list[float], recommended: str, verdicts: list[str]
) -> None:
    plan = make("trial 7", "current", "proposed")
    values: Values = {
        ("trial 7", "test"): [*tuned],
        ("current", "test"): [*BAD],
        ("proposed", "test"): [*proposed],
    }
    found = conclude(plan, spec, results(plan, values))
    assert found.answer is not None
    assert [(one.first, one.second) for one in found.answer.comparisons] == [
        ("winner", "current"),
        ("winner", "proposed"),
        ("proposed", "current"),
    ]
    assert [one.verdict for one in found.answer.comparisons] == verdicts
    assert found.recommended is not None
    assert found.recommended.name == found.data()["recommended"] == recommended
    assert conclusions(found)[-1].startswith(f"Recommended: {recommended} ")


def test_baselines_alone_are_tested_without_a_race(spec: StudySpec) -> None:
    plan = make("current", "proposed")
    values: Values = {("current", "test"): [*GOOD], ("proposed", "test"): [*BAD]}
    found = conclude(plan, spec, results(plan, values))
    assert (found.complete, found.winner) == (True, None)
    assert found.answer is not None
    assert len(found.answer.comparisons) == 1
    assert found.recommended is plan.arms[0]


def test_the_tests_of_a_former_winner_take_no_part(spec: StudySpec) -> None:
    plan = make("trial 9", "trial 7", "current")
    found = conclude(plan, spec, results(plan, {**TRIAL_WON, ("trial 9", "validation"): [0.99]}))
    assert found.winner is plan.arms[0]
    assert not found.complete
    assert [one.arm.name for one in found.tested] == ["current"]
    assert conclusions(found) == []


@pytest.mark.parametrize(("success", "worst"), [(True, 0.0), (False, 0.1)], ids=["success", "returns"])
def test_a_run_that_diverged_is_worth_the_least(spec: StudySpec, success: bool, worst: float) -> None:
    plan = make("trial 7", "current")
    values: Values = {**TRIAL_WON, ("current", "test"): [None, *BAD[1:]]}
    found = conclude(plan, spec, results(plan, values, success=success))
    assert found.arms[1].test == (worst, *BAD[1:])


def test_before_the_first_run_there_is_no_answer(spec: StudySpec) -> None:
    plan = make("trial 7", "trial 8", "current")
    found: Confirmation = conclude(plan, spec, {})
    assert (found.winner, found.answer, found.done) == (None, None, 0)
    assert found.planned == len(planned(plan, {})) == 3
    assert found.data()["answer"] is None
