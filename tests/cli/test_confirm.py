"""`tuner confirm` as it is typed, with seconds of real training in the toy environment."""

import functools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import optuna
import pytest
from conftest import Said, Tuner, write_study

from tuner import seeds
from tuner.app import confirm
from tuner.app.resolve import storage_url
from tuner.errors import EnvironmentFailed
from tuner.records import TrialOutcome
from tuner.study.file_lock import StudyLock
from tuner.study.storage import database_path, open_to_read, open_to_write
from tuner.study.stored import stored_names

INLINE = "--engine inline"


def data(said: Said) -> Any:
    assert said.code == 0, said.err
    return json.loads(said.out)


def runs(name: str = "toy-confirm") -> list[dict[str, Any]]:
    """The companion's trials with their attributes."""
    study = optuna.load_study(storage=open_to_read(storage_url(None)), study_name=name)
    return [{**trial.user_attrs, "state": trial.state.name, "value": trial.value} for trial in study.get_trials()]


def keys(found: list[dict[str, Any]]) -> Counter[tuple[str, str, int]]:
    return Counter((run["phase"], run["arm"], run["seed"]) for run in found if run["state"] == "COMPLETE")


def test_from_a_study_to_an_answer_and_the_same_again_does_nothing(tuner: Tuner, finished: Path) -> None:
    said = tuner(f"confirm toy --seeds 3 {INLINE}")
    assert said.code == 0, said.err
    assert "Warning: 3 test seeds cannot confirm a difference; give --seeds 5 or more." in said.err
    assert "Who takes part: trial 3, trial 2, current, proposed; 384 steps a run" in said.err
    assert "At most 21 runs on 1 worker: about" in said.err
    for words in (
        "clearly behind",
        "by seed",
        "over 100 goals",
        "winner, trial 3",
        "IQM",
        "Optimism",
        "P(winner > current)",
    ):
        assert words in said.out
    found = runs()
    assert set(keys(found).values()) == {1}
    tests = [run for run in found if run["phase"] == "test"]
    assert Counter(run["seed"] for run in tests) == dict.fromkeys(range(seeds.TEST, seeds.TEST + 3), 3)
    assert {run["role"] for run in tests if "role" in run} == {"baseline:current", "baseline:proposed"}
    assert all(len(run["curve"]) == 6 for run in found)
    for run in tests:
        assert run["success"] == run["curve"][-1]["success"]  # the last one alone
        assert run["success"] * 100 == pytest.approx(round(run["success"] * 100))
    again = tuner(f"confirm toy --seeds 3 {INLINE}")
    assert (again.code, again.out) == (0, said.out)
    assert f"Nothing to do: all {len(found)} runs are in the database" in again.err
    assert runs() == found


def test_more_seeds_run_just_those_and_json_tells_every_value(tuner: Tuner, finished: Path) -> None:
    few = data(tuner(f"confirm toy --seeds 1 --top 1 {INLINE} --json"))
    more = data(tuner(f"confirm toy --seeds 2 --top 1 {INLINE} --json"))
    assert more["runs"]["done"] == more["runs"]["planned"] == few["runs"]["done"] + 3
    assert few["winner"] == more["winner"] == "trial 3"
    for before, after in zip(few["arms"], more["arms"], strict=True):
        assert after["test"][:1] == before["test"]
        assert len(after["test"]) == 2
    assert set(keys(runs()).values()) == {1}
    arm = more["arms"][0]
    optimism = more["answer"]["arms"][0]["optimism"]
    assert optimism == pytest.approx(arm["tuning"]["success"] - sum(arm["test"]) / 2)
    pairs = [(comparison["first"], comparison["second"]) for comparison in more["answer"]["comparisons"]]
    assert pairs == [("winner", "current"), ("winner", "proposed"), ("proposed", "current")]


def test_the_answer_stands_above_everything(tuner: Tuner, finished: Path) -> None:
    lines = tuner(f"confirm toy --seeds 1 --top 1 {INLINE}").out.splitlines()
    assert lines[0] == "Confirmation of study 'toy'"
    assert lines[1].startswith("success, test")


def test_a_confirmation_ends_in_time_and_goes_on(tuner: Tuner, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 100_000, 60))  # a minute passes whenever somebody looks
    with monkeypatch.context() as patched:
        patched.setattr("tuner.app.limits.time.monotonic", lambda: next(clock))
        said = tuner(f"confirm toy --seeds 1 --top 1 {INLINE} --minutes 3")
    assert said.code == 0, said.err
    assert "The minutes given are over" in said.err
    assert said.out.splitlines()[0].endswith("runs so far")
    assert "Verdicts come when all is run" in said.out
    before = keys(runs())
    assert 0 < before.total() < 3
    told = tuner("status toy").out
    assert f"Confirmation: {before.total()} of " in told
    whole = data(tuner(f"confirm toy --seeds 1 --top 1 {INLINE} --json"))
    assert whole["complete"]
    assert set(keys(runs()).values()) == {1}


def test_status_tells_the_answer_and_what_came_since(tuner: Tuner, finished: Path) -> None:
    assert "confirmation" not in json.loads(tuner("status toy --json").out)
    confirmed = data(tuner(f"confirm toy --seeds 2 --top 1 {INLINE} --json"))
    assert data(tuner("status toy --json"))["confirmation"] == {**confirmed, "newer_trials": 0}
    assert tuner(f"run {finished} {INLINE} --trials 6 --pruner none").code == 0
    later = data(tuner("status toy --json"))["confirmation"]
    assert later == {**confirmed, "newer_trials": 2}  # the one that was made, whoever leads now
    out = tuner("status toy").out
    assert "Confirmed over 2 test seeds, IQM of success, 95 %: trial 3 " in out
    assert "The study has had 2 completed trials since: `tuner confirm toy` takes them in." in out


def test_workers_give_what_one_process_gives(tuner: Tuner, finished: Path, tmp_path: Path) -> None:
    inline = data(tuner(f"confirm toy --seeds 1 --top 1 {INLINE} --json"))
    optuna.delete_study(study_name="toy-confirm", storage=open_to_write(storage_url(None)))
    assert data(tuner("confirm toy --seeds 1 --top 1 --workers 2 --json")) == inline


def test_a_run_may_end_with_its_confirmation(tuner: Tuner, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "ConfirmRequest", functools.partial(confirm.ConfirmRequest, top=1, seeds=1))
    found = data(tuner(f"run {finished} {INLINE} --confirm --json"))
    assert found["finished"] == 4
    assert found["confirmation"]["winner"] == "trial 3"
    said = tuner(f"run {finished} {INLINE} --confirm")
    assert "tuner confirm" not in said.out
    assert "Confirmation of study 'toy'" in said.out


def test_without_baselines_there_is_the_winner_alone(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, baselines={}, trials=1)
    assert tuner(f"run {path} {INLINE}").code == 0
    said = tuner(f"confirm toy --seeds 2 {INLINE}")
    assert said.code == 0
    assert "The study has no finished baseline: there is nothing to hold the winner against." in said.err
    assert Counter(run["phase"] for run in runs()) == {"test": 2}


def test_returns_are_told_where_there_is_no_success(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, environment={"id": "tuner_toys:ToyPlain-v0"}, trials=2)
    assert tuner(f"run {path} {INLINE}").code == 0
    found = data(tuner(f"confirm toy --seeds 1 {INLINE} --json"))
    assert found["measure"] == "return"
    assert all(arm["test"] for arm in found["arms"])
    assert "return, test" in tuner(f"confirm toy --seeds 1 {INLINE}").out


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
def test_what_cannot_be_is_refused_in_a_line(tuner: Tuner, finished: Path, line: str, code: int, words: str) -> None:
    said = tuner(line)
    assert (said.code, said.out) == (code, "")
    assert words in said.err
    assert len(said.err.splitlines()) == 1


def test_a_file_of_another_environment_is_refused(tuner: Tuner, finished: Path, tmp_path: Path) -> None:
    write_study(tmp_path, environment={"id": "tuner_toys:ToyGraded-v0"})
    said = tuner(f"confirm {finished} {INLINE}")
    assert said.code == 2
    assert "is of tuner_toys:ToyGraded-v0, and the stored study 'toy' of tuner_toys:ToyLine-v0" in said.err


def test_a_study_of_the_companions_name_is_left_alone(tuner: Tuner, finished: Path) -> None:
    assert tuner(f"run {finished} --name toy-confirm --trials 2 {INLINE}").code == 0
    said = tuner(f"confirm toy {INLINE}")
    assert said.code == 1
    assert "study 'toy-confirm' is in the database and no confirmation of 'toy'" in said.err


def test_the_companion_of_a_study_that_was_made_anew_is_refused(tuner: Tuner, finished: Path) -> None:
    assert tuner(f"confirm toy --seeds 1 --top 1 {INLINE}").code == 0
    optuna.delete_study(study_name="toy", storage=open_to_write(storage_url(None)))
    assert tuner(f"run {finished} --timesteps 768 --trials 2 {INLINE}").code == 0
    said = tuner(f"confirm toy --seeds 1 {INLINE}")
    assert said.code == 1
    assert "timesteps: stored 384, now 768" in said.err


@pytest.mark.parametrize("command", ["status", "export", "confirm", "run"])
def test_a_companion_says_what_it_is(tuner: Tuner, finished: Path, command: str) -> None:
    assert tuner(f"confirm toy --seeds 1 --top 1 {INLINE}").code == 0
    said = tuner(f"{command} toy-confirm")
    assert said.code == 1
    assert "study 'toy-confirm' keeps the runs of a confirmation: see `tuner confirm toy`" in said.err


def test_a_chain_of_stages_is_confirmed_by_its_stages(tuner: Tuner, finished: Path) -> None:
    assert tuner(f"run {finished} --name chain-1-rate --trials 2 {INLINE}").code == 0
    assert tuner(f"confirm chain-1-rate --seeds 1 --top 1 {INLINE}").code == 0
    assert "name one: chain-1-rate\n" in tuner("confirm chain").err


def test_it_waits_for_nobody_who_works_on_the_study(tuner: Tuner, finished: Path) -> None:
    with StudyLock(database_path(storage_url(None)), "toy"):
        said = tuner(f"confirm toy {INLINE}")
    assert said.code == 1
    assert "study 'toy' is being worked on by process" in said.err


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> list[TrialOutcome | BaseException]:
    """How the next training runs end, in place of how they would."""
    from tuner.trial import train as real

    coming: list[TrialOutcome | BaseException] = []

    def train(*arguments: Any) -> TrialOutcome:
        if not coming:
            return real(*arguments)
        end = coming.pop(0)
        if isinstance(end, BaseException):
            raise end
        return end

    monkeypatch.setattr("tuner.trial.train", train)
    return coming


def test_a_run_that_diverged_counts_as_never_succeeding(
    tuner: Tuner, finished: Path, ends: list[TrialOutcome | BaseException]
) -> None:
    ends.append(TrialOutcome(state="diverged", reason="approx_kl is 20"))
    found = data(tuner(f"confirm toy --seeds 1 --top 2 {INLINE} --json"))
    assert found["arms"][0]["validation"][0] == 0.0
    assert sum(run["state"] == "PRUNED" for run in runs()) == 1


def test_a_failed_run_runs_again_and_one_that_always_fails_stops_it(
    tuner: Tuner, finished: Path, ends: list[TrialOutcome | BaseException]
) -> None:
    ends += [EnvironmentFailed("the gripper fell off")] * 3
    said = tuner(f"confirm toy --seeds 1 --top 2 {INLINE}")
    assert said.code == 1
    assert "trial 3 with validation seed 1 failed 3 times, at last: the gripper fell off" in said.err
    ends.append(EnvironmentFailed("once more"))
    assert tuner(f"confirm toy --seeds 1 --top 2 {INLINE}").code == 1
    assert tuner(f"confirm toy --seeds 1 --top 2 {INLINE}").code == 0
    assert set(keys(runs()).values()) == {1}


def test_ctrl_c_shows_what_there_is_and_the_same_command_goes_on(
    tuner: Tuner, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tuner.confirmation.confirmation_source import ConfirmationSource

    real = ConfirmationSource.on_outcome

    def impatient(source: ConfirmationSource, number: int, outcome: TrialOutcome) -> None:
        real(source, number, outcome)
        if number == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(ConfirmationSource, "on_outcome", impatient)
    said = tuner(f"confirm toy --seeds 1 {INLINE}")
    assert said.code == 130
    assert "Stopped. Every finished run is kept; the same command goes on." in said.err
    assert "runs so far" in said.out
    monkeypatch.setattr(ConfirmationSource, "on_outcome", real)
    assert tuner(f"confirm toy --seeds 1 {INLINE}").code == 0
    assert set(keys(runs()).values()) == {1}
    assert stored_names(open_to_read(storage_url(None))) == ["toy", "toy-confirm"]
