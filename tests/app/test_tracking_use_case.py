"""Runs that are tracked: trackers hold what the study holds, and nothing that fails there costs a trial."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import write_study
from driving import write_arm
from listening_toys import noted
from trackers import mlflow_runs, need, wandb_runs
from use_cases import INLINE, Told

from tuner.app import events, trial_relay
from tuner.app.resolve import open_study
from tuner.app.trackers import board_folder
from tuner.app.tune import TuneRequest, tune
from tuner.errors import TooManyFailures
from tuner.study.rows import Row
from tuner.study.storage import parse_url

RUN = TuneRequest(study="toy.yaml", engine=INLINE)
FOLDER = Path("studies")


@pytest.fixture(autouse=True)
def _no_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trackers write where tests look, whatever this machine's variables say, and have time on a busy one."""
    monkeypatch.setattr(trial_relay, "FLUSH", 300.0)
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "WANDB_"))]:
        monkeypatch.delenv(name)


def rows() -> list[Row]:
    return open_study("toy", None).rows


def tracked(told: Told, *trackers: str, **changes: Any) -> None:
    tune(replace(RUN, changes={"track": trackers, "sampler": "random", "seed": 1, **changes}), told)


def curve(row: Row, name: str) -> list[list[float]]:
    return [[point["step"], point[name]] for point in row.attributes["curve"]]


def kept(row: Row) -> list[str]:
    """The names of the files that a trial kept."""
    return [*open_study("toy", None).ended_trial(row.number).files]


@pytest.mark.slow
def test_mlflow_holds_what_the_study_holds(told: Told, toy_study: Path) -> None:
    need("mlflow")
    tracked(told, "mlflow")
    assert told.of(events.ListenerFailed) == []
    runs = mlflow_runs(FOLDER / "tuner.mlflow")
    assert [run["tags"]["tuner.trial"] for run in runs] == ["0", "1", "2", "3"]
    for row, run in zip(rows(), runs, strict=True):
        assert (run["experiment"], run["name"], run["status"]) == ("toy", f"toy trial {row.number}", "FINISHED")
        assert {name: float(text) for name, text in run["params"].items()} == row.arguments
        assert run["curves"]["score"] == curve(row, "score")
        assert run["curves"]["success"] == curve(row, "success")
        assert run["curves"]["return"] == curve(row, "return")
        assert run["curves"]["final/value"] == [[0, row.value]]
        steps, kl = row.attributes["health"]["steps"], row.attributes["health"]["signals"]["approx_kl"]
        assert run["curves"]["health/approx_kl"] == [list(point) for point in zip(steps, kl, strict=True)]
        assert run["tags"]["tuner.state"] == "complete"
        assert run["tags"].get("tuner.role") == row.role
        assert run["files"] == kept(row)


@pytest.mark.slow
def test_wandb_offline_holds_what_the_study_holds(told: Told, toy_study: Path) -> None:
    need("wandb")
    tracked(told, "wandb")
    assert told.of(events.ListenerFailed) == []
    assert "offline" in told.of(events.TrackingAnnounced)[0].places["wandb"]
    runs = wandb_runs(FOLDER / "tuner.wandb")
    assert [run["config"]["tuner.trial"] for run in runs] == ["0", "1", "2", "3"]
    for row, run in zip(rows(), runs, strict=True):
        assert (run["name"], run["group"], run["exit"]) == (f"toy trial {row.number}", "toy", 0)
        assert {name: run["config"][name] for name in row.arguments} == row.arguments
        told_of = [[point["_step"], point["score"]] for point in run["history"] if "score" in point]
        assert told_of == curve(row, "score")
        assert run["summary"]["final/value"] == row.value
        assert "complete" in run["tags"]
        assert [name for name in run["files"] if name.endswith(".zip")] == kept(row)


@pytest.mark.slow
def test_trials_of_runs_without_a_tracker_are_caught_up_and_none_is_there_twice(told: Told, finished: Path) -> None:
    need("mlflow", "wandb")
    for trials in (4, 5, 5):  # the first of these only catches up, the last has nothing to do
        tracked(told, "mlflow", "wandb", trials=trials)
    numbers = ["0", "1", "2", "3", "4"]
    assert [run["tags"]["tuner.trial"] for run in mlflow_runs(FOLDER / "tuner.mlflow")] == numbers
    assert [run["config"]["tuner.trial"] for run in wandb_runs(FOLDER / "tuner.wandb")] == numbers
    assert told.of(events.ListenerMissed) == []


@pytest.mark.slow
def test_a_tracker_that_is_down_costs_one_warning_and_is_told_at_the_next_run(
    told: Told, toy_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:hunter2@127.0.0.1:9")
    tracked(told, "mlflow")
    assert [row.state for row in rows()] == ["complete"] * 4
    [failed], [missed] = told.of(events.ListenerFailed), told.of(events.ListenerMissed)
    assert (failed.name, missed.count, missed.again) == ("mlflow", 4, True)
    assert "hunter2" not in str(told.events)
    assert "\n" not in failed.reason
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    tracked(told, "mlflow")
    assert len(mlflow_runs(FOLDER / "tuner.mlflow")) == 4


def test_a_command_gets_every_trial(told: Told, toy_study: Path) -> None:
    write_study(toy_study.parent, on_trial_end="sh -c 'cat >> notes.jsonl; echo >> notes.jsonl'")
    tune(replace(RUN, changes={"trials": 3}), told)
    assert [(one["number"], one["state"], one["value"]) for one in noted()] == [
        (row.number, row.state, row.value) for row in rows()
    ]
    assert [one["curve"] for one in noted()] == [row.attributes["curve"] for row in rows()]
    assert (told.of(events.ListenerFailed), told.of(events.ListenerMissed)) == ([], [])


def test_commands_that_fail_are_one_warning_and_a_sum(told: Told, toy_study: Path) -> None:
    tune(replace(RUN, changes={"on_trial_end": "sh -c 'echo no bell >&2; exit 3'"}), told)
    assert told.of(events.ListenerFailed) == [
        events.ListenerFailed(name="on_trial_end", trial=0, reason="exit code 3: no bell")
    ]
    assert told.of(events.ListenerMissed) == [events.ListenerMissed(name="on_trial_end", count=4, again=False)]
    assert [row.state for row in rows()] == ["complete"] * 4


def test_a_command_that_hangs_holds_up_neither_trials_nor_the_end(
    told: Told, toy_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial_relay, "FLUSH", 3.0)
    begun = time.monotonic()
    tune(replace(RUN, changes={"on_trial_end": "sleep 600"}), told)
    assert time.monotonic() - begun < 60
    assert [row.state for row in rows()] == ["complete"] * 4
    assert told.of(events.ListenerMissed) == [events.ListenerMissed(name="on_trial_end", count=4, again=False)]
    assert told.of(events.ListenersAwaited) == [events.ListenersAwaited(names=("on_trial_end",), seconds=3.0)]


def test_listeners_of_installed_packages_are_told(
    told: Told, toy_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "packages" / "bells-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: bells\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[tuner.listeners]\nnotes = listening_toys:note\nbroken = listening_toys:Unreachable\n"
    )
    monkeypatch.syspath_prepend(str(about.parent))
    tune(replace(RUN, changes={"trials": 3}), told)
    assert [one["number"] for one in noted()] == [0, 1, 2]
    assert [one.name for one in told.of(events.ListenerFailed)] == ["listener broken"]


class Breaking(Told):
    """Breaks the environment just before the first trial."""

    def notify(self, event: events.Event) -> None:
        super().notify(event)
        if isinstance(event, events.RunEstimated):
            Path("broken").touch()


def test_trials_that_fail_are_told_with_their_reason_the_one_that_ends_the_run_too(toy_study: Path) -> None:
    write_arm(Path("arm.py"), "from pathlib import Path", "1 / (not Path('broken').exists())")
    hook = "sh -c 'cat >> notes.jsonl; echo >> notes.jsonl'"
    write_study(toy_study.parent, environment={"id": "arm.py:Arm"}, on_trial_end=hook)
    with pytest.raises(TooManyFailures):
        tune(replace(RUN, skip_check=True), Breaking())
    ended = [row for row in rows() if row.state != "waiting"]
    assert [(one["number"], one["state"]) for one in noted()] == [(row.number, row.state) for row in ended]
    assert "fail" in {one["state"] for one in noted()}
    assert all("ZeroDivisionError" in one["reason"] for one in noted())


def test_the_command_of_a_file_is_no_part_of_the_stored_study(told: Told, toy_study: Path) -> None:
    write_study(toy_study.parent, on_trial_end="touch ran", track="off")
    tune(replace(RUN, changes={"trials": 3}), told)
    assert Path("ran").exists()
    Path("ran").unlink()
    tune(TuneRequest(study="toy", engine=INLINE, changes={"trials": 4}), told)
    assert not Path("ran").exists()
    assert "touch ran" not in open_study("toy", None).optuna_study.user_attrs["spec"]


def test_tensorboard_is_a_tracker_as_well(told: Told, toy_study: Path) -> None:
    pytest.importorskip("tensorboard")
    write_study(toy_study.parent, track="tensorboard")
    tune(replace(RUN, changes={"trials": 3}), told)
    folder = (FOLDER / "tuner.tensorboard").resolve()
    assert [one.folder for one in told.of(events.CurvesAnnounced)] == [folder]
    assert len(list(folder.glob("toy/trial-*/events.*"))) == 3
    spec = open_study("toy", None).spec
    assert spec.track == ("tensorboard",)
    assert board_folder(spec, parse_url("sqlite:///x.db"), Path("mine")) == Path("mine")  # as `--tensorboard` has it


def test_curves_that_cannot_be_written_cost_one_warning(told: Told, toy_study: Path) -> None:
    pytest.importorskip("tensorboard")
    folder = (FOLDER / "curves").resolve()
    (folder / "toy").mkdir(parents=True)
    (folder / "toy" / "trial-1").touch()
    tune(replace(RUN, curves=folder), told)
    assert [row.state for row in rows()] == ["complete"] * 4
    [failed], [missed] = told.of(events.ListenerFailed), told.of(events.ListenerMissed)
    assert (failed.name, failed.trial, missed.count, missed.again) == ("tensorboard", 1, 1, False)
    assert failed.reason.startswith(f"cannot write to {folder}/toy/trial-1: ")
