"""TensorBoard logs: what is in them, and that they do not change a trial's results."""

import importlib
from pathlib import Path
from typing import Any

import pytest
from conftest import make_job

from tuner.records import CURVES_FAILED, Decision, Evaluation
from tuner.trial import run_trial

reading: Any = importlib.import_module("tensorboard.backend.event_processing.event_accumulator")


def trained(folder: Path | None, **changes: Any) -> list[Evaluation]:
    seen: list[Evaluation] = []

    def report(evaluation: Evaluation) -> Decision:
        seen.append(evaluation)
        return Decision(go_on=True)

    run_trial(make_job(board=str(folder) if folder else None, **changes), report)
    return seen


def curves(folder: Path) -> dict[str, list[tuple[int, float]]]:
    found = reading.EventAccumulator(str(folder))
    found.Reload()
    return {tag: [(event.step, event.value) for event in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def without_time(evaluations: list[Evaluation]) -> list[dict[str, Any]]:
    timed = ("seconds", "evaluation_seconds")
    return [{key: value for key, value in vars(one).items() if key not in timed} for one in evaluations]


@pytest.mark.parametrize("trainer", ["sb3", "fused"])
def test_the_curves_are_written_and_change_no_digit(tmp_path: Path, trainer: str) -> None:
    evaluations = trained(tmp_path / "deep" / "trial-0", trainer=trainer)
    assert without_time(evaluations) == without_time(trained(None, trainer=trainer))
    found = curves(tmp_path / "deep" / "trial-0")
    assert {
        "rollout/ep_rew_mean", "rollout/ep_len_mean", "train/approx_kl", "train/clip_fraction", "train/value_loss",
        "train/policy_gradient_loss", "train/learning_rate", "eval/success_rate", "eval/score", "eval/mean_reward",
    } <= set(found)  # fmt: skip
    assert [step for step, _ in found["train/approx_kl"]] == [32, 64, 96, 128]
    assert [step for step, _ in found["eval/score"]] == [one.step for one in evaluations]
    assert [score for _, score in found["eval/score"]] == pytest.approx([one.score for one in evaluations])


def test_files_of_an_earlier_trial_are_replaced_and_other_files_stay(tmp_path: Path) -> None:
    folder = tmp_path / "trial-0"
    trained(folder)
    (folder / "notes.txt").write_text("mine")
    trained(folder, timesteps=64, checkpoints=())
    assert len(list(folder.glob("events.*"))) == 1
    assert [step for step, _ in curves(folder)["train/loss"]] == [32, 64]
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_made_changes_nothing_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "trial-0"
    outcome = run_trial(make_job(board=str(folder)), lambda _: Decision(go_on=True))
    assert outcome.state == "completed"
    assert outcome.facts[CURVES_FAILED].startswith(f"cannot write to {folder}: ")
