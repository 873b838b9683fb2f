"""Episodes as videos and pictures, and the errors on the way."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import seen_toys
from PIL import Image, ImageSequence
from playing_videos import described, frames, green
from seen_toys import FPS

from tuner import seeds
from tuner.errors import EnvironmentFailed, EnvironmentUnusable, RecordingFailed, TunerError, UsageProblem
from tuner.playing import gif, play_episode, side_by_side
from tuner.playing.imaging import HELD, Storyboard, in_a_grid, moments
from tuner.playing.play_episode import EXPERT, Played, PlayedEpisode
from tuner.playing.playback import play
from tuner.playing.screens import check_target
from tuner.records import EnvironmentRef


def played(name: str, output: Path, count: int = 1) -> Played:
    reported: list[PlayedEpisode] = []
    found = play(EnvironmentRef(id=f"seen_toys:{name}"), EXPERT, seeds.play_goals(count), output, reported.append)
    assert reported == found.episodes
    return found


FAST = 20  # steps a second of an arm
LONG = EnvironmentRef(id="seen_toys:Quick")


def shown(seconds: float) -> int:
    return round(seconds * FPS)


def test_a_video_is_playable_by_browsers(tmp_path: Path) -> None:
    played("Seen", tmp_path / "video.mp4")
    said = described(tmp_path / "video.mp4")
    for words in ("h264", "yuv420p", "960x720", f"{FPS} fps"):
        assert words in said
    content = (tmp_path / "video.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # so that it plays before it is completely loaded


def test_a_gif_shows_every_second_step_in_few_bytes(tmp_path: Path) -> None:
    found = play(LONG, EXPERT, seeds.play_goals(1), tmp_path / "film.gif", print)
    said = described(tmp_path / "film.gif")
    assert "gif" in said
    assert "480x360" in said
    with Image.open(tmp_path / "film.gif") as film:
        assert film.info["loop"] == 0
        lasted = sum(one.info["duration"] for one in ImageSequence.Iterator(film)) / 1000
    steps = found.episodes[0].steps / FAST
    assert lasted == pytest.approx(side_by_side.FIRST + steps + side_by_side.LAST, abs=0.3)
    assert len(frames(tmp_path / "film.gif")) == pytest.approx(lasted * gif.FPS, abs=2)
    assert (tmp_path / "film.gif").stat().st_size < 60_000
    assert [path.name for path in tmp_path.iterdir()] == ["film.gif"]


def test_a_picture_smaller_than_its_frame_is_framed_whole(tmp_path: Path) -> None:
    play(
        EnvironmentRef(id="seen_toys:Growing"), EXPERT, seeds.play_goals(1), tmp_path / "a.mp4", print, size=(320, 240)
    )
    assert "320x240" in described(tmp_path / "a.mp4")


def test_a_video_shows_every_step_and_holds_start_and_end(tmp_path: Path) -> None:
    found = played("Seen", tmp_path / "video.mp4", 2)
    pictures = frames(tmp_path / "video.mp4")
    steps = [episode.steps for episode in found.episodes]
    still = shown(side_by_side.FIRST), shown(side_by_side.LAST)
    assert [green(picture) for picture in pictures] == [
        done for count in steps for done in [False] * (still[0] + count - 1) + [True] * still[1]
    ]


def test_the_arms_marker_turns_green_in_the_video(tmp_path: Path) -> None:
    arm = EnvironmentRef(id="roarm_envs:RoArmReach-v0")
    found = play(arm, EXPERT, seeds.play_goals(1), tmp_path / "video.mp4", print, size=(480, 360))
    pictures = frames(tmp_path / "video.mp4").astype(int)
    assert pictures.shape == (8 + found.episodes[0].steps - 1 + 15, 360, 480, 3)
    red, leaf, _ = np.moveaxis(pictures, -1, 0)
    marked = [(((one > 110) & (one > 2.5 * other)).sum(axis=(1, 2)) > 20) for one, other in ((red, leaf), (leaf, red))]
    assert marked[0].tolist() == [True] * (len(pictures) - 15) + [False] * 15
    assert marked[1].tolist() == [False] * (len(pictures) - 15) + [True] * 15


def test_the_results_of_episodes_are_reported(tmp_path: Path) -> None:
    found = played("Seen", tmp_path / "video.mp4", 2)
    assert [episode.seed for episode in found.episodes] == [8_000_000, 8_000_001]
    assert [episode.stages for episode in found.episodes] == [("halfway",)] * 2  # `lost` is in `info`, and false
    assert found.success == 1.0
    assert found.data()["episodes"][0]["return"] == found.episodes[0].total_return > 10.0


def test_the_same_episodes_come_again(tmp_path: Path) -> None:
    first, second = (played("Seen", tmp_path / name) for name in ("a.mp4", "b.mp4"))
    assert first == second
    assert (frames(tmp_path / "a.mp4") == frames(tmp_path / "b.mp4")).all()


def test_a_picture_shows_an_episode_from_start_to_end(tmp_path: Path) -> None:
    found = played("Seen", tmp_path / "story.png")
    board = np.asarray(Image.open(tmp_path / "story.png"))
    height, width, gap = 360, 480, 4
    assert board.shape == (2 * height + gap, 3 * width + 2 * gap, 3)
    cells = [board[top : top + height, left : left + width] for top in (0, 364) for left in (0, 484, 968)]
    used = [cell for cell in cells if not (cell == 255).all()]
    assert len(used) == min(found.episodes[0].steps + 1, 6)
    assert [green(cell) for cell in used] == [False] * (len(used) - 1) + [True]


@pytest.mark.parametrize(("count", "wanted"), [(1, [0]), (3, [0, 1, 2]), (11, [0, 2, 4, 6, 8, 10])], ids=str)
def test_moments_lie_evenly_from_first_to_last(count: int, wanted: list[int]) -> None:
    pictures = [np.full((1, 1, 3), index, np.uint8) for index in range(count)]
    assert [int(picture[0, 0, 0]) for picture in moments(pictures, 6)] == wanted


def test_a_grid_has_no_more_columns_than_pictures() -> None:
    assert in_a_grid([np.zeros((4, 6, 3), np.uint8)] * 2, 3).shape == (4, 16, 3)


def test_a_long_episode_is_not_held_whole(tmp_path: Path) -> None:
    board, env = Storyboard(tmp_path / "story.png"), seen_toys.Seen()
    env.reset(seed=1)
    for _ in range(10 * HELD):
        board.show(env.render, FPS)
        assert len(board._kept) <= HELD
    board.finish()
    assert np.asarray(Image.open(tmp_path / "story.png")).shape == (80, 158, 3)


def test_an_episode_without_an_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play_episode, "ENDLESS", 12)
    found = played("Stubborn", tmp_path / "video.mp4")
    assert [episode.steps for episode in found.episodes] == [12]
    assert found.success == 0.0


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("Floating", EnvironmentFailed, "must return a picture of shape (height, width, 3) of uint8"),
        ("Blind", EnvironmentFailed, "the environment raised in render: RuntimeError: the lens is covered"),
        ("Unsure", EnvironmentUnusable, "--expert: Unsure has none (make_expert, see docs/howto/environments.md)"),
        ("SeenLine", EnvironmentUnusable, "--expert: SeenLine has none"),
    ],
)
def test_a_failed_recording_is_reported_and_leaves_no_file(
    tmp_path: Path, name: str, error: type[TunerError], words: str
) -> None:
    target = tmp_path / "video.mp4"
    target.write_text("the last video")
    with pytest.raises(error) as refused:
        played(name, target)
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["video.mp4"]
    assert target.read_text() == "the last video"


def test_an_environment_without_the_render_mode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentUnusable, match="has no render mode 'rgb_array': it has none"):
        play(EnvironmentRef(id="planted_toys:Healthy"), EXPERT, (1,), tmp_path / "video.mp4", print)


def test_a_missing_ffmpeg_is_reported_before_anything_is_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "nowhere"))
    monkeypatch.setattr(seen_toys.Seen, "reset", lambda *_, **__: pytest.fail("an episode was begun"))
    with pytest.raises(RecordingFailed, match=r"nowhere' does not run: No such file or directory \(`pip install"):
        played("Seen", tmp_path / "video.mp4")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("script", "words"),
    [("exit 1", "does not run"), ("echo mpeg4", "was built without libx264")],
    ids=["failing", "without h264"],
)
def test_an_unusable_ffmpeg_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", program(tmp_path, script))
    with pytest.raises(RecordingFailed, match=words):
        played("Seen", tmp_path / "video.mp4")


def program(folder: Path, script: str) -> str:
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_there_may_be_no_ffmpeg_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imageio_ffmpeg._utils._get_ffmpeg_exe", lambda: None)
    monkeypatch.setattr("imageio_ffmpeg.get_ffmpeg_exe", raises)
    with pytest.raises(RecordingFailed, match="no ffmpeg found to encode the video"):
        played("Seen", tmp_path / "video.mp4")


def raises() -> str:
    raise RuntimeError("No ffmpeg exe could be found.")


def test_the_error_of_a_failing_ffmpeg_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = 'case "$*" in *encoders*) echo libx264;; *) echo "[mp4] out of luck" >&2; exit 3;; esac'
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", program(tmp_path, script))
    with pytest.raises(RecordingFailed, match=r"ffmpeg failed: \[mp4\] out of luck"):
        played("Seen", tmp_path / "video.mp4", 3)
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]


def test_no_ffmpeg_is_left_after_an_interrupted_episode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def children() -> set[str]:
        return {child for file in Path("/proc/self/task").glob("*/children") for child in file.read_text().split()}

    before = children()
    begun: set[str] = set()

    def stumble(*_: Any) -> Any:
        begun.update(children() - before)
        raise KeyboardInterrupt

    monkeypatch.setattr(seen_toys.Seen, "step", stumble)
    with pytest.raises(KeyboardInterrupt):
        played("Seen", tmp_path / "video.mp4")
    assert begun
    assert not any(Path(f"/proc/{child}").exists() for child in begun)
    assert not list(tmp_path.iterdir())


def test_a_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    (tmp_path / "latest.png").symlink_to(tmp_path / "videos" / "one.png")
    played("Seen", tmp_path / "latest.png")
    assert (tmp_path / "latest.png").is_symlink()
    assert (tmp_path / "videos" / "one.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("folder.mp4", "is a folder; give a file, such as"),
        ("nowhere/video.mp4", "there is no folder"),
        ("video.avi", "must end in .mp4 or .gif for a video, or in .png"),
        ("video", "must end in .mp4 or .gif for a video, or in .png"),
        ("pipe.mp4", "is no regular file"),
    ],
)
def test_a_path_that_cannot_be_recorded_to_is_refused(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "pipe.mp4").symlink_to("/dev/null")
    with pytest.raises(UsageProblem, match=words):
        check_target(tmp_path / name)


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    check_target(folder / "video.mp4")
    shutil.rmtree(folder)
    with pytest.raises(TunerError, match=r"cannot write .*video.mp4: No such file or directory \(choose another"):
        played("Seen", folder / "video.mp4")
