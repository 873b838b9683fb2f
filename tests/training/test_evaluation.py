"""Scores, and the evaluation over episodes with fixed seeds."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from conftest import make_job
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from stable_baselines3 import DQN, PPO

from tuner import seeds
from tuner.errors import EnvironmentFailed
from tuner.records import Aggregate, Checkpoint, Decision, EnvironmentRef, Signals, TrialJob
from tuner.training import evaluation
from tuner.training.environments import Guard
from tuner.training.evaluation import EvaluationEpisode, Evaluator, Result, score, summarise
from tuner.training.signals import number
from tuner.trial import never, train

TOY = EnvironmentRef(id="tuner_toys:ToyLine-v0")
TOLD = Signals(success="is_success", distance="distance")

distances = st.floats(min_value=0.0, max_value=1e6)
starts = st.floats(min_value=1e-6, max_value=1e6)


def make_episode(**changes: Any) -> EvaluationEpisode:
    values: dict[str, Any] = {
        "total_return": 1.0,
        "length": 8,
        "timed_out": False,
        "success": True,
        "start_distance": 1.0,
        "distance": 0.0,
    }
    return EvaluationEpisode(**{**values, **changes})


def towards_the_goal(observations: NDArray[Any]) -> NDArray[Any]:
    """Half speed towards a goal on the right, none towards one on the left: success in some episodes only."""
    actions: NDArray[Any] = np.clip(observations[:, 1:], 0.0, 0.5)
    return actions


def run(
    goals: int, *, ref: EnvironmentRef = TOY, objective: str = "success", milestones: tuple[str, ...] = ()
) -> Result:
    evaluator = Evaluator(ref, objective=objective, most_goals=goals, milestones=milestones)
    try:
        return replace(evaluator.run(towards_the_goal, goals), seconds=0.0)
    finally:
        evaluator.close()


@pytest.mark.parametrize(
    ("success", "distance", "start", "expected"),
    [
        pytest.param(1.0, 0.0, 0.3, 1.1, id="all at the goal"),
        pytest.param(0.0, 0.3, 0.3, 0.0, id="none, no nearer than at the start"),
        pytest.param(0.0, 0.9, 0.3, 0.0, id="none, further away than at the start"),
        pytest.param(0.5, 0.15, 0.3, 0.55, id="near, half way"),
        pytest.param(0.5, None, 0.3, 0.5, id="no distance"),
        pytest.param(0.5, 0.1, None, 0.5, id="no distance at the start"),
        pytest.param(0.5, 0.1, 0.0, 0.5, id="started at the goal"),
        pytest.param(None, 0.1, 0.3, -7.0, id="no success signal: the mean return"),
    ],
)
def test_score(success: float | None, distance: float | None, start: float | None, expected: float) -> None:
    assert score(success, distance, start, -7.0) == pytest.approx(expected)


@given(successes=st.integers(0, 9), near=distances, far=distances, start=starts)
def test_the_tie_break_never_outweighs_a_success_in_ten(successes: int, near: float, far: float, start: float) -> None:
    assert score((successes + 1) / 10, far, start, 0.0) >= score(successes / 10, near, start, 0.0) - 1e-12


@given(success=st.floats(0.0, 1.0), first=distances, second=distances, start=starts)
def test_at_equal_success_nearer_is_never_worse(success: float, first: float, second: float, start: float) -> None:
    near, far = sorted((first, second))
    assert score(success, near, start, 0.0) >= score(success, far, start, 0.0)


def test_summarise_takes_means() -> None:
    episodes = [
        make_episode(total_return=2.0, length=4),
        make_episode(total_return=-1.0, length=8, success=False, distance=0.6, timed_out=True),
    ]
    result = summarise(episodes, TOLD, objective="success", seconds=3.0)
    assert result.score == pytest.approx(0.5 + 0.1 * 0.7)
    assert replace(result, score=0.0) == Result(
        score=0.0,
        success=0.5,
        distance=0.3,
        mean_return=0.5,
        mean_length=6.0,
        timeout_share=0.5,
        seconds=3.0,
    )


def test_the_objective_return_scores_by_return() -> None:
    assert summarise([make_episode(total_return=-3.5)], TOLD, objective="return").score == -3.5


def test_an_episode_that_tells_no_success_has_failed() -> None:
    result = summarise([make_episode(), make_episode(success=None, distance=1.0)], TOLD, objective="success")
    assert result.success == 0.5
    assert result.score == pytest.approx(0.5 + 0.1 * 0.5)


@pytest.mark.parametrize("missing", ["distance", "start_distance"])
def test_an_episode_without_a_distance_came_no_nearer(missing: str) -> None:
    result = summarise([make_episode(), make_episode(**{missing: None, "success": False})], TOLD, objective="success")
    assert result.score == pytest.approx(0.5 + 0.1 * (0.5 if missing == "distance" else 1.0))


def test_what_was_decided_holds_in_every_evaluation() -> None:
    by_return = Signals(success=None)
    assert summarise([make_episode(total_return=-2.0)], by_return, objective="success").score == -2.0
    assert summarise([make_episode(success=None, total_return=9.0)], TOLD, objective="success").score <= 0.1


def test_an_environment_without_signals_is_scored_by_its_return() -> None:
    result = run(4, ref=EnvironmentRef(id="tuner_toys:ToyPlain-v0"))
    assert (result.success, result.distance) == (None, None)
    assert result.score == result.mean_return


def test_the_same_seeds_give_the_same_result() -> None:
    first = run(7)
    assert 0.0 < (first.success or 0.0) < 1.0  # the episodes differ
    assert run(7) == first


def test_an_evaluation_does_not_depend_on_those_before_it() -> None:
    evaluator = Evaluator(TOY, objective="success", most_goals=7)
    evaluator.run(towards_the_goal, 3)
    again = replace(evaluator.run(towards_the_goal, 7), seconds=0.0)
    evaluator.close()
    assert again == run(7)


@pytest.mark.parametrize("goals", [1, 4, 12], ids=["one goal", "fewer than environments", "more than environments"])
def test_every_reset_seed_of_the_tuning_range_is_used_once(goals: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    original = Guard.reset

    def reset(self: Guard, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        seen.append(kwargs["seed"])
        return original(self, **kwargs)

    monkeypatch.setattr(Guard, "reset", reset)
    run(goals)
    assert sorted(seen) == list(range(seeds.TUNING_GOALS, seeds.TUNING_GOALS + goals))


def test_several_environments_give_the_episodes_of_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    together = run(12)
    monkeypatch.setattr(evaluation, "ENVIRONMENTS", 1)
    alone = run(12)
    assert vars(together) == {name: pytest.approx(value, rel=1e-12) for name, value in vars(alone).items()}


def parameters(job: TrialJob) -> dict[str, torch.Tensor]:
    outcome = train(job, lambda _: Decision(go_on=True, keep=True), never)
    assert outcome.model is not None
    found: dict[str, torch.Tensor] = PPO.load(io.BytesIO(outcome.model), device="cpu").policy.state_dict()
    return found


def test_evaluation_leaves_training_untouched() -> None:
    last = Checkpoint(step=128, goals=4)
    seldom = parameters(make_job(checkpoints=(last,)))  # evaluated when all training is done
    often = parameters(make_job(checkpoints=(*(Checkpoint(step=step, goals=6) for step in (32, 64, 96)), last)))
    assert seldom.keys() == often.keys()
    assert [name for name in seldom if not torch.equal(seldom[name], often[name])] == []


GRADED = EnvironmentRef(id="tuner_toys:ToyGraded-v0")


def test_other_seeds_are_other_episodes() -> None:
    results = []
    for first_goal in (seeds.TUNING_GOALS, seeds.TEST_GOALS):
        evaluator = Evaluator(TOY, objective="success", most_goals=5, first_goal=first_goal)
        results.append(evaluator.run(towards_the_goal, 5).distance)
        evaluator.close()
    assert results[0] != results[1]


def test_milestones_are_shares_of_episodes() -> None:
    result = run(20, ref=GRADED, milestones=("near",))
    assert result.success is not None
    assert 0.0 < result.success < result.milestones["near"] < 1.0
    assert run(20, milestones=()).milestones == {}


def test_milestones_count_where_the_objective_says_so() -> None:
    plain, staged = (run(20, ref=GRADED, objective=name, milestones=("near",)) for name in ("success", "milestones"))
    assert plain.success is not None
    assert plain.score - plain.success == pytest.approx(staged.score - (plain.milestones["near"] + plain.success) / 2)
    assert plain.milestones == staged.milestones


@pytest.mark.parametrize(
    ("milestone", "said"),
    [
        pytest.param(
            "naer", "info['naer'] is missing at an episode's end; flags there: is_success, near", id="missing"
        ),
        pytest.param("distance", "info['distance'] is 0.", id="no flag"),
    ],
)
def test_a_milestone_missing_in_info_is_refused(milestone: str, said: str) -> None:
    with pytest.raises(EnvironmentFailed) as caught:
        run(2, ref=GRADED, milestones=(milestone,))
    assert said in str(caught.value)


def test_an_episode_without_end_is_cut_off_and_counted() -> None:
    evaluator = Evaluator(EnvironmentRef(id="odd_toys:Endless"), objective="return", most_goals=7, longest=12)
    try:
        result = evaluator.run(towards_the_goal, 7)
        again = evaluator.run(towards_the_goal, 7)
    finally:
        evaluator.close()
    assert (result.cut_off, result.mean_length, result.timeout_share) == (7, 12.0, 1.0)
    assert replace(again, seconds=0.0) == replace(result, seconds=0.0)


EXPLORING = {"learning_starts": 16, "batch_size": 8, "train_freq": 4, "exploration_final_eps": 0.9}
OF_DQN: dict[str, Any] = {"algorithm": "dqn", "params": EXPLORING, "environment": EnvironmentRef(id="CartPole-v1")}


@pytest.mark.parametrize(("kind", "trainer"), [("ppo", "auto"), ("dqn", "auto"), ("dqn", "sb3")])
def test_stochastic_evaluations_draw_actions_and_disturb_no_training(kind: str, trainer: str) -> None:
    def trained(*, stochastic: bool) -> tuple[list[float], bytes]:
        seen: list[float] = []

        def report(evaluation: Any) -> Decision:
            seen.append(evaluation.mean_return)
            return Decision(go_on=True, keep=True)

        job = make_job(**(OF_DQN if kind == "dqn" else {}), trainer=trainer, stochastic=stochastic)
        outcome = train(job, report, never)
        assert outcome.model is not None
        return seen, outcome.model

    drawn, model = trained(stochastic=True)
    best, same = trained(stochastic=False)
    assert drawn != best
    assert trained(stochastic=True)[0] == drawn
    loaded: Any = {"ppo": PPO, "dqn": DQN}[kind]
    one, other = (loaded.load(io.BytesIO(each)).get_parameters()["policy"] for each in (model, same))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_quantile_is_what_that_share_of_the_episodes_is_worse_than() -> None:
    episodes = [make_episode(total_return=float(value), entry=float(value)) for value in range(11)]
    worst = Aggregate(quantile=0.1)
    assert summarise(episodes, TOLD, objective="return", aggregate=worst).score == 1.0
    costly = Aggregate(quantile=0.1, minimize=True)
    assert summarise(episodes, TOLD, objective="info:cost", aggregate=costly).score == -9.0
    assert summarise(episodes, TOLD, objective="info:cost", aggregate=Aggregate(minimize=True)).score == -5.0


def test_an_entry_of_info_is_the_score_with_success_beside_it() -> None:
    ref = EnvironmentRef(id="weighted_toys:Weighted", kwargs={"weight": 3.0})
    found = run(7, ref=ref, objective="info:weight")
    assert (found.score, found.success is not None) == (3.0, True)


@pytest.mark.parametrize(
    ("info", "said"),
    [
        (
            {"other": 1.0, "flag": True, "TimeLimit.truncated": False},
            "is missing at an episode's end; numbers there: f",
        ),
        ({"cost": "high"}, "is 'high' at an episode's end; numbers there: none"),
        ({"cost": float("nan"), "x": 1}, "is nan at an episode's end; numbers there: cost, x"),
        ({"cost": np.zeros(3)}, r"is values of shape \(3,\) at an episode's end"),
        ({"cost": None}, "is None at an episode's end"),
    ],
    ids=str,
)
def test_an_entry_that_is_no_number_is_said_with_those_that_are(info: dict[str, Any], said: str) -> None:
    with pytest.raises(EnvironmentFailed, match=rf"objective: info\['cost'\] {said}"):
        number(info, "cost")


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.array([2.0]), True])
def test_any_single_number_is_an_entry(value: Any) -> None:
    assert number({"cost": value}, "cost") == np.asarray(value).item()
