"""The runs of a confirmation: configurations, dropping, the winner, and that the plan is reproducible."""

import itertools
import random
from collections.abc import Mapping
from typing import Any

import pytest
from conftest import write_study

from tuner import seeds
from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.confirmation.confirmation_source import make_job
from tuner.errors import NothingToShow
from tuner.finals import confirmation_plan as planning
from tuner.finals.confirmation_plan import (
    Arm,
    ConfirmationPlan,
    ConfirmationRun,
    RunKey,
    RunResult,
    at_most,
    digest,
    most_runs,
    planned,
    rounds,
    winner,
)
from tuner.results.confirmation_arms import make_plan, plan_again
from tuner.study.confirmation_writer import AskedConfirmation
from tuner.study.rows import Row

Scores = Mapping[str, list[float | None]]  # by seed of the validation


def row(number: int, value: float | None, role: str | None = None, **changes: Any) -> Row:
    values: dict[str, Any] = {
        "number": number,
        "state": "pruned" if value is None else "complete",
        "role": role,
        "value": value,
        "success": value,
        "milestones": {},
        "arguments": {"learning_rate": number * 1e-4},
        "params": {},
        "seed": None,
        "seconds": 1.0,
        "steps": 1,
        "episode_length": None,
        "attributes": {},
    }
    return Row(**{**values, **changes})


CURRENT, PROPOSED = row(0, 0.4, "baseline:current"), row(1, 0.2, "baseline:proposed")


@pytest.fixture
def spec(tmp_path: Any) -> StudySpec:
    return load_study(find("studies", str(write_study(tmp_path))))


def arm(name: str, role: str | None = None) -> Arm:
    return Arm(name=name, role=role, arguments={}, configuration=name, success=None, mean_return=None)


def make(names: str, *, scale: float = 1.0, test_seeds: int = 2) -> ConfirmationPlan:
    """A plan of tuned configurations in lower case and baselines in capitals."""
    arms = tuple(arm(name, f"baseline:{name}" if name.isupper() else None) for name in names)
    return ConfirmationPlan(arms=arms, test_seeds=test_seeds, scale=scale)


def result(score: float | None) -> RunResult:
    return RunResult(score=score, success=score, mean_return=score)


def outcome(scores: Scores, run: ConfirmationRun) -> RunResult:
    return result(scores[run.arm.name][run.place] if run.phase == "validation" else 0.5)


def play(plan: ConfirmationPlan, scores: Scores) -> dict[RunKey, RunResult]:
    """Runs everything that is planned, until nothing more is."""
    results: dict[RunKey, RunResult] = {}
    while missing := [run for run in planned(plan, results) if run.key not in results]:
        results |= {run.key: outcome(scores, run) for run in missing}
    return results


def test_the_best_trials_of_different_arguments_and_the_baselines_take_part(spec: StudySpec) -> None:
    same = {"learning_rate": 7.0}
    rows = [
        CURRENT,
        PROPOSED,
        row(2, 0.5, arguments=same),
        row(3, 0.9, arguments=same),
        row(4, 0.6),
        row(5, None),
        row(6, 0.95, arguments=CURRENT.arguments),
        row(7, 0.1),
    ]
    plan = make_plan(rows, spec, top=2, test_seeds=10)
    assert [one.name for one in plan.arms] == ["trial 3", "trial 4", "current", "proposed"]
    assert plan.scale == 1.0


def test_a_baseline_that_ran_again_takes_part_once_and_one_that_diverged_does_too(spec: StudySpec) -> None:
    rows = [row(0, None, "baseline:current"), row(1, 0.3, "baseline:current"), row(2, None, "baseline:proposed")]
    assert [one.name for one in make_plan(rows, spec, top=4, test_seeds=1).arms] == ["current", "proposed"]


def test_without_a_completed_trial_there_is_nothing_to_confirm(spec: StudySpec) -> None:
    with pytest.raises(NothingToShow, match="has no completed trial yet"):
        make_plan([row(0, None), row(1, None, "baseline:current")], spec, top=4, test_seeds=10)


def test_returns_are_measured_by_how_far_the_scores_lie_apart(spec: StudySpec) -> None:
    rows = [row(2, -300.0, success=None), row(3, 100.0, success=None)]
    assert make_plan(rows, spec, top=4, test_seeds=1).scale == 400.0
    alone = make_plan(rows[1:], spec, top=4, test_seeds=1)
    assert alone.scale == float("inf")


def test_what_was_tuned_since_does_not_undo_a_confirmation(spec: StudySpec) -> None:
    rows = [row(0, 50.0, "baseline:current", success=None), row(1, 100.0, success=None)]
    asked = AskedConfirmation(top=1, seeds=3, arms=("trial 1", "current"), trials=2)
    plan = plan_again(rows, spec, asked)
    assert plan is not None
    assert (plan.scale, plan.test_seeds, [one.name for one in plan.arms]) == (50.0, 3, ["trial 1", "current"])
    assert plan_again([*rows, row(2, -900.0, success=None), row(3, 900.0, success=None)], spec, asked) == plan
    assert plan_again(rows[:1], spec, asked) is None


@pytest.mark.parametrize(
    ("names", "scores", "racing", "wins"),
    [
        ("ab", {"a": [0.9], "b": [0.5]}, ["ab"], "a"),
        ("ab", {"a": [0.5, 0.5, 0.5], "b": [0.5, 0.6, 0.6]}, ["ab", "ab", "ab"], "b"),
        ("abc", {"a": [0.5, 0.5, 0.5], "b": [0.4, 0.1], "c": [0.6, 0.6, 0.2]}, ["abc", "abc", "ac"], "a"),
        ("aB", {}, [], "a"),
        ("abB", {"a": [0.1], "b": [0.2], "B": [0.9]}, ["abB"], "b"),
        ("abB", {"a": [0.6, 0.1], "b": [0.5, 0.4], "B": [0.7, 0.7]}, ["abB", "abB"], "b"),
        ("ab", {"a": [None], "b": [0.0]}, ["ab"], "b"),
        ("ab", {"a": [None] * 3, "b": [None] * 3}, ["ab"] * 3, "a"),
        ("ab", {"a": [0.5, 0.5, 0.5], "b": [0.5, 0.5, 0.5]}, ["ab"] * 3, "a"),
        ("a", {}, [], "a"),
    ],
    ids=[
        "far",
        "near",
        "one after another",
        "one and a baseline",
        "a baseline ahead",
        "a baseline left",
        "diverged",
        "all diverged",
        "equal",
        "alone",
    ],
)
def test_a_configuration_clearly_behind_runs_no_more(names: str, scores: Scores, racing: list[str], wins: str) -> None:
    plan = make(names)
    results = play(plan, scores)
    assert ["".join(one.name for one in arms) for arms in rounds(plan, results)] == racing
    chosen = winner(plan, results)
    assert chosen is not None
    assert chosen.name == wins


@pytest.mark.parametrize(("scale", "count"), [(100.0, 1), (1000.0, 3), (float("inf"), 3)])
def test_a_margin_is_of_the_scale(scale: float, count: int) -> None:
    plan = make("ab", scale=scale)
    assert len(rounds(plan, play(plan, {"a": [90.0] * 3, "b": [50.0] * 3}))) == count


def test_the_winner_and_the_baselines_are_tested_seed_by_seed() -> None:
    plan = make("abCP", test_seeds=2)
    scores: Scores = {"a": [0.9], "b": [0.1], "C": [0.2], "P": [0.3]}
    tests = [run for run in planned(plan, play(plan, scores)) if run.phase == "test"]
    assert [(run.arm.name, run.seed) for run in tests] == [
        (name, seeds.TEST + place) for place in range(2) for name in "aCP"
    ]
    scores = {"a": [0.1], "b": [0.2], "C": [0.2], "P": [0.9]}
    tests = [run for run in planned(plan, play(plan, scores)) if run.phase == "test"]
    assert [run.arm.name for run in tests] == ["b", "C", "P"] * 2


@pytest.mark.parametrize("order", range(20))
def test_in_whatever_order_runs_end_and_wherever_it_is_cut_off_the_runs_are_the_same(order: int) -> None:
    draw = random.Random(order)  # noqa: S311
    plan = make("abcdCP", test_seeds=3)
    scores: Scores = {name: [draw.random() for _ in range(3)] for name in "abcdCP"}
    wanted = play(plan, scores)
    results: dict[RunKey, RunResult] = {}
    begun: list[RunKey] = []
    under_way: list[ConfirmationRun] = []
    while True:
        taken = results.keys() | {run.key for run in under_way}
        free = [run for run in planned(plan, results) if run.key not in taken]
        if free and len(under_way) < 3:
            under_way.append(free[0])
            begun.append(free[0].key)
        elif under_way:
            ended = under_way.pop(draw.randrange(len(under_way)))
            results[ended.key] = outcome(scores, ended)
        else:
            break
    assert results == wanted
    assert len(begun) == len(set(begun)) == len(wanted)
    assert len(wanted) <= at_most(plan, {})


def test_the_bound_falls_to_what_it_came_to() -> None:
    plan = make("abcdCP", test_seeds=10)
    scores: Scores = dict(zip("abcdCP", itertools.repeat([0.5, 0.5, 0.5]), strict=False))
    assert at_most(plan, {}) == most_runs(4, 2) == 18 + 30
    results = play(plan, scores)
    assert at_most(plan, results) == len(results) == 48
    assert most_runs(9, 2) == 48
    assert most_runs(1, 0) == 10
    assert most_runs(1, 2) == 30
    assert most_runs(0, 2) == 20


def test_more_seeds_and_more_configurations_keep_what_was_run() -> None:
    scores: Scores = {"a": [0.5, 0.5, 0.5], "b": [0.4, 0.5, 0.5], "c": [0.1], "C": [0.1]}
    few = play(make("abC", test_seeds=2), scores)
    more = play(make("abcC", test_seeds=4), scores)
    assert few.items() <= more.items()


def test_a_validation_run_has_the_studys_checkpoints_and_a_test_run_ends_on_a_hundred_episodes(spec: StudySpec) -> None:
    chosen = make_plan([CURRENT], spec, top=1, test_seeds=1).arms[0]
    validation = make_job(spec, ConfirmationRun(phase="validation", arm=chosen, place=1), 5)
    assert (validation.seed, validation.first_goal) == (seeds.VALIDATION + 1, seeds.VALIDATION_GOALS)
    assert validation.checkpoints == spec.plan()
    test = make_job(spec, ConfirmationRun(phase="test", arm=chosen, place=2), 6)
    assert (test.seed, test.first_goal) == (seeds.TEST + 2, seeds.TEST_GOALS)
    assert [checkpoint.step for checkpoint in test.checkpoints] == [checkpoint.step for checkpoint in spec.plan()]
    assert test.checkpoints[-1].goals == planning.TEST_GOALS == 100
    assert test.checkpoints[:-1] == spec.plan()[:-1]
    assert (test.timesteps, test.params) == (spec.timesteps, CURRENT.arguments)


def test_a_digest_knows_a_configuration_whatever_the_order() -> None:
    assert digest({"a": 1, "b": 2.5}) == digest({"b": 2.5, "a": 1}) != digest({"a": 1, "b": 2.0})
