"""Dict observations, pictures, stacked frames, goals, masks and memory: trained, evaluated, kept, loaded and played."""

import io
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from conftest import make_job
from stable_baselines3.common.env_util import make_vec_env as sb3_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.vec_env import VecFrameStack
from training.reported_runs import run

from tuner.errors import EnvironmentUnusable, UsageProblem
from tuner.records import Checkpoint, EnvironmentRef, TrialJob
from tuner.training.environments import make_env, make_vec_env
from tuner.training.load_model import load_actor
from tuner.training.make_model import make_model, model_class
from tuner.training.rehearsal import rehearse
from tuner.training.spaces import is_picture

ROLLOUT = {"n_steps": 16, "batch_size": 8, "n_epochs": 1}
REPLAY = {"batch_size": 8, "learning_starts": 16, "net_arch": [8], "train_freq": 4}
HER = {**REPLAY, "replay_buffer": "her", "n_sampled_goal": 2, "goal_selection_strategy": "final"}

CASES: dict[str, tuple[str, str, dict[str, Any], str]] = {  # algorithm, environment, arguments, policy
    "goals": ("ppo", "observed_toys:Goal", ROLLOUT, "MultiInputPolicy"),
    "pictures": ("ppo", "observed_toys:Picture", ROLLOUT, "CnnPolicy"),
    "both": ("a2c", "observed_toys:Mixed", {"n_steps": 16}, "MultiInputPolicy"),
    "pictures off policy": ("dqn", "observed_toys:Picture", REPLAY, "CnnPolicy"),
    "hindsight": ("sac", "observed_toys:ToyGoal-v0", HER, "MultiInputPolicy"),
    "hindsight tqc": ("tqc", "observed_toys:ToyGoal-v0", {**HER, "n_quantiles": 5}, "MultiInputPolicy"),
    "crossq": ("crossq", "tuner_toys:ToyLine-v0", {**REPLAY, "policy_delay": 2}, "MlpPolicy"),
    "trpo": ("trpo", "observed_toys:Goal", {"n_steps": 16, "batch_size": 8}, "MultiInputPolicy"),
    "memory": ("recurrent_ppo", "observed_toys:Recall", {**ROLLOUT, "lstm_hidden_size": 8}, "MlpLstmPolicy"),
    "masks": ("maskable_ppo", "observed_toys:Masked", ROLLOUT, "MlpPolicy"),
}


def job(case: str, **changes: Any) -> TrialJob:
    algorithm, name, params, _ = CASES[case]
    own = {"algorithm": algorithm, "params": params, "environment": EnvironmentRef(id=name), "policy": "auto"}
    return make_job(**{**own, **changes})


@pytest.mark.parametrize("case", CASES)
def test_it_trains_reports_every_checkpoint_and_is_kept(case: str) -> None:
    outcome, seen = run(job(case))
    assert (outcome.state, outcome.reason) == ("completed", "")
    assert [evaluation.step for evaluation in seen] == [64, 128]
    assert outcome.facts["arguments"] == CASES[case][2]
    assert outcome.model is not None
    assert rehearse(job(case)) == CASES[case][3]


@pytest.mark.parametrize("case", CASES)
def test_the_same_job_gives_the_same_scores_bit_for_bit(case: str) -> None:
    first, second = ([(one.score, one.mean_return, one.health) for one in run(job(case))[1]] for _ in range(2))
    assert first == second


@pytest.mark.parametrize("case", ["goals", "pictures", "both", "hindsight", "memory"])
def test_scores_are_those_of_the_librarys_evaluation(case: str) -> None:
    """The model's mean return over the evaluation's seeds, by SB3's `evaluate_policy`, one episode at a time."""
    from tuner import seeds

    outcome, seen = run(job(case))
    algorithm, name, _, _ = CASES[case]
    assert outcome.model is not None
    model = model_class(algorithm).load(io.BytesIO(outcome.model), make_vec_env(EnvironmentRef(id=name)), device="cpu")
    goals = job(case).checkpoints[-1].goals
    returns = []
    for goal in range(seeds.TUNING_GOALS, seeds.TUNING_GOALS + goals):
        env = sb3_env(lambda: make_env(EnvironmentRef(id=name)), n_envs=1)
        env.seed(goal)
        returns.append(evaluate_policy(model, env, n_eval_episodes=1, warn=False)[0])
    assert seen[-1].mean_return == pytest.approx(np.mean(returns))


@pytest.mark.parametrize("case", CASES)
def test_the_kept_model_plays_as_it_was_trained(case: str) -> None:
    outcome, _ = run(job(case))
    assert outcome.model is not None
    env = make_env(EnvironmentRef(id=CASES[case][1]))
    act = load_actor(outcome.model, "it", env)
    observation, _ = env.reset(seed=1)
    over = False
    while not over:
        observation, _, terminated, truncated, _ = env.step(act(observation))
        over = terminated or truncated


@pytest.mark.parametrize("n_envs", [1, 3])
@pytest.mark.parametrize("vec_env", ["dummy", "subproc"])
def test_several_environments_and_processes_give_dictionaries_too(n_envs: int, vec_env: str) -> None:
    env = make_vec_env(EnvironmentRef(id="observed_toys:Mixed", n_envs=n_envs, vec_env=vec_env))
    observations: Any = env.reset()
    env.close()
    assert {name: part.shape for name, part in observations.items()} == {
        "camera": (n_envs, 40, 40, 3),
        "step": (n_envs, 1),
        "kind": (n_envs,),
    }


def test_a_memory_is_used_in_evaluations_and_forgotten_between_episodes() -> None:
    """With a memory the sign of the first step can be told in the last, without one half of them at best."""
    params = {"n_steps": 384, "batch_size": 384, "n_epochs": 10, "learning_rate": 3e-3, "lstm_hidden_size": 16}
    checkpoints = (Checkpoint(step=384 * 16, goals=40),)
    _, seen = run(job("memory", params=params, timesteps=384 * 16, checkpoints=checkpoints, seed=3))
    assert seen[-1].success is not None
    assert seen[-1].success > 0.9


@pytest.mark.parametrize("stochastic", [False, True])
def test_actions_that_the_mask_forbids_are_never_taken(stochastic: bool) -> None:
    outcome, seen = run(job("masks", stochastic=stochastic))  # any other action raises
    assert (outcome.state, seen[-1].success) == ("completed", 1.0)


@pytest.mark.parametrize("case", ["goals", "memory"])
def test_drawn_actions_leave_the_training_alone(case: str) -> None:
    (_, best), (_, drawn) = run(job(case)), run(job(case, stochastic=True))
    assert [one.health for one in best] == [one.health for one in drawn]


@pytest.mark.parametrize("name", ["observed_toys:Picture", "observed_toys:Goal", "tuner_toys:ToyLine-v0"])
def test_frames_are_stacked_as_the_library_stacks_them(name: str) -> None:
    ours = make_vec_env(EnvironmentRef(id=name, frame_stack=3))
    theirs = VecFrameStack(make_vec_env(EnvironmentRef(id=name)), 3)
    assert ours.observation_space == theirs.observation_space
    space = ours.action_space
    space.seed(0)
    for env in (ours, theirs):
        env.seed(5)
    one: Any = ours.reset()
    other: Any = theirs.reset()
    for _ in range(10):  # over the end of an episode
        np.testing.assert_equal(one, other)
        action = np.array([space.sample()])
        one, other = ours.step(action)[0], theirs.step(action)[0]


def test_stacked_frames_train_and_are_evaluated() -> None:
    outcome, seen = run(job("pictures", environment=EnvironmentRef(id="observed_toys:Picture", frame_stack=2)))
    assert outcome.state == "completed"
    assert len(seen) == 2


@pytest.mark.parametrize("norm", ["norm_obs", "norm_reward"])
def test_goals_are_scaled_by_vec_normalize(norm: str) -> None:
    outcome, _ = run(job("goals", params={**ROLLOUT, norm: True}))
    assert outcome.state == "completed"
    assert outcome.model is not None
    assert outcome.statistics is not None
    env = make_env(EnvironmentRef(id="observed_toys:Goal"))
    observation, _ = env.reset(seed=0)
    assert load_actor(outcome.model, "it", env, outcome.statistics)(observation).shape == (1,)


@pytest.mark.parametrize("side", [7, 35, 36, 40])
def test_a_picture_is_what_the_library_takes_for_one(side: int) -> None:
    space = gym.spaces.Box(0, 255, (side, side, 3), np.uint8)
    assert is_picture(space) == is_image_space(space)
    expected = "CnnPolicy" if side >= 36 else "MlpPolicy"
    assert rehearse(job("pictures", environment=EnvironmentRef(id="observed_toys:Picture", kwargs={"side": side}))) == (
        expected
    )


OPTIONS = {"features_extractor_class": "stable_baselines3.common.torch_layers:FlattenExtractor"}


def test_a_network_of_ones_own_is_imported_by_its_path() -> None:
    model: Any = make_model(
        job("goals", environment=EnvironmentRef(id="tuner_toys:ToyLine-v0"), policy_kwargs=OPTIONS),
        make_vec_env(EnvironmentRef(id="tuner_toys:ToyLine-v0")),
    )
    assert model.policy.features_extractor_class.__name__ == "FlattenExtractor"
    assert rehearse(job("pictures", policy="CnnPolicy", policy_kwargs=OPTIONS)) == "CnnPolicy"


@pytest.mark.parametrize(
    ("case", "changes", "said"),
    [
        pytest.param("goals", {"policy": "MlpPolicy"}, "which observes a Dict of", id="flat policy"),
        pytest.param(
            "crossq", {"policy": "CnnPolicy"}, "policy: 'CnnPolicy' is none of CrossQ's: MlpPolicy", id="none"
        ),
        pytest.param("memory", {"policy": "MlpPolicy"}, "is none of RecurrentPPO's", id="no memory"),
        pytest.param(
            "pictures",
            {"environment": EnvironmentRef(id="observed_toys:Picture", kwargs={"side": 7}), "policy": "CnnPolicy"},
            "which observes a picture of 7x7x3: use MlpPolicy or auto",
            id="too small",
        ),
        pytest.param(
            "crossq",
            {"environment": EnvironmentRef(id="observed_toys:Goal")},
            "CrossQ takes flat observations alone, observed_toys:Goal has a Dict of them: use SAC or TD3 or TQC",
            id="crossq",
        ),
        pytest.param(
            "goals",
            {"environment": EnvironmentRef(id="observed_toys:Nested")},
            "the entry 'arm' of its observations is a Dict itself",
            id="nested",
        ),
        pytest.param(
            "goals",
            {"environment": EnvironmentRef(id="observed_toys:Mission")},
            "the entry 'mission' of its observations is a Text space",
            id="text",
        ),
        pytest.param(
            "masks",
            {"environment": EnvironmentRef(id="observed_toys:Recall")},
            "MaskablePPO needs masks, and observed_toys:Recall has no method action_masks()",
            id="no masks",
        ),
        pytest.param(
            "hindsight",
            {"environment": EnvironmentRef(id="tuner_toys:ToyLine-v0")},
            "has no observation, achieved_goal, desired_goal in its observations",
            id="no goals",
        ),
        pytest.param(
            "hindsight",
            {"params": {**HER, "learning_starts": 4}},
            "learning_starts: 4 must be at least 8",
            id="before the first end",
        ),
        pytest.param(
            "goals",
            {"params": {**ROLLOUT, "norm_obs": True}, "environment": EnvironmentRef(id="observed_toys:Mixed")},
            "norm_obs: the entry 'camera': a picture is scaled by the policy itself",
            id="scaled picture",
        ),
        pytest.param(
            "goals",
            {"policy_kwargs": {"features_extractor_class": "nowhere:Net"}},
            "policy_kwargs.features_extractor_class: 'nowhere:Net' cannot be imported",
            id="no class",
        ),
        pytest.param("goals", {"policy_kwargs": {"colour": 3}}, "PPO cannot learn in", id="unknown option"),
        pytest.param(
            "goals",
            {"environment": EnvironmentRef(id="observed_toys:Mixed", frame_stack=2)},
            "frame_stack: 2 needs Box observations",
            id="cannot be stacked",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_any_training(case: str, changes: dict[str, Any], said: str) -> None:
    with pytest.raises((EnvironmentUnusable, UsageProblem)) as refused:
        rehearse(job(case, **changes))
    assert said in str(refused.value)


def test_rewards_of_other_goals_that_raise_are_the_environments() -> None:
    outcome, _ = run(
        job(
            "hindsight",
            environment=EnvironmentRef(id="observed_toys:BrokenGoal"),
            params={**HER, "learning_starts": 32},
        )
    )
    assert outcome.state == "failed"
    assert "the environment raised in compute_reward: ZeroDivisionError: no distance" in outcome.reason
