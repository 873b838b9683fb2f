"""Schedules in training: alike in fused PPO and SB3, at their final value when the budget ends, in plain files."""

import io
from pathlib import Path
from typing import Any

import pytest
from conftest import make_job
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import ConstantSchedule, FloatSchedule, LinearSchedule
from training.learners import furthest, trained

from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome
from tuner.training.fused_ppo import FusedPPO
from tuner.training.make_model import CoefficientCallback, seen, with_schedules
from tuner.trial import run_trial

SCHEDULES = {
    "learning_rate": "lin_3e-3_1e-4",
    "clip_range": "lin_0.2_0.1",
    "clip_range_vf": "lin_0.4_0.2",
    "ent_coef": "lin_0.05",
}
GIVEN = {"learning_rate": "lin_0.003_0.0001", "clip_range": "lin_0.2", "ent_coef": "lin_0.01"}


class Seen(BaseCallback):
    """Records the entropy coefficient of every update."""

    def __init__(self) -> None:
        super().__init__()
        self.coefficients: list[float] = []

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        assert isinstance(self.model, PPO)
        self.coefficients.append(self.model.ent_coef)


def by_schedules(kind: type[PPO], env: str, updates: int) -> tuple[PPO, list[dict[str, Any]]]:
    callbacks = [CoefficientCallback(SCHEDULES), noted := Seen()]
    arguments = with_schedules(SCHEDULES) | {"n_steps": 128, "batch_size": 32}
    model, record = trained(kind, env, updates, callbacks=callbacks, **arguments)
    updates_seen = zip(record.updates, noted.coefficients, strict=True)
    return model, [{**update, "train/ent_coef": coefficient} for update, coefficient in updates_seen]


@pytest.mark.parametrize("env", ["Pendulum-v1", "CartPole-v1"])
def test_one_update_gives_sb3s_parameters(env: str) -> None:
    (ours, _), (theirs, _) = by_schedules(FusedPPO, env, 1), by_schedules(PPO, env, 1)
    assert isinstance(ours, FusedPPO)
    assert ours.stepped_aside is None
    assert furthest(ours, theirs) <= 1e-6


def test_every_update_uses_sb3s_values() -> None:
    (ours, our_updates), (theirs, their_updates) = (by_schedules(kind, "Pendulum-v1", 4) for kind in (FusedPPO, PPO))
    assert len(our_updates) == 4
    for one, other in zip(our_updates, their_updates, strict=True):
        for name in ("learning_rate", "clip_range", "clip_range_vf", "ent_coef"):
            assert one[f"train/{name}"] == other[f"train/{name}"], name
    assert [update["train/ent_coef"] for update in our_updates] == pytest.approx([0.0375, 0.025, 0.0125, 0.0])
    assert [update["train/clip_range"] for update in our_updates] == pytest.approx([0.175, 0.15, 0.125, 0.1])
    assert our_updates[-1]["train/learning_rate"] == pytest.approx(1e-4)
    assert ours.ent_coef == theirs.ent_coef == 0.0


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (FloatSchedule(LinearSchedule(3e-4, 1e-5, 1.0)), "lin_0.0003_1e-05"),
        (LinearSchedule(0.2, 0.0, 1.0), "lin_0.2"),
        (FloatSchedule(0.1), 0.1),
        (ConstantSchedule(0.1), 0.1),
        (LinearSchedule(1.0, 0.5, 0.5), 1.0),
        (lambda left: 2 * left, 2.0),
        (7, 7),
        (None, None),
    ],
)
def test_a_models_arguments_are_plain_data(value: Any, plain: object) -> None:
    assert seen(value) == plain


def run(job: TrialJob) -> TrialOutcome:
    def report(_: Evaluation) -> Decision:
        return Decision(go_on=True, keep=True)

    return run_trial(job, report)


@pytest.mark.parametrize("trainer", ["fused", "sb3"])
def test_a_trial_records_its_schedules_and_leaves_a_plain_model(trainer: str, tmp_path: Path) -> None:
    params = {"n_steps": 32, "batch_size": 8, "n_epochs": 1, **GIVEN}
    outcome = run(make_job(params=params, trainer=trainer))
    assert outcome.state == "completed"
    assert outcome.facts["arguments"] == params
    assert outcome.model is not None
    model = PPO.load(io.BytesIO(outcome.model), device="cpu")
    assert isinstance(model.learning_rate, LinearSchedule)
    assert model.lr_schedule(0.5) == pytest.approx(0.00155)
    assert model.ent_coef == 0.0


def test_nothing_is_watched_where_nothing_moves() -> None:
    assert not CoefficientCallback({"ent_coef": 0.01, "learning_rate": "lin_3e-4"})
    assert CoefficientCallback({"ent_coef": "lin_0.01"})
