"""Tuning in stages: a study each, resumable, every one from the best of the one before."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import write_study
from use_cases import INLINE, STAGES, Told

from tuner.app import events
from tuner.app.confirm import ConfirmRequest, confirm
from tuner.app.resolve import open_study
from tuner.app.status import read_status
from tuner.app.submit import SubmitRequest, submit
from tuner.app.tune import TuneRequest, plan_run, tune
from tuner.errors import SpecInvalid, UsageProblem
from tuner.study.rows import best
from tuner.study.storage import open_to_write, parse_url

RUN = TuneRequest(study="toy.yaml", engine=INLINE, changes={"trials": 3, "sampler": "random", "seed": 1})
FIRST, SECOND = "toy-1-learning_rate", "toy-2-n_steps"


def test_stages_run_one_after_another_each_from_the_best_before(told: Told, tmp_path: Path) -> None:
    write_study(tmp_path, stages=STAGES)
    found = tune(RUN, told)
    assert [(stage.study, stage.finished) for stage in found.summaries] == [(FIRST, 3), (SECOND, 3)]
    assert found.whole == found.summaries[1]
    before, after = (stage.best for stage in found.summaries)
    assert before is not None
    assert after is not None
    assert after.arguments["learning_rate"] == before.arguments["learning_rate"]
    assert [row.role for row in found.summaries[1].baselines] == ["baseline:before"]
    assert [(one.number, one.count, one.parameters, one.study) for one in told.of(events.StageBegan)] == [
        (1, 2, ("learning_rate",), FIRST),
        (2, 2, ("n_steps",), SECOND),
    ]
    looks = [at for at, event in enumerate(told.events) if isinstance(event, events.EnvironmentLook)]
    begins = [at for at, event in enumerate(told.events) if isinstance(event, events.StageBegan)]
    assert len(looks) == 1
    assert begins[0] < looks[0] < begins[1]


def test_the_same_again_has_nothing_to_do(told: Told, chained: Path) -> None:
    again = tune(RUN, told)
    assert len(told.of(events.NothingToRun)) == 2
    assert [stage.finished for stage in again.summaries] == [3, 3]
    assert again.whole is not None
    assert again.whole.study == SECOND
    assert told.of(events.EnvironmentLook) == []


def test_more_trials_leave_a_stage_where_it_was_begun(told: Told, chained: Path) -> None:
    rows = open_study(FIRST, None).rows
    winner = best(rows)
    assert winner is not None
    other = next(row for row in rows if row.value is not None and row is not winner)
    with sqlite3.connect("studies/tuner.db") as database:  # as if another trial had been far better
        database.execute(
            "UPDATE trial_values SET value = 9.0 WHERE trial_id = (SELECT trial_id FROM trials JOIN studies "
            "USING (study_id) WHERE study_name = ? AND number = ?)",
            (FIRST, other.number),
        )
    database.close()
    more = tune(replace(RUN, changes={**RUN.changes, "trials": 4}), told)
    assert [stage.finished for stage in more.summaries] == [4, 4]
    first, second = (stage.best for stage in more.summaries)
    assert first is not None
    assert second is not None
    assert first.number == other.number
    [kept] = told.of(events.StageStartKept)
    assert kept.number == 2
    assert kept.changed["learning_rate"] == first.arguments["learning_rate"]
    assert second.arguments["learning_rate"] == winner.arguments["learning_rate"]


def test_asked_for_without_stages_of_its_own_a_study_has_the_guides(told: Told, toy_study: Path) -> None:
    with pytest.raises(SpecInvalid) as caught:
        tune(TuneRequest(study="toy.yaml", engine=INLINE, staged=True), told)
    assert "stage 2: n_steps: baselines.current: 32 is outside the space's range 1024 … 4096" in str(caught.value)


def test_a_chain_is_named_by_its_stages(chained: Path) -> None:
    with pytest.raises(UsageProblem) as caught:
        read_status("toy", None)
    assert str(caught.value) == f"study 'toy' was tuned in stages, one study each; name one: {FIRST}, {SECOND}"


def test_a_stages_confirmation_is_no_stage(told: Told, chained: Path) -> None:
    assert confirm(ConfirmRequest(study=FIRST, seeds=1, top=1, engine=INLINE), told).confirmation.complete
    with pytest.raises(UsageProblem, match=f"name one: {FIRST}, {SECOND}$"):
        confirm(ConfirmRequest(study="toy", engine=INLINE), told)


def test_a_stage_whose_name_is_taken_is_refused_before_any_work(told: Told, tmp_path: Path) -> None:
    write_study(tmp_path, "plain")
    submit(SubmitRequest(study="plain.yaml", name=SECOND), told)
    write_study(tmp_path, stages=STAGES)
    with pytest.raises(UsageProblem) as caught:
        tune(RUN, told)
    assert str(caught.value) == ("study 'toy-2-n_steps' is in the database and no stage of 'toy'; give another --name")
    assert told.of(events.StudyAnnounced) == []


def test_a_later_stage_that_could_not_begin_is_refused_before_any_work(told: Told, tmp_path: Path) -> None:
    long = {"parameters": {"n_steps": {"type": "int", "low": 16, "high": 512, "scale": "power_of_two"}}}
    write_study(tmp_path, stages=[STAGES[0], long])
    with pytest.raises(SpecInvalid, match="of study 'toy': timesteps: 384 is less than one largest rollout"):
        tune(RUN, told)
    assert not Path("studies").exists()


def test_fewer_trials_than_baselines_are_refused_by_the_stage_that_has_them(told: Told, tmp_path: Path) -> None:
    write_study(tmp_path, trials=1, stages=[{**STAGES[0], "trials": 2}, {**STAGES[1], "trials": 1}])
    found = tune(TuneRequest(study="toy.yaml", engine=INLINE), told)
    assert [stage.finished for stage in found.summaries] == [2, 1]
    write_study(tmp_path, "few", stages=[{**STAGES[0], "trials": 1}, STAGES[1]])
    with pytest.raises(SpecInvalid, match="1 is less than the study's 2 baselines"):
        tune(TuneRequest(study="few.yaml", engine=INLINE), told)


def test_a_chain_does_not_start_from_itself(told: Told, chained: Path) -> None:
    with pytest.raises(UsageProblem, match=f"--from {FIRST}: is a stage of this study itself"):
        tune(replace(RUN, from_study=FIRST), told)


def test_a_database_whose_making_was_cut_off_is_taken_up_again(told: Told, tmp_path: Path) -> None:
    write_study(tmp_path, stages=STAGES)
    Path("studies").mkdir()
    open_to_write(parse_url("sqlite:///studies/tuner.db"))
    with sqlite3.connect("studies/tuner.db") as database:
        database.execute("DROP TABLE alembic_version")
    database.close()
    found = tune(RUN, told)
    assert [stage.finished for stage in found.summaries] == [3, 3]


def test_a_plan_counts_the_trials_of_each_stage(told: Told, tmp_path: Path) -> None:
    write_study(tmp_path, stages=[{**stage, "trials": 4 * place} for place, stage in enumerate(STAGES, 1)], trials=200)
    assert plan_run(TuneRequest(study="toy.yaml", engine=INLINE, skip_check=True), told).trials == 12
    assert plan_run(replace(RUN, skip_check=True), told).trials == 6
