"""`tuner confirm`: what is printed of a finished and an unfinished confirmation, `--json`, exit codes, errors."""

import functools
import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Tuner

from tuner.app import confirm
from tuner.app.status import read_status
from tuner.cli.render.confirm_tables import print_confirmation, print_reading

SAME = "confirm toy --seeds 3 --engine inline"


@pytest.fixture
def unfinished(answered: Path) -> None:
    """The last run of a confirmation has failed."""
    with sqlite3.connect("studies/tuner.db") as database:
        database.execute("UPDATE trials SET state = 'FAIL' WHERE trial_id = (SELECT max(trial_id) FROM trials)")
    database.close()


def test_the_answer_is_printed_and_a_rerun_prints_it_again(tuner: Tuner, answered: Path) -> None:
    said = tuner(SAME)
    assert said.code == 0, said.err
    for words in (
        "clearly behind",
        "by seed",
        "over 100 episodes",
        "winner, trial 3",
        "IQM",
        "Selection bias (tuning score minus test score) of trial 3: ",
        "P(winner > current)",
    ):
        assert words in said.out
    done = json.loads(tuner(f"{SAME} --json").out)["runs"]["done"]
    assert f"Nothing to do: all {done} runs are in the database" in said.err
    assert tuner(SAME) == said


def test_the_answer_stands_above_everything(tuner: Tuner, answered: Path) -> None:
    lines = tuner(SAME).out.splitlines()
    assert lines[0] == "Confirmation of study 'toy'"
    assert lines[1].startswith("success, test")


def test_json_has_every_value(tuner: Tuner, answered: Path) -> None:
    said = tuner(f"{SAME} --json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert found["complete"]
    assert found["runs"]["done"] == found["runs"]["planned"]
    assert (found["winner"], found["measure"]) == ("trial 3", "success")
    arm = found["arms"][0]
    assert len(arm["test"]) == 3
    selection_bias = found["answer"]["arms"][0]["selection_bias"]
    assert selection_bias == pytest.approx(arm["tuning"]["success"] - sum(arm["test"]) / 3)
    pairs = [(comparison["first"], comparison["second"]) for comparison in found["answer"]["comparisons"]]
    assert pairs == [("winner", "current"), ("winner", "proposed"), ("proposed", "current")]


def test_there_is_no_verdict_when_the_time_is_over_early(tuner: Tuner, unfinished: None) -> None:
    said = tuner(f"{SAME} --minutes 0.0001")
    assert said.code == 0, said.err
    assert "Time limit reached" in said.err
    assert said.out.splitlines()[0].endswith("runs so far")
    assert "Verdicts follow once all runs are done" in said.out
    found = json.loads(tuner("status toy --json").out)["confirmation"]["runs"]
    assert found["done"] == found["planned"] - 1
    assert (
        f"Confirmation: {found['done']} of {found['planned']} runs; resume with `tuner confirm toy`."
        in tuner("status toy").out
    )


def test_ctrl_c_shows_the_runs_so_far(tuner: Tuner, unfinished: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(confirm, "coordinate", stopped)
    said = tuner(SAME)
    assert said.code == 130
    assert "Stopped. Finished runs are kept. Run the same command to resume." in said.err
    assert "runs so far" in said.out


def test_status_shows_the_answer_and_the_trials_since(
    tuner: Tuner, answered: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    confirmed = json.loads(tuner(f"{SAME} --json").out)
    assert json.loads(tuner("status toy --json").out)["confirmation"] == {**confirmed, "newer_trials": 0}
    out = tuner("status toy").out
    assert "Confirmed over 3 test seeds, IQM of success, 95 %: trial 3 " in out
    assert "since" not in out
    reading = read_status("toy", None).reading
    assert reading is not None
    print_reading(replace(reading, newer=2))
    since = "The study has completed 2 trials since: `tuner confirm toy` includes them."
    assert since in capsys.readouterr().out


def test_returns_are_headed_as_such(answered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reading = read_status("toy", None).reading
    assert reading is not None
    print_confirmation(replace(reading.confirmation, measure="return"))
    assert "return, test" in capsys.readouterr().out


def test_a_run_may_end_with_its_confirmation(tuner: Tuner, answered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "ConfirmRequest", functools.partial(confirm.ConfirmRequest, seeds=3))
    said = tuner("run toy.yaml --engine inline --confirm --json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert found["finished"] == 4
    assert found["confirmation"]["winner"] == "trial 3"
    said = tuner("run toy.yaml --engine inline --confirm")
    assert "tuner confirm" not in said.out
    assert "Confirmation of study 'toy'" in said.out


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("confirm nothing", 2, "no study in the database called 'nothing'"),
        ("confirm toy --top 0", 2, "--top 0: must be at least 1"),
        ("confirm toy --seeds 0", 2, "--seeds 0: must be at least 1"),
        ("confirm toy --seeds many", 2, "--seeds 'many': must be a whole number"),
        ("confirm toy --seeds 101", 2, "--seeds 101: must be at most 100"),
        ("confirm toy --engine dask", 2, "--engine 'dask': must be one of"),
        ("confirm toy --storage sqlite:///no.db", 1, "no database at"),
    ],
)
def test_an_invalid_value_is_refused_in_a_line(tuner: Tuner, finished: Path, line: str, code: int, words: str) -> None:
    said = tuner(line)
    assert (said.code, said.out) == (code, "")
    assert words in said.err
    assert len(said.err.splitlines()) == 1
