"""What trackers show of a trial."""

from pathlib import Path
from typing import Any

import pytest

from tuner.tracking.tracked_run import tracked_run
from tuner.tracking.tracker_places import mlflow_uri, wandb_mode, without_secrets

TRIAL: dict[str, Any] = {
    "id": "abc",
    "study": "toy",
    "number": 3,
    "state": "pruned",
    "role": "baseline:current",
    "repeat_of": None,
    "value": None,
    "success": 0.5,
    "distance": float("nan"),
    "seconds": 2,
    "seed": 1_000_003,
    "arguments": {"learning_rate": "lin_0.001", "policy_kwargs": {"net_arch": [8]}},
    "curve": [
        {"step": 64, "score": 0.25, "success": None, "return": -1.0, "milestones": {"grasped": 0.75}},
        {"step": 128, "score": 0.5, "success": 0.5, "return": 1.0, "difficulty": 0.1},
    ],
    "health": {"steps": [32, 64], "signals": {"approx_kl": [None, 0.01]}},
    "started": 10.0,
    "ended": 12.0,
    "files": {},
}


def test_curves_are_values_by_step_without_what_is_no_number() -> None:
    assert tracked_run(TRIAL).curve == {
        64: {"score": 0.25, "return": -1.0, "milestone/grasped": 0.75, "health/approx_kl": 0.01},
        128: {"score": 0.5, "success": 0.5, "return": 1.0, "difficulty": 0.1},
    }


def test_final_values_and_tags_are_those_that_there_are() -> None:
    run = tracked_run(TRIAL)
    assert run.final == {"final/success": 0.5, "final/seconds": 2.0}
    assert run.tags == {
        "tuner.study": "toy",
        "tuner.trial": "3",
        "tuner.state": "pruned",
        "tuner.role": "baseline:current",
        "tuner.seed": "1000003",
        "tuner.id": "abc",
    }


def test_a_trial_that_never_ran_has_a_run_as_well() -> None:
    bare = {key: value for key, value in TRIAL.items() if key not in ("curve", "health", "success", "seconds")}
    run = tracked_run({**bare, "state": "interrupted", "started": None, "ended": 12.0})
    assert (run.curve, run.final, run.started) == ({}, {}, 12.0)


def test_a_file_that_is_gone_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    files = {"trial-3.zip": str(tmp_path / "there"), "trial-3-vecnormalize.pkl": str(tmp_path / "gone")}
    assert tracked_run({**TRIAL, "files": files}).files == {"trial-3.zip": str(tmp_path / "there")}


def test_places_come_from_the_trackers_own_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "WANDB_MODE", "WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert (mlflow_uri(tmp_path), wandb_mode()) == (f"sqlite:///{tmp_path}/mlflow.db", "offline")
    keys = tmp_path / "netrc"
    keys.write_text("machine api.wandb.ai login user password 0123\n")
    keys.chmod(0o600)
    monkeypatch.setenv("NETRC", str(keys))
    assert wandb_mode() == "online"
    monkeypatch.setenv("WANDB_MODE", "disabled")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert (mlflow_uri(tmp_path), wandb_mode()) == ("http://127.0.0.1:5000", "disabled")


def test_secrets_of_the_environment_are_left_out_of_texts() -> None:
    environment = {"WANDB_API_KEY": "abcdef", "MLFLOW_TRACKING_PASSWORD": "hunter2", "HOME": "/home", "EMPTY_TOKEN": ""}
    text = "no: abcdef hunter2 /home https://me:pw@host"
    assert without_secrets(text, environment) == "no: *** *** /home https://me:***@host"
