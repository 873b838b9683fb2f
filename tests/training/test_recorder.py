"""The recording of a training run's signals."""

import json
import math

import pytest
from conftest import make_job

from tuner.records import Decision, Evaluation, TrialOutcome
from tuner.training.watch import POINTS, SignalRecorder
from tuner.trial import run_trial


def trained(**changes: object) -> TrialOutcome:
    return run_trial(make_job(**changes), lambda _: Decision(go_on=True))


def test_a_short_run_is_kept_whole_gaps_included() -> None:
    recorder = SignalRecorder()
    recorder.add(32, {"approx_kl": 0.02})
    recorder.add(64, {"approx_kl": math.inf, "std": 1.0})
    recorder.add(96, {"approx_kl": 0.1200001})
    assert recorder.record() == {
        "updates": 3,
        "steps": [32, 64, 96],
        "signals": {"approx_kl": [0.02, None, 0.12], "std": [None, 1.0, None]},
        "peaks": {"approx_kl": {"value": 0.12, "step": 96, "above": 1}},
    }


def test_a_long_run_is_thinned_to_means_and_its_peak_stays() -> None:
    recorder = SignalRecorder()
    for update in range(1, 1001):
        recorder.add(update * 10, {"approx_kl": 0.5 if update == 777 else 0.02, "value_loss": float(update)})
    record = recorder.record()
    assert record is not None
    assert record["updates"] == 1000
    assert len(record["steps"]) == POINTS
    assert record["steps"][-1] == 10_000
    assert record["peaks"]["approx_kl"] == {"value": 0.5, "step": 7770, "above": 1}
    losses = record["signals"]["value_loss"]
    assert losses == sorted(losses)
    assert sum(losses) / POINTS == pytest.approx(500.5, rel=0.01)
    assert len(json.dumps(record)) < 2000


def test_nothing_recorded_is_nothing() -> None:
    assert SignalRecorder().record() is None


@pytest.mark.parametrize("trainer", ["sb3", "fused"])
def test_both_trainers_record_every_update_of_the_same_signals(trainer: str) -> None:
    health = trained(trainer=trainer).facts["health"]
    assert health["updates"] == 4
    assert health["steps"] == [32, 64, 96, 128]
    assert set(health["signals"]) == {
        "approx_kl", "clip_fraction", "entropy_loss", "ep_len_mean", "ep_rew_mean", "explained_variance", "loss",
        "policy_gradient_loss", "std", "value_loss",
    }  # fmt: skip
    assert all(None not in values for values in health["signals"].values())


def test_a_stopped_run_keeps_what_it_had() -> None:
    def stop(_: Evaluation) -> Decision:
        return Decision(go_on=False)

    outcome = run_trial(make_job(), stop)
    assert outcome.state == "stopped"
    assert outcome.facts["health"]["steps"] == [32, 64]


def test_a_diverged_run_keeps_its_signals() -> None:
    params = {"n_steps": 32, "batch_size": 32, "n_epochs": 10, "learning_rate": 10.0, "max_grad_norm": 1e9}
    outcome = trained(params=params)
    assert outcome.state == "diverged"
    health = outcome.facts["health"]
    assert health["steps"] == [outcome.steps]
    assert health["peaks"]["approx_kl"]["above"] == 1
    json.dumps(health, allow_nan=False)


def test_an_off_policy_run_has_its_own_signals() -> None:
    params = {"learning_starts": 16, "batch_size": 8}
    health = trained(algorithm="sac", params=params).facts["health"]
    assert {"actor_loss", "critic_loss", "ent_coef", "ep_rew_mean"} <= set(health["signals"])
    assert health["peaks"] == {}
