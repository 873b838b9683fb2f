"""A training run: its checkpoints, its outcomes, and that it trains as Stable-Baselines3 does."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gymnasium as gym
import pytest
import torch
from conftest import make_job
from stable_baselines3 import PPO
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv

from tuner.errors import EnvironmentUnusable, UsageProblem
from tuner.records import Checkpoint, Decision, EnvironmentRef, Evaluation, TrialJob, TrialOutcome
from tuner.training.fused_ppo import FusedPPO
from tuner.training.watch import Report
from tuner.trial import run_trial

GO_ON = Decision(go_on=True)
KEEP = Decision(go_on=True, keep=True)


def toy(name: str, **kwargs: Any) -> EnvironmentRef:
    return EnvironmentRef(id=f"tuner_toys:Toy{name}-v0", kwargs=kwargs)


def recording(into: list[Evaluation], decision: Decision = GO_ON) -> Report:
    def report(evaluation: Evaluation) -> Decision:
        into.append(evaluation)
        return decision

    return report


def model_of(outcome: TrialOutcome) -> PPO:
    assert outcome.model is not None
    return PPO.load(io.BytesIO(outcome.model), device="cpu")


@pytest.mark.parametrize("n_steps", [16, 32, 64])
def test_every_checkpoint_is_reported_at_its_step_right_after_an_update(
    n_steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    original: Callable[[Any], None] = FusedPPO.train

    def train(self: Any) -> None:
        original(self)
        happened.append(f"update at {self.num_timesteps}")

    def report(evaluation: Evaluation) -> Decision:
        happened.append(f"report {evaluation.index} at {evaluation.step}")
        return GO_ON

    monkeypatch.setattr(FusedPPO, "train", train)
    outcome = run_trial(make_job(params={"n_steps": n_steps, "batch_size": 8, "n_epochs": 1}), report)
    reports = {64: "report 0 at 64", 128: "report 1 at 128"}
    expected = []
    for step in range(n_steps, 129, n_steps):
        expected += [f"update at {step}", *([reports[step]] if step in reports else [])]
    assert happened == expected
    assert (outcome.state, outcome.steps) == ("completed", 128)


def test_an_evaluation_has_results_and_training_signals() -> None:
    seen: list[Evaluation] = []
    run_trial(make_job(), recording(seen))
    for evaluation in seen:
        assert evaluation.success is not None
        assert evaluation.distance is not None
        assert {"approx_kl", "clip_fraction", "entropy_loss", "value_loss"} <= evaluation.health.keys()
        assert 0.0 < evaluation.evaluation_seconds < evaluation.seconds


@pytest.mark.parametrize("n_envs", [1, 2])
def test_a_stop_ends_the_training_within_a_step(n_envs: int) -> None:
    seen: list[Evaluation] = []
    job = make_job(environment=replace(toy("Line"), n_envs=n_envs), timesteps=1024)
    outcome = run_trial(job, recording(seen, Decision(go_on=False)))
    assert [evaluation.step for evaluation in seen] == [64]
    assert outcome.state == "stopped"
    assert outcome.steps <= 64 + n_envs
    assert outcome.model is None


def test_a_kept_model_loads_and_predicts() -> None:
    model = model_of(run_trial(make_job(), recording([], KEEP)))
    action, _ = model.predict(model.observation_space.sample(), deterministic=True)
    assert model.action_space.contains(action)
    assert model.num_timesteps == 128


def test_the_policy_is_built_as_asked() -> None:
    params = {"n_steps": 32, "batch_size": 8, "net_arch": "16x8", "activation_fn": "elu", "log_std_init": -1.0}
    policy = model_of(run_trial(make_job(params=params), recording([], KEEP))).policy
    assert [part.out_features for part in policy.mlp_extractor.policy_net if hasattr(part, "out_features")] == [16, 8]
    assert policy.activation_fn is torch.nn.ELU
    assert policy.log_std_init == -1.0


def test_no_model_is_kept_unasked() -> None:
    assert run_trial(make_job(), recording([])).model is None


def test_the_arguments_that_arrived_in_the_model_are_facts() -> None:
    params = {
        "n_steps": 64,
        "batch_size": 16,
        "n_epochs": 15,
        "clip_range": 0.1,
        "learning_rate": 1e-4,
        "ent_coef": 0.005,
    }
    policy = {"net_arch": [16, 8], "activation_fn": "relu", "log_std_init": -1.0, "ortho_init": False}
    outcome = run_trial(make_job(params={**params, **policy, "target_kl": None}), recording([]))
    assert outcome.facts["arguments"] == {**params, **policy, "target_kl": None}
    assert outcome.facts["trainer"] == "fused"
    assert {"stable-baselines3", "torch", "gymnasium"} <= outcome.facts["versions"].keys()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"environment": toy("NotFinite")}, "an observation is not finite", id="NaN observed"),
        pytest.param(
            {"params": {"n_steps": 32, "batch_size": 8, "n_epochs": 4, "learning_rate": 1e6}},
            "",  # the first found of loss, parameter and approx_kl
            id="absurd learning rate",
        ),
        pytest.param(
            {"environment": toy("Line", scale=float("inf"))},
            "the reward is",
            id="infinite reward",
            marks=pytest.mark.filterwarnings("ignore:.*The reward is"),
        ),
    ],
)
def test_training_with_non_finite_values_has_diverged(changes: dict[str, Any], reason: str) -> None:
    outcome = run_trial(make_job(**changes), recording([]))
    assert outcome.state == "diverged"
    assert outcome.reason
    assert reason in outcome.reason


@pytest.mark.parametrize("trainer", ["auto", "sb3"])
@pytest.mark.filterwarnings("ignore:overflow encountered", "ignore:invalid value encountered")
def test_rewards_beyond_single_precision_have_diverged(trainer: str) -> None:
    outcome = run_trial(make_job(environment=toy("Line", scale=1e39), trainer=trainer), recording([]))
    assert outcome.state == "diverged"


def test_an_update_with_a_huge_kl_divergence_has_diverged() -> None:
    params = {"n_steps": 32, "batch_size": 32, "n_epochs": 10, "learning_rate": 10.0, "max_grad_norm": 1e9}
    outcome = run_trial(make_job(params=params), recording([]))
    assert outcome.state == "diverged"
    assert "approx_kl" in outcome.reason


def test_an_environment_that_raises_fails_the_trial() -> None:
    outcome = run_trial(make_job(environment=toy("Raising")), recording([]))
    assert outcome.state == "failed"
    assert outcome.reason == "the environment raised in step: RuntimeError: the gripper fell off"


def test_an_environment_that_raises_when_closed_fails_the_trial() -> None:
    outcome = run_trial(make_job(environment=toy("Closing")), recording([]))
    assert outcome.state == "failed"
    assert "the gripper is stuck" in outcome.reason


def test_a_distance_that_is_not_finite_is_none() -> None:
    seen: list[Evaluation] = []
    outcome = run_trial(make_job(environment=toy("Lost")), recording(seen))
    assert outcome.state == "completed"
    assert [(one.distance, one.score) for one in seen] == [(None, one.success) for one in seen]


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        pytest.param(toy("Dictionary"), ["PPO cannot learn in", "ToyDictionary-v0"], id="PPO cannot act in it"),
        pytest.param(toy("Line", colour="red"), ["has no option 'colour'", "valid: "], id="unknown option"),
    ],
)
def test_an_unusable_environment_is_refused(ref: EnvironmentRef, words: list[str]) -> None:
    with pytest.raises(EnvironmentUnusable) as caught:
        run_trial(make_job(environment=ref), recording([]))
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageProblem, match="'cuda' is not available"):
        run_trial(make_job(device="cuda"), recording([]))


def untimed(evaluations: list[Evaluation]) -> list[Evaluation]:
    return [replace(evaluation, seconds=0.0, evaluation_seconds=0.0) for evaluation in evaluations]


def test_the_same_job_gives_the_same_scores_bit_for_bit() -> None:
    first: list[Evaluation] = []
    second: list[Evaluation] = []
    run_trial(make_job(), recording(first))
    run_trial(make_job(number=7), recording(second))
    assert untimed(first) == untimed(second)


def test_another_seed_gives_other_scores() -> None:
    first: list[Evaluation] = []
    second: list[Evaluation] = []
    run_trial(make_job(), recording(first))
    run_trial(make_job(seed=1_000_001), recording(second))
    assert untimed(first) != untimed(second)


def plain_run(job: TrialJob, steps: int) -> dict[str, torch.Tensor]:
    env = DummyVecEnv([lambda: Monitor(gym.make(job.environment.id))])
    found: dict[str, torch.Tensor] = (
        PPO("MlpPolicy", env, seed=job.seed, device="cpu", **job.params).learn(steps).policy.state_dict()
    )
    env.close()
    return found


def test_a_job_of_sb3s_trainer_is_a_plain_run_of_stable_baselines3_bit_for_bit() -> None:
    job = make_job(trainer="sb3", timesteps=256, checkpoints=(Checkpoint(step=256, goals=2),))
    ours, plain = model_of(run_trial(job, recording([], KEEP))).policy.state_dict(), plain_run(job, 256)
    assert [name for name in plain if not torch.equal(plain[name], ours[name])] == []


@pytest.mark.parametrize("trainer", ["auto", "fused"])
def test_a_job_of_the_fused_trainer_is_a_plain_run_up_to_rounding(trainer: str) -> None:
    job = make_job(trainer=trainer, timesteps=64, checkpoints=(Checkpoint(step=64, goals=2),))
    outcome = run_trial(job, recording([], KEEP))
    ours, plain = model_of(outcome).policy.state_dict(), plain_run(job, 64)
    assert outcome.facts["trainer"] == "fused"
    assert [name for name in plain if not torch.allclose(plain[name], ours[name], rtol=0, atol=1e-6)] == []


def test_a_case_that_fused_ppo_does_not_cover_goes_to_sb3_by_itself() -> None:
    outcome = run_trial(make_job(environment=toy("Grid")), recording([]))
    assert (outcome.state, outcome.facts["trainer"]) == ("completed", "sb3")


def test_the_fused_trainer_on_a_case_that_it_does_not_cover_is_refused_by_name() -> None:
    with pytest.raises(UsageProblem, match=r"trainer: 'fused' does not cover this: .*MultiDiscrete.*trainer: auto"):
        run_trial(make_job(environment=toy("Grid"), trainer="fused"), recording([]))
