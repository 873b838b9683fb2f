"""`tuner run --track`, `--on-trial-end`: refused in a line before anything begins; what is said of failures."""

import importlib.util
from pathlib import Path

import pytest
from conftest import Tuner, write_study

from tuner.app import events
from tuner.cli.render.words import words
from tuner.study.stored import SettingChange


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--track mlfow", "--track 'mlfow': must be one of mlflow, wandb, tensorboard, off"),
        ("--track off --track mlflow", "--track off: goes alone"),
        ("--on-trial-end ''", "--on-trial-end: '' must be a command, such as ./notify.sh"),
        (
            "--on-trial-end './gone.sh now'",
            "on_trial_end './gone.sh': no such program, or none that can be run (chmod +x; a path)",
        ),
    ],
    ids=["unknown", "off and on", "empty", "no program"],
)
def test_what_cannot_be_is_one_line(tuner: Tuner, toy_study: Path, options: str, said: str) -> None:
    assert tuner(f"run toy.yaml {options}").err == f"tuner: {said}\n"
    assert not Path("studies").exists()


@pytest.mark.parametrize("tracker", ["mlflow", "wandb", "tensorboard"])
def test_without_its_package_a_tracker_is_refused_with_the_install_line(
    tuner: Tuner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tracker: str
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *more: None if name == tracker else found(name, *more))
    write_study(tmp_path, track=tracker)
    for line in ("run toy.yaml", "run toy.yaml --dry-run"):
        said = tuner(line)
        assert said.code == 2
        assert said.err == (
            f"tuner: track {tracker}: needs the package {tracker}, which is not installed "
            f"(pip install 'roarm-tuner[{tracker}]')\n"
        )
    assert not Path("studies").exists()
    assert tuner("run toy.yaml --track off --dry-run").code == 0  # the option goes before the file


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            events.ListenerFailed(name="mlflow", trial=3, reason="ValueError: no"),
            "Warning: mlflow, trial 3: ValueError: no (the study goes on)",
        ),
        (
            events.ListenerFailed(name="mlflow", trial=None, reason="down"),
            "Warning: mlflow: down (the study goes on)",
        ),
        (
            events.ListenerMissed(name="mlflow", count=2, again=True),
            "Not told to mlflow: 2 trials of the study; run the same command to catch up.",
        ),
        (
            events.ListenerMissed(name="on_trial_end", count=1, again=False),
            "Not told to on_trial_end: 1 trial of the study.",
        ),
        (events.ListenersAwaited(names=("mlflow", "wandb"), seconds=60.0), "Waiting up to 60 s for mlflow, wandb …"),
        (
            events.SettingsChanged(changes=(SettingChange(name="track", before=(), now=("mlflow", "wandb")),)),
            "Since the last run, track was off and is now mlflow, wandb.",
        ),
    ],
    ids=str,
)
def test_words(event: events.Event, line: str) -> None:
    assert [*words(event)] == [line]
