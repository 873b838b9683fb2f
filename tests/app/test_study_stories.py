"""What the dashboard tells of studies: attributes, notes, plots, files; nothing is written for it."""

import contextlib
import csv
import io
import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import pytest
from asking import Answer, ask
from conftest import ROOT
from driving import wait_for
from optuna_dashboard import save_note
from use_cases import TOLD_TRIALS, working_in

from tuner.app import study_stories
from tuner.app.episode_videos import EpisodeVideos, WantedVideo
from tuner.app.study_stories import StudyStories
from tuner.dashboard.access import Access
from tuner.dashboard.server import make_application
from tuner.errors import EnvironmentUnusable
from tuner.results.report_build import build_report
from tuner.results.report_data import StudyReport
from tuner.study.page_storage import open_for_pages
from tuner.study.rows import CARRIED
from tuner.study.storage import artifact_folder, parse_url

VIDEO = b"\0\0\0\x18ftypmp42" + bytes(500)
LONG = {"curve", "versions", "arguments", "hardware", "spec", "meaning", "asked", "confirmed_spec"}


def record(_address: str, _study: str, _trial: int, target: str) -> None:
    """In place of playing."""
    Path(target).write_bytes(VIDEO)


def refuse(*_: object) -> None:
    """An environment that draws nothing."""
    raise EnvironmentUnusable("environment 'toy' has no render mode 'rgb_array'")


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The dashboard of a folder's studies, to send requests to."""

    application: Any
    videos: EpisodeVideos

    def get(self, path: str, **environ: str) -> Answer:
        return ask(self.application, path, **environ)

    def study(self, number: int = 1, after: int = 0) -> dict[str, Any]:
        answer = self.get(f"/api/studies/{number}?after={after}")
        assert answer.status == 200
        data: dict[str, Any] = json.loads(answer.body)
        return data


def pages_of(folder: Path, make: Any = record) -> Pages:
    url = parse_url(f"sqlite:///{folder}/studies/tuner.db")
    pages = open_for_pages(url)
    (files := Path("files").absolute()).mkdir(exist_ok=True)
    videos = EpisodeVideos(url, files, make)
    story = StudyStories(pages, url, files, videos)
    return Pages(application=make_application(pages, artifact_folder(url), Access(), story=story), videos=videos)


@pytest.fixture(scope="module")
def pages(told_folder: Path) -> Pages:
    with working_in(told_folder):
        return pages_of(told_folder)


@pytest.fixture(scope="module")
def study(pages: Pages) -> dict[str, Any]:
    return pages.study()


def attributes(data: dict[str, Any]) -> dict[str, str]:
    return {one["key"]: one["value"] for one in data["user_attrs"]}


def numbers(study: dict[str, Any], state: str) -> Iterator[dict[str, Any]]:
    return (trial for trial in study["trials"] if trial["state"] == state)


def test_attributes_are_a_dozen_lines_in_words(study: dict[str, Any], pages: Pages) -> None:
    first = attributes(study["trials"][0])
    assert first["configuration"] == "current"
    assert first["success"].endswith(" %")
    assert first["seed"] == "1000000"
    assert float(first["training steps/s"]) > 0
    assert first["health"]
    listed = json.loads(pages.get("/api/studies").body)["study_summaries"]
    for data in (study, *study["trials"], *listed):
        lines = attributes(data)
        assert not LONG & lines.keys()
        assert 5 <= len(lines) <= 15
        assert max(map(len, lines.values())) < 100
    assert attributes(study)["search space"] == "toy_space.yaml, 3 parameters"
    sortable = {one["key"]: one["sortable"] for one in study["union_user_attrs"]}
    assert (sortable["training steps/s"], sortable["success"]) == (True, False)


def test_a_trials_note_tells_its_story(study: dict[str, Any]) -> None:
    for trial in study["trials"]:
        body = trial["note"]["body"]
        assert f"![curve.png](/artifacts/1/{trial['trial_id']}/a-1)" in body
        assert "| parameter |" in body
        files = {one["filename"] for one in trial["artifacts"]}
        assert {"curve.png", "curve.csv"} <= files
        completed = trial["state"] == "Complete"
        assert (f"trial-{trial['number']}.zip" in files, "![episode.mp4]" in body) == (completed, completed)
        assert not any(name.endswith("-earlier.tar") for name in files)
    current = study["trials"][0]["note"]["body"]
    assert current.startswith("**Current")
    assert "success " in current.splitlines()[0]
    assert "proposed" in current


def test_a_pruned_trial_says_why(study: dict[str, Any]) -> None:
    pruned = next(numbers(study, "Pruned"))
    assert "Pruned: median pruner, after " in pruned["note"]["body"].splitlines()[0]
    assert attributes(pruned)["ended"].startswith("median pruner, after ")


def test_repeats_are_named_by_their_configuration(study: dict[str, Any]) -> None:
    repeat = next(trial for trial in study["trials"] if "repeat of" in attributes(trial))
    name = attributes(repeat)["configuration"]
    assert repeat["note"]["body"].startswith(f"**Repeat of {name} on a new training seed")
    assert "of this configuration by training seed" in repeat["note"]["body"]
    assert "(this one)" in repeat["note"]["body"].replace("\\", "")


def test_the_studys_note_answers_and_names_the_next_command(study: dict[str, Any]) -> None:
    body = study["note"]["body"]
    leader = study["best_trials"][0]["number"]
    assert "by training seed | mean | 95 % interval |" in body
    assert "| configuration | IQM | 95 % | mean |" in body
    assert "tuner export toy -o best.yml" in body  # it is confirmed
    assert "below 40 they are mostly noise" in body
    row = next(line for line in body.splitlines() if "(leader)" in line)
    first = attributes(study["trials"][leader])
    assert first.get("configuration", f"trial {leader}") in row


def test_plots_come_in_the_order_in_which_they_are_read(study: dict[str, Any]) -> None:
    ids = [one["id"] for one in study["plotly_graph_objects"]]
    assert ids == ["tuner-1-curves", "tuner-2-arms", "tuner-3-pruning", "tuner-4-seconds"]
    curves = json.loads(study["plotly_graph_objects"][0]["graph_object"])
    assert {"pruned", "complete"} <= {trace["name"] for trace in curves["data"]}
    assert curves["layout"]["title"]["text"].startswith("Success during training")


def test_curves_are_a_picture_and_a_table(study: dict[str, Any], pages: Pages) -> None:
    trial = study["trials"][0]
    picture = pages.get(f"/artifacts/1/{trial['trial_id']}/a-1")
    assert (picture.headers["content-type"], picture.body[:4]) == ("image/png", b"\x89PNG")
    table = pages.get(f"/artifacts/1/{trial['trial_id']}/a-2")
    rows = list(csv.DictReader(io.StringIO(table.body.decode())))
    assert [int(row["step"]) for row in rows] == [point["step"] for point in trial["intermediate_values"]]
    assert {"score", "success", "return"} <= rows[0].keys()
    assert pages.get("/artifacts/1/999/a-1").status == 404
    assert pages.get("/artifacts/9/1/a-1").status == 404
    assert pages.get(f"/artifacts/1/{trial['trial_id']}/a-9").status == 404


def test_a_video_is_made_when_it_is_asked_for(pages: Pages, study: dict[str, Any]) -> None:
    assert "![episode.mp4 of current]" in study["note"]["body"]
    address = f"/artifacts/1/{study['trials'][0]['trial_id']}/a-3"
    found = pages.get(address)
    while found.status == 202:
        found = pages.get(address)
    assert (found.status, found.body, found.headers["content-type"]) == (200, VIDEO, "video/mp4")
    assert pages.get(address, HTTP_RANGE="bytes=4-7").body == b"ftyp"
    assert "episode.mp4" in {one["filename"] for one in pages.study()["trials"][0]["artifacts"]}


def test_where_nothing_can_be_drawn_there_is_no_video(told_folder: Path) -> None:
    pages = pages_of(told_folder, refuse)
    address = f"/artifacts/1/{pages.study()['trials'][0]['trial_id']}/a-3"
    while pages.get(address).status == 202:
        pass
    assert (pages.get(address).status, pages.get(address).body) == (204, b"")
    again = pages.study()
    assert "episode.mp4" not in json.dumps(again)


def test_a_video_that_fails_is_asked_for_once(tmp_path: Path) -> None:
    videos = EpisodeVideos(parse_url("sqlite:///toy.db"), tmp_path, lambda *_: (tmp_path / "no" / "folder").mkdir())
    wanted = WantedVideo(study="toy", trial=1, model="abc")
    other = WantedVideo(study="toy", trial=2, model="abd")
    videos.ask(wanted)
    while not videos.impossible(wanted):
        pass
    assert not videos.impossible(other)


def test_runs_of_a_confirmation_are_named_and_have_parameters(pages: Pages) -> None:
    found = pages.study(3)
    assert found["name"] == "toy-confirm"
    assert attributes(found)["confirms"] == "study toy"
    assert "The confirmation of study toy: each trial is a run" in found["note"]["body"]
    assert "by seed |" in found["note"]["body"]
    names = {attributes(trial)["configuration"] for trial in found["trials"]}
    assert {"current", "proposed"} <= names
    for trial in found["trials"]:
        assert {one["name"] for one in trial["params"]} == {"learning_rate", "n_steps", "batch_size"}
        assert trial["note"]["body"].startswith(("**Test of", "**Validation of"))
    assert [one["id"] for one in found["plotly_graph_objects"]] == ["tuner-1-arms", "tuner-2-curves"]
    assert found["best_trials"] == []


def test_a_study_without_success_speaks_of_returns(pages: Pages) -> None:
    found = pages.study(2)
    told = json.dumps([found["note"], *(trial["note"] for trial in found["trials"])]).lower()
    assert "success" not in told
    assert "return" in told
    assert "success" not in attributes(found["trials"][0])
    assert json.loads(found["plotly_graph_objects"][0]["graph_object"])["layout"]["title"]["text"].startswith("Return")


def test_only_new_trials_are_sent_again_and_the_leader_stays(pages: Pages, study: dict[str, Any]) -> None:
    later = pages.study(after=TOLD_TRIALS)
    assert later["trials"] == []
    assert later["best_trials"][0]["number"] == study["best_trials"][0]["number"]


def test_a_long_study_is_shown_before_its_report_is_built(told_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built, wait = threading.Event(), threading.Event()

    def slow(*asked: Any, **named: Any) -> StudyReport:
        wait.wait(60)
        built.set()
        return build_report(*asked, **named)

    monkeypatch.setattr(study_stories, "build_report", slow)
    monkeypatch.setattr(study_stories, "WAIT", 60.0)
    monkeypatch.setattr(study_stories, "QUICK", 1)
    with working_in(told_folder):
        pages = pages_of(told_folder)
        first = pages.study()
        assert not built.is_set()
        assert first["note"]["body"] == ""
        assert all(trial["note"]["body"] for trial in first["trials"])
        wait.set()
        assert wait_for(lambda: bool(pages.study()["note"]["body"]))


def test_notes_that_somebody_wrote_stay_and_nothing_is_written(told_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(told_folder, tmp_path, dirs_exist_ok=True)
    storage = optuna.storages.RDBStorage("sqlite:///studies/tuner.db")
    save_note(optuna.load_study(study_name="toy", storage=storage), "mine")
    optuna.create_study(study_name="other", storage=storage).add_trial(optuna.create_trial(value=1.0))
    storage.engine.dispose()
    before = Path("studies/tuner.db").read_bytes()
    pages = pages_of(tmp_path)
    assert pages.study()["note"]["body"] == "mine"
    other = pages.study(4)
    assert (other["note"]["body"], other["plotly_graph_objects"], len(other["trials"])) == ("", [], 1)
    assert Path("studies/tuner.db").read_bytes() == before


def test_trials_carried_from_another_study_have_no_story(told_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(told_folder, tmp_path, dirs_exist_ok=True)
    with contextlib.closing(sqlite3.connect("studies/tuner.db")) as database, database:
        row = (1, CARRIED, json.dumps("other 0"))
        database.execute("INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (?, ?, ?)", row)
    carried, second, *_ = pages_of(tmp_path).study()["trials"]
    assert carried["note"]["body"] == ""
    assert second["note"]["body"].startswith("**Proposed")
    assert attributes(second)["configuration"] == "proposed"


def test_a_study_of_an_earlier_version_tells_its_story_too(tmp_path: Path) -> None:
    earlier = ROOT / "tests" / "fixtures" / "earlier"
    (tmp_path / "studies").mkdir()
    shutil.copy(earlier / "earlier.db", tmp_path / "studies" / "tuner.db")
    found = pages_of(tmp_path).study()
    assert "trial 3" in found["note"]["body"]
    assert found["best_trials"][0]["number"] == 3
    assert all(trial["note"]["body"] for trial in found["trials"] if trial["state"] in ("Complete", "Pruned"))
