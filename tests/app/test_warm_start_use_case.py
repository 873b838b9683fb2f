"""Warm starts: from an export, from another study's best."""

from dataclasses import replace
from pathlib import Path

import pytest
from use_cases import INLINE, Told

from tuner.app import events
from tuner.app.export import ExportRequest, export
from tuner.app.status import read_status
from tuner.app.tune import TuneRequest, TuneResult, tune
from tuner.errors import TunerError

OTHER = TuneRequest(study="toy.yaml", name="other", engine=INLINE, changes={"trials": 3})
SAME = TuneRequest(study="toy.yaml", engine=INLINE)
FILE = Path("best.yml")


def roles(result: TuneResult) -> list[str | None]:
    return [row.role for row in result.summaries[0].baselines]


def test_an_export_of_ours_becomes_a_baseline_of_another_study(told: Told, finished: Path) -> None:
    export(ExportRequest(study="toy", output=FILE))
    found = tune(replace(OTHER, baselines=("best.yml",)), told)
    assert roles(found) == ["baseline:current", "baseline:proposed", "baseline:best"]
    assert told.of(events.BaselineTaken) == [
        events.BaselineTaken(name="best", origin="best.yml", left=("n_envs", "n_timesteps", "policy"))
    ]


def test_another_studys_best_is_where_a_study_starts(told: Told, finished: Path) -> None:
    winner = read_status("toy", None).summary.best
    assert winner is not None
    asked = replace(OTHER, from_study="toy")
    row = tune(asked, told).summaries[0].baselines[-1]
    assert (row.role, row.arguments) == ("baseline:from-toy", winner.arguments)
    assert told.of(events.BaselineTaken) == [events.BaselineTaken(name="from-toy", study="toy", origin=winner.label)]
    assert told.of(events.NothingToRun) == []
    tune(asked, told)
    assert len(told.of(events.NothingToRun)) == 1


def test_a_baseline_for_which_there_is_no_trial_left_is_said_to_wait(told: Told, finished: Path) -> None:
    export(ExportRequest(study="toy", output=FILE))
    asked = replace(SAME, baselines=("best.yml",))
    tune(asked, told)
    assert told.of(events.NothingToRun) == [events.NothingToRun(what="trial", finished=4, target=4, waiting=("best",))]
    assert roles(tune(replace(asked, changes={"trials": 5}), told))[-1] == "baseline:best"


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ({"from_study": "nothing"}, "no study in the database called 'nothing'"),
        ({"from_study": "toy"}, "--from toy: is this study itself"),
        ({"baselines": ("nowhere.yml",)}, "cannot read nowhere.yml"),
    ],
)
def test_what_cannot_be_started_from_is_said(told: Told, finished: Path, start: dict[str, object], said: str) -> None:
    with pytest.raises(TunerError) as caught:
        tune(replace(SAME, changes={"trials": 5}, **start), told)  # type: ignore[arg-type]
    assert caught.value.exit_code == 2
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert told.events == []
