"""`tuner play`."""

import json
import re
import shutil
from pathlib import Path

import pytest
import seen_toys
from conftest import Tuner
from playing_videos import described, frames
from stable_baselines3 import PPO


@pytest.fixture
def model(tmp_path: Path) -> Path:
    PPO("MlpPolicy", seen_toys.SeenLine(), device="cpu", policy_kwargs={"net_arch": [8]}).save(tmp_path / "model.zip")
    return tmp_path / "model.zip"


def test_an_expert_is_filmed(tuner: Tuner, tmp_path: Path) -> None:
    said = tuner("play --expert --env seen_toys:Seen -o video.mp4")
    assert said.code == 0
    assert "h264" in described(tmp_path / "video.mp4")
    lines = said.out.splitlines()
    assert lines[0].split() == ["episode", "seed", "steps", "return", "success", "stages"]
    assert [line.split()[:2] for line in lines[1:6]] == [[str(n), str(7_999_999 + n)] for n in range(1, 6)]
    assert all(line.split()[-2:] == ["yes", "halfway"] for line in lines[1:6])
    assert lines[6] == "seen_toys:Seen, the expert: 100% success (5 of 5)"
    assert "5 episodes of the expert, into video.mp4" in said.err
    assert "episode 5: success after" in said.err
    assert re.fullmatch(r"Wrote video.mp4 \(0\.\d\d MB\)", said.err.splitlines()[-1])
    assert [path.name for path in tmp_path.iterdir()] == ["video.mp4"]


def test_a_picture_is_of_one_episode(tuner: Tuner, tmp_path: Path) -> None:
    said = tuner("play --expert --env seen_toys:Seen -o story.png --json")
    assert said.code == 0
    data = json.loads(said.out)
    assert data["environment"] == "seen_toys:Seen"
    assert data["actor"] == "the expert"
    assert data["success"] == 1.0
    assert [(row["episode"], row["seed"], row["stages"]) for row in data["episodes"]] == [(1, 8_000_000, ["halfway"])]
    assert (tmp_path / "story.png").read_bytes().startswith(b"\x89PNG")


def test_a_models_file_is_played(tuner: Tuner, model: Path) -> None:
    said = tuner("play --model model.zip --env seen_toys:SeenLine -o video.mp4 --episodes 2 --json")
    assert said.code == 0
    assert json.loads(said.out)["actor"] == "model model.zip"
    assert len(frames(Path("video.mp4"))) > 2


def test_the_best_trials_model_is_played(tuner: Tuner, finished: Path) -> None:
    said = tuner("play --study toy --env seen_toys:SeenLine -o video.mp4 --episodes 1 --json")
    assert said.code == 0
    best = tuner("export toy").out
    number = next(line.split()[1] for line in best.splitlines() if line.startswith("  trial:"))
    same = tuner(f"play --study {finished} --trial {number} --env seen_toys:SeenLine -o video.mp4 --episodes 1 --json")
    assert json.loads(same.out) == json.loads(said.out)


def test_two_are_played_beside_each_other(tuner: Tuner, finished: Path) -> None:
    said = tuner("play --versus current,best --study toy --env seen_toys:SeenLine -o both.mp4 --episodes 2 --json")
    assert said.code == 0, said.err
    assert "1284x480" in described(Path("both.mp4"))
    sides = json.loads(said.out)["sides"]
    assert sides[0]["actor"] == "current of study 'toy'"
    assert [[episode["seed"] for episode in side["episodes"]] for side in sides] == [[8_000_000, 8_000_001]] * 2
    one = tuner("play --study toy --trial 0 --env seen_toys:SeenLine -o one.mp4 --episodes 2 --json")
    assert sides[0] == json.loads(one.out)
    assert "episode 1, toy · current: " in said.err
    same = tuner(
        "play --versus current,best,0,1 --study toy --env seen_toys:SeenLine -o four.gif --episodes 1 --size 160x120"
    )
    assert same.code == 0, same.err
    assert "324x244" in described(Path("four.gif"))
    assert same.out.count("SeenLine, ") == 4


def test_a_trial_is_played_as_its_training_went_on(tuner: Tuner, finished: Path) -> None:
    said = tuner("play --progress --study toy --env seen_toys:SeenLine -o steps.mp4 --episodes 1 --size 160x120 --json")
    assert said.code == 0, said.err
    assert "324x244" in described(Path("steps.mp4"))
    sides = json.loads(said.out)["sides"]
    assert [side["actor"].rpartition(" after ")[2] for side in sides] == [
        f"{share} % of training" for share in (0, 25, 50, 100)
    ]
    assert len({side["episodes"][0]["return"] for side in sides}) > 2
    last = tuner("play --study toy --env seen_toys:SeenLine -o a.mp4 --episodes 1 --size 160x120 --json")
    assert sides[3]["episodes"] == json.loads(last.out)["episodes"]


def test_a_study_brings_its_environment(tuner: Tuner, finished: Path) -> None:
    said = tuner("play --study toy -o video.mp4")
    assert said.code == 2
    assert "environment 'tuner_toys:ToyLine-v0' has no render mode 'rgb_array'" in said.err


def test_a_trial_that_kept_no_model_names_those_that_did(tuner: Tuner, finished: Path) -> None:
    shown = [tuner(f"play --study toy --trial {number} --env planted_toys:Healthy -o a.mp4").err for number in range(4)]
    without = [text for text in shown if "kept no model" in text]
    with_one = [str(number) for number, text in enumerate(shown) if "kept no model" not in text]
    assert "0" in with_one  # a baseline
    assert all(f"choose one that did with --trial: {', '.join(with_one)}\n" in text for text in without)
    assert all("has no render mode" in text for text in shown if "kept no model" not in text)


def test_a_model_that_was_deleted_is_said(tuner: Tuner, finished: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "studies" / "tuner.artifacts")
    said = tuner("play --study toy --env seen_toys:SeenLine -o video.mp4")
    assert said.code == 1
    assert "models lie beside the database" in said.err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("play", "who is to act? give one of --expert, --model FILE and --study STUDY"),
        ("play --expert --study reach -o a.mp4", "--expert and --study: only one can act"),
        ("play --expert --trial 3 -o a.mp4", "--trial 3: name its study with --study"),
        ("play --expert", "where to? give -o video.mp4, -o picture.png, or --gui"),
        ("play --expert --gui -o a.mp4", "--gui and -o a.mp4: a window or a file, not both"),
        ("play --expert -o a.avi", "-o a.avi: must end in .mp4"),
        ("play --versus current -o a.mp4", "--versus current: must be 2 to 6 names, such as current,best"),
        ("play --versus a,b --expert -o a.mp4", "--expert and --versus: only one can act"),
        ("play --versus a,b --study reach --trial 3 -o a.mp4", "name the trial with the others, --versus a,b,3"),
        ("play --versus a,b --gui", "--gui and --versus: a window shows one"),
        ("play --progress --gui", "--gui and --progress: a window shows one"),
        ("play --progress --versus a,b -o a.mp4", "--versus and --progress: only one of both"),
        ("play --progress --model m.zip -o a.mp4", "--model and --progress: only one can act"),
        ("play --expert --gui --size 320x240", "--gui and --size: a window shows one"),
        ("play --expert -o a.mp4 --size 961x720", "--size '961x720': must be WIDTHxHEIGHT in even numbers of pixels"),
        ("play --expert -o a.mp4 --size 96x72", "from 160x120 to 3840x2160"),
        ("play --expert -o a.mp4 --size big", "--size 'big': must be WIDTHxHEIGHT"),
        ("play --expert -o nowhere/a.mp4", "-o nowhere/a.mp4: there is no folder nowhere"),
        ("play --expert -o .", "-o .: is a folder"),
        ("play --expert -o a.png --episodes 3", "--episodes 3: a picture shows one"),
        ("play --expert -o a.mp4 --episodes 0", "--episodes 0: must be at least 1"),
        ("play --expert -o a.mp4 --env Nowhere-v0", "no environment called 'Nowhere-v0'"),
        ("play --expert -o a.mp4 --env planted_toys:Healthy", "has no render mode 'rgb_array'"),
        ("play --expert -o a.mp4 --env seen_toys:SeenLine", "--expert: SeenLine has none"),
        ("play --model none.zip -o a.mp4", "--model none.zip: No such file or directory"),
        ("play --model . -o a.mp4", "--model .: Is a directory"),
        (
            "play --model model.zip -o a.mp4 --env seen_toys:Seen",
            "observations of Box(2,), the environment has Box(4,)",
        ),
        ("play --model text.zip -o a.mp4 --env seen_toys:Seen", "model text.zip: is not a zip"),
        ("play --study toy -o a.mp4 --storage sqlite:///none.db", "no database at"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(tuner: Tuner, tmp_path: Path, model: Path, line: str, words: str) -> None:
    (tmp_path / "text.zip").write_text("hello")
    before = sorted(tmp_path.iterdir())
    said = tuner(line)
    assert said.code == (1 if "none.db" in line else 2)
    errors = [text for text in said.err.splitlines() if text.startswith("tuner: ")]
    assert len(errors) == 1
    assert words in errors[0]
    assert said.out == ""
    assert sorted(tmp_path.iterdir()) == before


def test_an_unknown_study_is_said(tuner: Tuner, finished: Path) -> None:
    said = tuner("play --study toi -o a.mp4")
    assert said.code == 2
    assert "did you mean 'toy'" in said.err
    said = tuner("play --study toy --versus curent,best -o a.mp4")
    assert said.code == 2
    assert "did you mean 'current'" in said.err


def test_a_window_needs_a_display(tuner: Tuner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    said = tuner("play --expert --gui")
    assert said.code == 2
    assert said.err.splitlines()[-1] == (
        "tuner: --gui: no display (DISPLAY is not set); record a video with -o video.mp4 instead"
    )


def test_a_full_disk_is_said(tuner: Tuner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ffmpeg = tmp_path / "ffmpeg"
    full = 'echo "Error writing trailer: No space left on device" >&2; exit 1'
    ffmpeg.write_text(f'#!/bin/sh\ncase "$*" in *encoders*) echo libx264;; *) cat >/dev/null; {full};; esac\n')
    ffmpeg.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(ffmpeg))
    said = tuner("play --expert --env seen_toys:Seen -o video.mp4")
    assert said.code == 1
    assert said.err.splitlines()[-1] == (
        "tuner: the video cannot be written: No space left on device (choose another file with -o)"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]


def test_a_file_without_an_end_is_no_model(tuner: Tuner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.app.play.LARGEST", 10_000)
    said = tuner("play --model /dev/zero -o a.mp4")
    assert said.code == 2
    assert "--model /dev/zero: larger than any model of" in said.err
