"""Confirming a winner, with seconds of real training in the toy environment."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from conftest import write_study
from use_cases import INLINE, Told

from tuner import seeds
from tuner.app import events, limits
from tuner.app.confirm import ConfirmRequest, confirm
from tuner.app.engine_options import EngineOptions
from tuner.app.export import ExportRequest, export
from tuner.app.resolve import storage_url
from tuner.app.status import read_status
from tuner.app.submit import SubmitRequest, submit
from tuner.app.tune import TuneRequest, tune
from tuner.errors import (
    EnvironmentFailed,
    NothingToShow,
    StorageFailed,
    StudyLocked,
    TooManyFailures,
    UnknownName,
    UsageProblem,
)
from tuner.records import TrialOutcome
from tuner.results.confirmation_reading import Confirmation
from tuner.study.file_lock import StudyLock
from tuner.study.storage import database_path, open_to_read, open_to_write
from tuner.study.stored import stored_names

THREE = ConfirmRequest(study="toy", seeds=3, engine=INLINE)
LEAST = replace(THREE, seeds=1, top=1)
RUN = TuneRequest(study="toy.yaml", engine=INLINE)


def runs(name: str = "toy-confirm") -> list[dict[str, Any]]:
    """The companion's trials with their attributes."""
    study = optuna.load_study(storage=open_to_read(storage_url(None)), study_name=name)
    return [{**trial.user_attrs, "state": trial.state.name, "value": trial.value} for trial in study.get_trials()]


def keys(found: list[dict[str, Any]]) -> Counter[tuple[str, str, int]]:
    return Counter((run["phase"], run["arm"], run["seed"]) for run in found if run["state"] == "COMPLETE")


def confirmed(request: ConfirmRequest) -> Confirmation:
    return confirm(request, Told()).confirmation


def test_from_a_study_to_an_answer_and_the_same_again_does_nothing(told: Told, finished: Path) -> None:
    first = confirm(THREE, told)
    assert not first.interrupted
    [announced] = told.of(events.ConfirmationAnnounced)
    assert [arm.name for arm in announced.plan.arms] == ["trial 3", "trial 2", "current", "proposed"]
    assert (announced.plan.test_seeds, announced.spec.timesteps) == (3, 384)
    [estimated] = told.of(events.ConfirmationEstimated)
    assert (estimated.missing, estimated.workers) == (21, 1)
    answer = first.confirmation.answer
    assert first.confirmation.complete
    assert first.confirmation.winner is not None
    assert first.confirmation.winner.name == "trial 3"
    assert any(arm.dropped for arm in first.confirmation.arms)
    assert answer is not None
    assert all(arm.iqm is not None and arm.iqm_interval is not None for arm in answer.arms)
    assert answer.arm("winner").selection_bias is not None
    assert any("P(winner > current)" in one.words for one in answer.comparisons)
    found = runs()
    assert set(keys(found).values()) == {1}
    tests = [run for run in found if run["phase"] == "test"]
    assert Counter(run["seed"] for run in tests) == dict.fromkeys(range(seeds.TEST, seeds.TEST + 3), 3)
    assert {run["role"] for run in tests if "role" in run} == {"baseline:current", "baseline:proposed"}
    assert all(len(run["curve"]) == 6 for run in found)
    for run in tests:
        assert run["success"] == run["curve"][-1]["success"]  # the last one alone
        assert run["success"] * 100 == pytest.approx(round(run["success"] * 100))
    told.events.clear()
    assert confirm(THREE, told) == first
    assert told.events == [events.NothingToRun(what="run", finished=len(found), target=len(found))]
    assert runs() == found


def test_more_seeds_run_just_those(finished: Path) -> None:
    few = confirmed(LEAST)
    more = confirmed(replace(LEAST, seeds=2))
    assert more.done == more.planned == few.done + 3
    assert few.winner is not None
    assert few.winner == more.winner
    assert few.winner.name == "trial 3"
    for before, after in zip(few.arms, more.arms, strict=True):
        assert after.test[:1] == before.test
        assert len(after.test) == 2
    assert set(keys(runs()).values()) == {1}
    assert more.answer is not None
    assert more.arms[0].arm.success is not None
    assert more.answer.arms[0].selection_bias == pytest.approx(more.arms[0].arm.success - sum(more.arms[0].test) / 2)
    pairs = [(comparison.first, comparison.second) for comparison in more.answer.comparisons]
    assert pairs == [("winner", "current"), ("winner", "proposed"), ("proposed", "current")]


def test_a_confirmation_ends_in_time_and_goes_on(told: Told, finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 100_000, 60))  # a minute passes whenever somebody looks
    with monkeypatch.context() as patched:
        patched.setattr("tuner.app.limits.time.monotonic", lambda: next(clock))
        found = confirm(replace(LEAST, deadline=limits.deadline(4)), told)
    assert not found.interrupted
    assert not found.confirmation.complete
    assert [one.what for one in told.of(events.TimeOver)] == ["run"]
    before = keys(runs())
    assert 0 < before.total() < 3
    reading = read_status("toy", None).reading
    assert reading is not None
    assert (reading.confirmation.done, reading.recommended) == (before.total(), None)
    assert confirmed(LEAST).complete
    assert set(keys(runs()).values()) == {1}


def test_status_tells_the_answer_and_what_came_since(told: Told, finished: Path) -> None:
    assert read_status("toy", None).reading is None
    assert "confirmation" not in read_status("toy", None).data()
    found = confirmed(replace(LEAST, seeds=2))
    assert read_status("toy", None).data()["confirmation"] == {**found.data(), "newer_trials": 0}
    tune(replace(RUN, changes={"trials": 6, "pruner": "none"}), told)
    later = read_status("toy", None).reading
    assert later is not None
    assert later.newer == 2
    assert later.confirmation == found  # the one that was made, although another trial leads now


def test_workers_give_what_one_process_gives(finished: Path) -> None:
    inline = confirmed(LEAST)
    optuna.delete_study(study_name="toy-confirm", storage=open_to_write(storage_url(None)))
    assert confirmed(replace(LEAST, engine=EngineOptions(workers=2))) == inline


def test_without_baselines_there_is_the_winner_alone(told: Told, tmp_path: Path) -> None:
    write_study(tmp_path, baselines={}, trials=1)
    tune(RUN, told)
    assert confirm(replace(THREE, seeds=2), told).confirmation.complete
    assert [one.plan.baselines for one in told.of(events.ConfirmationAnnounced)] == [()]
    assert Counter(run["phase"] for run in runs()) == {"test": 2}


def test_returns_are_told_where_there_is_no_success(told: Told, tmp_path: Path) -> None:
    write_study(tmp_path, environment={"id": "tuner_toys:ToyPlain-v0"}, trials=2)
    tune(RUN, told)
    found = confirmed(replace(THREE, seeds=1))
    assert found.measure == "return"
    assert all(arm.test for arm in found.arms)


def test_a_study_that_is_not_there_is_named(told: Told, finished: Path) -> None:
    with pytest.raises(UnknownName, match="no study in the database called 'nothing'"):
        confirm(replace(THREE, study="nothing"), told)
    with pytest.raises(StorageFailed, match="no database at"):
        confirm(replace(THREE, storage="sqlite:///no.db"), told)


def test_a_file_of_another_environment_is_refused(told: Told, finished: Path, tmp_path: Path) -> None:
    write_study(tmp_path, environment={"id": "tuner_toys:ToyGraded-v0"})
    with pytest.raises(UsageProblem) as caught:
        confirm(replace(THREE, study=str(finished)), told)
    assert "is of tuner_toys:ToyGraded-v0, and the stored study 'toy' of tuner_toys:ToyLine-v0" in str(caught.value)


def test_a_study_of_the_companions_name_is_left_alone(told: Told, finished: Path) -> None:
    submit(SubmitRequest(study=str(finished), name="toy-confirm"), told)
    with pytest.raises(StorageFailed, match="study 'toy-confirm' already exists and is not a confirmation of 'toy'"):
        confirm(THREE, told)
    assert runs() == []


def test_the_companion_of_a_study_that_was_made_anew_is_refused(told: Told, answered: Path) -> None:
    optuna.delete_study(study_name="toy", storage=open_to_write(storage_url(None)))
    tune(replace(RUN, changes={"timesteps": 768, "trials": 2}), told)
    with pytest.raises(StorageFailed, match="timesteps: stored 384, now 768"):
        confirm(THREE, told)


def test_a_companion_says_what_it_is(told: Told, answered: Path) -> None:
    name = "toy-confirm"
    for use in (
        lambda: read_status(name, None),
        lambda: export(ExportRequest(study=name)),
        lambda: confirm(replace(THREE, study=name), told),
        lambda: tune(TuneRequest(study=name, engine=INLINE), told),
    ):
        with pytest.raises(NothingToShow) as caught:
            use()
        assert "study 'toy-confirm' stores a confirmation: see `tuner confirm toy`" in str(caught.value)


def test_it_waits_for_nobody_who_works_on_the_study(told: Told, finished: Path) -> None:
    with (
        StudyLock(database_path(storage_url(None)), "toy"),
        pytest.raises(StudyLocked, match="study 'toy' is being worked on by process"),
    ):
        confirm(THREE, told)


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
    finished: Path, ends: list[TrialOutcome | BaseException]
) -> None:
    ends.append(TrialOutcome(state="diverged", reason="approx_kl is 20"))
    found = confirmed(replace(LEAST, top=2))
    assert found.arms[0].validation[0] == 0.0
    assert sum(run["state"] == "PRUNED" for run in runs()) == 1


def test_a_failed_run_runs_again_and_one_that_always_fails_stops_it(
    finished: Path, ends: list[TrialOutcome | BaseException]
) -> None:
    two = replace(LEAST, top=2)
    ends += [EnvironmentFailed("the gripper fell off")] * 3
    with pytest.raises(TooManyFailures) as caught:
        confirmed(two)
    assert "trial 3 with validation seed 1 failed 3 times, last reason: the gripper fell off" in str(caught.value)
    ends.append(EnvironmentFailed("once more"))
    with pytest.raises(TooManyFailures):
        confirmed(two)
    assert confirmed(two).complete
    assert set(keys(runs()).values()) == {1}


def test_ctrl_c_tells_what_there_is_and_the_same_again_goes_on(
    told: Told, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tuner.confirmation.confirmation_source import ConfirmationSource

    real = ConfirmationSource.on_outcome

    def impatient(source: ConfirmationSource, number: int, outcome: TrialOutcome) -> None:
        real(source, number, outcome)
        if number == 3:
            raise KeyboardInterrupt

    one = replace(THREE, seeds=1)
    with monkeypatch.context() as patch:
        patch.setattr(ConfirmationSource, "on_outcome", impatient)
        found = confirm(one, told)
    assert found.interrupted
    assert told.of(events.Interrupted) == [events.Interrupted(what="run")]
    assert 0 < found.confirmation.done < found.confirmation.planned
    assert confirmed(one).complete
    assert set(keys(runs()).values()) == {1}
    assert stored_names(open_to_read(storage_url(None))) == ["toy", "toy-confirm"]
