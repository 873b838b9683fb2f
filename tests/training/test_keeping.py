"""Checkpoints: written atomically, training resumes from them, and writing them does not change training."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import make_job
from stable_baselines3 import PPO

from tuner import seeds
from tuner.errors import ModelUnusable, StorageFailed
from tuner.records import Checkpoint, Curriculum, Decision, EnvironmentRef, Evaluation, Keeping, TrialJob, TrialOutcome
from tuner.training.keeping import CheckpointWriter
from tuner.training.model_files import BEST, LAST, LAST_STATISTICS, STATE, newest
from tuner.trial import run_trial

STEPS = (64, 128, 192, 256)
OFF_POLICY = {"train_freq": 4, "batch_size": 8, "learning_starts": 16, "buffer_size": 1000}
SCHEDULES = {"n_steps": 32, "batch_size": 8, "learning_rate": "lin_3e-4", "ent_coef": "lin_0.01"}
CURRICULUM = Curriculum(start=0.1, threshold=0.3, window=3, signal="is_success")


def kept_job(folder: Path, **changes: Any) -> TrialJob:
    keeping = Keeping(
        folder=str(folder), goals=4, first_goal=seeds.FINAL_GOALS, test_goals=5, first_test_goal=seeds.FINAL_TEST_GOALS
    )
    points = tuple(Checkpoint(step=step, goals=3) for step in STEPS)
    return make_job(**{"timesteps": STEPS[-1], "checkpoints": points, "keeping": keeping, **changes})


def run(job: TrialJob, until: int | None = None) -> tuple[TrialOutcome, list[Evaluation]]:
    """Trains; with `until` as if interrupted after that number of evaluations in this run."""
    seen: list[Evaluation] = []

    def report(evaluation: Evaluation) -> Decision:
        seen.append(evaluation)
        return Decision(go_on=len(seen) != until)

    return run_trial(job, report), seen


def scores(seen: list[Evaluation]) -> list[tuple[int, float, float]]:
    return [(one.step, one.score, one.mean_return) for one in seen]


def weights(path: Path) -> Any:
    return PPO.load(path, device="cpu").policy.state_dict()["action_net.weight"].numpy()


def test_a_run_with_checkpoints_has_the_scores_of_a_run_without(tmp_path: Path) -> None:
    kept, seen = run(kept_job(tmp_path))
    _, plain = run(replace(kept_job(tmp_path), keeping=None))
    assert scores(seen) == scores(plain)
    assert kept.facts["tests"].keys() == {"final", "best"}
    assert 0 <= kept.facts["tests"]["final"]["success"] <= 1
    assert kept.facts["best_step"] in STEPS
    assert len(kept.facts["choice"]) == len(STEPS)
    assert kept.facts["resumed"] == []


def test_only_the_last_checkpoint_is_kept_and_complete(tmp_path: Path) -> None:
    run(kept_job(tmp_path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["checkpoint-000000000256"]
    assert {"model.zip", "best.zip", "random.pkl", "state.json"} == {
        entry.name for entry in _newest(tmp_path).iterdir()
    }


def test_the_best_model_is_that_of_the_highest_choice(tmp_path: Path) -> None:
    outcome, _ = run(kept_job(tmp_path))
    choice = outcome.facts["choice"]
    best = max(place for place, score in enumerate(choice) if score == max(choice))
    assert outcome.facts["best_step"] == STEPS[best]
    same = np.array_equal(weights(_newest(tmp_path) / BEST), weights(_newest(tmp_path) / LAST))
    assert same == (best == len(STEPS) - 1)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="ppo"),
        pytest.param({"trainer": "sb3"}, id="ppo by sb3"),
        pytest.param({"params": SCHEDULES}, id="schedules"),
        pytest.param({"params": {"n_steps": 32, "batch_size": 8, "norm_obs": True, "norm_reward": True}}, id="scaled"),
        pytest.param({"algorithm": "a2c", "params": {"n_steps": 8}}, id="a2c"),
        pytest.param({"algorithm": "sac", "params": OFF_POLICY}, id="sac"),
        pytest.param(
            {"algorithm": "td3", "params": {**OFF_POLICY, "noise_type": "normal", "noise_std": 0.1}}, id="td3"
        ),
        pytest.param(
            {"environment": EnvironmentRef(id="tuner_toys:ToyGraded-v0", n_envs=2), "curriculum": CURRICULUM,
             "params": {"n_steps": 16, "batch_size": 8}},
            id="curriculum",
        ),
    ],
)  # fmt: skip
def test_an_interrupted_run_resumes_from_its_last_checkpoint(tmp_path: Path, changes: dict[str, Any]) -> None:
    job = kept_job(tmp_path / "cut", **changes)
    _, whole = run(kept_job(tmp_path / "whole", **changes))
    _, before = run(job, until=2)
    outcome, after = run(job)
    assert scores(before) == scores(whole)[:2]
    assert [one.step for one in after] == list(STEPS[2:])
    assert outcome.state == "completed"
    assert outcome.steps == STEPS[-1]
    assert outcome.facts["resumed"] == [128]
    assert after[0].seconds > before[-1].seconds
    if job.curriculum is not None:
        assert after[0].difficulty is not None
        assert before[-1].difficulty is not None
        assert after[0].difficulty >= before[-1].difficulty
        assert outcome.facts["curriculum"][0] == {"step": 0, "difficulty": 0.1}


def test_model_optimizer_and_statistics_are_resumed(tmp_path: Path) -> None:
    job = kept_job(tmp_path, params={"n_steps": 32, "batch_size": 8, "norm_obs": True, "norm_reward": False})
    run(job, until=2)
    assert (_newest(tmp_path) / LAST_STATISTICS).is_file()
    keeper = CheckpointWriter(job, _keeping(job))
    snapshot = keeper.snapshot()
    assert snapshot is not None
    from tuner.training.environments import make_vec_env

    env: Any = snapshot.environment(make_vec_env(job.environment))
    assert env.obs_rms.count > 128
    model: Any = snapshot.model(job, env)
    assert model.num_timesteps == 128
    assert model.policy.optimizer.state_dict()["state"]
    env.close()


@pytest.mark.parametrize("name", [LAST, "random.pkl"])
def test_a_checkpoint_with_another_file_in_it_is_not_loaded(tmp_path: Path, name: str) -> None:
    job = kept_job(tmp_path)
    run(job, until=2)
    file = _newest(tmp_path) / name
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(ModelUnusable, match=rf"{name}: is not what the training stored"):
        CheckpointWriter(job, _keeping(job)).snapshot()


def test_a_checkpoint_with_a_file_more_is_not_loaded(tmp_path: Path) -> None:
    """Such as statistics, which are unpickled where there are any."""
    job = kept_job(tmp_path)
    run(job, until=2)
    (_newest(tmp_path) / LAST_STATISTICS).write_bytes(b"x")
    with pytest.raises(ModelUnusable, match=rf"{LAST_STATISTICS}: is not what the training stored"):
        CheckpointWriter(job, _keeping(job)).snapshot()


def test_a_checkpoint_of_an_earlier_version_is_loaded(tmp_path: Path) -> None:
    job = kept_job(tmp_path)
    run(job, until=2)
    state = _newest(tmp_path) / STATE
    known = json.loads(state.read_text())
    assert {LAST, "random.pkl"} <= known.pop("sha256").keys()
    state.write_text(json.dumps(known))
    assert CheckpointWriter(job, _keeping(job)).snapshot() is not None


def test_a_run_that_was_finished_but_for_its_test_trains_no_more(tmp_path: Path) -> None:
    job = kept_job(tmp_path)
    run(job, until=4)
    before = weights(_newest(tmp_path) / LAST)
    outcome, after = run(job)
    assert after == []
    assert outcome.facts["resumed"] == []
    assert outcome.facts["tests"]["final"]["success"] is not None
    assert np.array_equal(before, weights(_newest(tmp_path) / LAST))


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = kept_job(tmp_path)
    run(job, until=1)

    def full(*_: object, **__: object) -> int:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(StorageFailed, match="No space left on device"):
            run(job)
    assert [entry.name for entry in tmp_path.iterdir()] == ["checkpoint-000000000064"]
    assert run(job)[0].state == "completed"


def test_a_checkpoint_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    job = kept_job(tmp_path)
    run(job, until=1)
    (_newest(tmp_path) / LAST).write_bytes(b"no zip")
    state = _newest(tmp_path) / STATE
    state.write_text(json.dumps({**json.loads(state.read_text()), "sha256": {}}))  # as of an earlier version
    with pytest.raises(ModelUnusable, match="training cannot resume from it"):
        run(job)


def test_environments_go_on_with_seeds_of_their_own(tmp_path: Path) -> None:
    assert seeds.resumed(1_000_000, 128) not in {1_000_000, seeds.resumed(1_000_000, 192)}
    run(kept_job(tmp_path), until=1)
    state = json.loads((_newest(tmp_path) / "state.json").read_text())
    assert state["evaluations"][0]["step"] == 64
    assert len(state["scores"]) == 1


def _newest(folder: Path) -> Path:
    found = newest(folder)
    assert found is not None
    return found


def _keeping(job: TrialJob) -> Keeping:
    assert job.keeping is not None
    return job.keeping
