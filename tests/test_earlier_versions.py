"""What version 0.1 wrote (tests/fixtures/earlier) is opened, resumed, confirmed, reported, exported and trained."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, Tuner

FIXTURES = ROOT / "tests" / "fixtures" / "earlier"
STORAGE = "--storage sqlite:///earlier.db"
VALUES = {0: 0.0319987458907757, 1: 0.011790998185301466, 2: 0.05137082803953507, 3: 0.567587855668666}
# What that version drew and found next, on the machine that made the fixtures.
NEXT = {"learning_rate": 0.00014169013522529123, "n_steps": 32, "batch_size": 16}


@pytest.fixture(autouse=True)
def _earlier(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES, tmp_path, dirs_exist_ok=True)


LATER = {"finals", "longest", "on_error", "success", "evaluation", "normalize_settled", "look", "folder"}
LATER |= {"policy_kwargs", "frame_stack"}
LATER |= {"wrappers", "vec_wrappers", "max_episode_steps", "evaluation_environment"}
LATER |= {"track"}
LATER |= {"arithmetic", "numba"}


def keys(data: Any) -> Any:
    """The keys of nested mappings, without those that are later; what stands in lists is left out."""
    if not isinstance(data, dict):
        return None
    return {name: keys(value) for name, value in data.items() if name not in LATER}


def test_a_study_is_shown_as_it_was(tuner: Tuner) -> None:
    said = tuner(f"status earlier {STORAGE} --json --trials")
    data = json.loads(said.out)
    assert said.code == 0
    assert {row["number"]: row["value"] for row in data["trials"] if row["number"] in VALUES} == VALUES
    assert data["counts"]["pruned"] == 1
    assert data["confirmation"]["complete"]


def test_a_study_is_resumed_and_draws_what_it_would_have_drawn(tuner: Tuner) -> None:
    assert tuner(f"run earlier --trials 7 --engine inline {STORAGE}").code == 0
    data = json.loads(tuner(f"status earlier {STORAGE} --json --trials").out)
    assert data["finished"] == 7
    assert {name: data["trials"][6]["arguments"][name] for name in NEXT} == NEXT
    assert data["trials"][6]["seed"] == 1_000_006


def test_its_file_still_matches_the_study(tuner: Tuner) -> None:
    said = tuner(f"run earlier.yaml --trials 6 --engine inline {STORAGE}")
    assert (said.code, "Nothing to do" in said.err) == (0, True)


def test_a_confirmation_resumes_with_the_missing_runs(tuner: Tuner) -> None:
    said = tuner(f"confirm earlier --seeds 3 --top 2 --engine inline --json {STORAGE}")
    tested = {arm["name"]: arm["test"] for arm in json.loads(said.out)["arms"]}
    assert said.code == 0
    assert tested["trial 3"][:2] == [0.44, 0.87]
    assert {len(values) for name, values in tested.items() if name != "trial 4"} == {3}
    assert said.err.count(": success ") == said.err.count("test seed 3, ") == 3


def test_an_export_has_the_same_keys(tuner: Tuner) -> None:
    assert tuner(f"export earlier -o again.yml {STORAGE}").code == 0
    again, before = (yaml.safe_load(Path(name).read_text()) for name in ("again.yml", "earlier.yml"))
    assert keys(again) == keys(before)
    assert again["ToyLine-v0"] == before["ToyLine-v0"]
    assert again["provenance"]["meaning"] == before["provenance"]["meaning"]
    assert tuner(f"export earlier --format json -o again.json {STORAGE}").code == 0
    assert keys(json.loads(Path("again.json").read_text())) == keys(json.loads(Path("earlier.json").read_text()))


def test_a_kept_model_is_written(tuner: Tuner) -> None:
    assert tuner(f"export earlier --trial 3 --model model.zip {STORAGE}").code == 0
    assert Path("model.zip").stat().st_size > 1000


def test_its_progress_is_not_to_be_had_and_how_it_is(tuner: Tuner) -> None:
    said = tuner(f"play --progress --study earlier --env seen_toys:SeenLine -o a.gif {STORAGE}")
    assert said.code == 1
    assert "kept its last policy alone, as in versions before and over 4 MB; no trial of it did;" in said.err
    command = said.err.strip().rpartition("`tuner ")[2].rstrip("`")
    assert command == "run earlier --name earlier-again --from earlier"
    assert tuner(f"{command} {STORAGE} --trials 3 --engine inline").code == 0
    size = "--size 160x120 --episodes 1"
    again = tuner(f"play --progress --study earlier-again --env seen_toys:SeenLine -o a.gif {STORAGE} {size}")
    assert again.code == 0, again.err


@pytest.mark.parametrize("form", ["html", "md", "json"])
def test_a_study_is_reported(form: str, tuner: Tuner) -> None:
    assert tuner(f"report earlier -o report.{form} {STORAGE}").code == 0
    assert "trial 3" in Path(f"report.{form}").read_text()


def test_an_export_is_trained(tuner: Tuner) -> None:
    said = tuner("train earlier.yml --engine inline --timesteps 128 --seeds 1")
    assert said.code == 0
    assert Path("trained/earlier-seeds/seed-11000000/final.zip").is_file()
