"""The dashboard in a real browser: what its pages tell, that they fit and play, that nothing shows what is refused."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import Page
from conftest import TOYS, dashboard_over, write_study
from use_cases import INLINE, TOLD_TRIALS, Told, working_in

from tuner.app.tune import TuneRequest, tune

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
REQUIRED = "browser" in os.environ.get("TUNER_REQUIRE", "")
WIDTH = 1280
CONTROLS = """
Array.from(document.querySelectorAll('button')).filter(function (one) {
  var names = ['AddBox', 'DriveFileRenameOutline', 'Delete', 'Edit', 'UploadFile', 'StopCircle'];
  return one.offsetParent !== null && names.some(function (name) {
    return one.querySelector('[data-testid="' + name + 'Icon"]') !== null;
  });
}).length
"""
PLOTS = """
Array.from(document.querySelectorAll('[id^="user-defined-plot:tuner-"]')).filter(function (one) {
  return one.querySelector('.scatterlayer .trace') !== null;
}).length
"""
VIDEO = "document.querySelector('video.tuner-episode')"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None and not REQUIRED, reason="no Chromium here (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def address(told_folder: Path) -> Iterator[str]:
    """A dashboard over the studies."""
    with pytest.MonkeyPatch.context() as patch:
        root = TOYS.parent.parent
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, (TOYS, root, root / "envs"))))
        with dashboard_over(told_folder) as found:
            yield found


@pytest.fixture(scope="module")
def robots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard over short studies of Pendulum, without success, and of pick-and-place, with milestones."""
    folder = tmp_path_factory.mktemp("robots")
    short = {"baselines": {}, "trials": 2, "goals": {"early": 1, "late": 1}}
    write_study(folder, "pendulum", environment={"id": "Pendulum-v1"}, **short)
    milestones = {"objective": "milestones", "milestones": ["reached", "grasped", "lifted", "placed"]}
    write_study(folder, "cubes", environment={"id": "roarm_envs:RoArmPickPlace-v0"}, **short, **milestones)
    with working_in(folder):
        for name in ("pendulum.yaml", "cubes.yaml"):
            tune(TuneRequest(study=name, engine=INLINE, skip_check=True, changes={"seed": 1}), Told())
    with pytest.MonkeyPatch.context() as patch:
        root = TOYS.parent.parent
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, (root, root / "envs"))))
        with dashboard_over(folder) as found:
            yield found


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """A browser of its own, which finds nothing to complain about."""
    assert CHROMIUM is not None, "TUNER_REQUIRE asks for a browser, and there is no Chromium"
    with Page(CHROMIUM, tmp_path / "profile", offline=False) as shown:
        yield shown
        assert [one for one in shown.complaints() if _is_error(one)] == []


def _is_error(event: dict[str, Any]) -> bool:
    """Whether a complaint is an error; that a browser without a graphics card draws slowly is none."""
    entry = event["params"].get("entry", {"level": event["params"].get("type", "error")})
    return entry["level"] in ("error", "assert")


def fits(page: Page) -> bool:
    """Whether the page is no wider than its window and shows nothing that would be refused."""
    return bool(page.value("document.documentElement.scrollWidth") <= WIDTH) and page.value(CONTROLS) == 0


def test_the_list_and_the_study_show_what_there_is(address: str, page: Page) -> None:
    page.visit(f"{address}/dashboard", width=WIDTH)
    page.wait("document.body.innerText.includes('toy-confirm')")
    assert fits(page)
    page.visit(f"{address}/dashboard/studies/1", width=WIDTH)
    page.wait(f"{PLOTS} === 4")
    page.wait("document.body.innerText.includes('toy_space.yaml, 3 parameters')")
    assert fits(page)
    page.visit(f"{address}/dashboard/studies/1/smartSelection", width=WIDTH)
    page.wait("document.querySelector('.parcoords, .parcoords-line-layers') !== null")
    assert fits(page)


def test_a_trials_video_plays_and_seeks(address: str, page: Page) -> None:
    page.visit(f"{address}/dashboard/studies/1/trials?numbers=0", width=WIDTH)
    page.wait("document.body.innerText.includes('Current')")
    page.wait("Array.from(document.images).some(one => one.alt === 'curve.png' && one.naturalWidth > 300)")
    page.wait(f"{VIDEO} !== null && {VIDEO}.readyState >= 1")
    assert fits(page)
    page.value(f"{VIDEO}.play() && 1")
    page.wait(f"{VIDEO}.currentTime > 0")
    page.value(f"{VIDEO}.pause(), {VIDEO}.currentTime = {VIDEO}.duration / 2, 1")
    page.wait(f"!{VIDEO}.seeking && Math.abs({VIDEO}.currentTime - {VIDEO}.duration / 2) < 0.2")


def test_the_studys_note_has_videos_side_by_side(address: str, page: Page) -> None:
    page.visit(f"{address}/dashboard/studies/1/note", width=WIDTH)
    page.wait("document.querySelectorAll('td video.tuner-episode').length >= 2")
    assert page.value("document.body.innerText.includes('tuner export toy -o best.yml')")
    assert fits(page)


def test_a_study_without_success_and_pictures_speaks_of_returns(address: str, page: Page) -> None:
    page.visit(f"{address}/dashboard/studies/2", width=WIDTH)
    page.wait(f"{PLOTS} === 4")
    assert fits(page)
    page.visit(f"{address}/dashboard/studies/2/trials?numbers=0", width=WIDTH)
    page.wait("/Trial 0(, the leader)?: return /.test(document.body.innerText)")
    assert fits(page)
    page.visit(f"{address}/dashboard/studies/2/note", width=WIDTH)
    page.wait("document.body.innerText.includes('return in tuning')")
    assert not page.value("document.body.innerText.toLowerCase().includes('success')")
    assert page.value(f"{VIDEO} === null")


def test_pendulum_is_told_in_returns_and_pick_and_place_plays_its_video(robots: str, page: Page) -> None:
    for number, name in ((1, "pendulum"), (2, "cubes")):
        page.visit(f"{robots}/dashboard/studies/{number}", width=WIDTH)
        page.wait(f"{PLOTS} >= 3")
        assert fits(page)
        page.visit(f"{robots}/dashboard/studies/{number}/note", width=WIDTH)
        page.wait(f"document.body.innerText.includes('tuner report {name}')")
        assert fits(page)
        said = page.value("document.body.innerText.toLowerCase().includes('success')")
        assert said is (name == "cubes")
        page.visit(f"{robots}/dashboard/studies/{number}/trials?numbers=0", width=WIDTH)
        page.wait("Array.from(document.images).some(one => one.alt === 'curve.png' && one.naturalWidth > 300)")
        assert fits(page)
    page.wait(f"{VIDEO} !== null && {VIDEO}.readyState >= 1")
    page.value(f"{VIDEO}.play() && 1")
    page.wait(f"{VIDEO}.currentTime > 0")
    page.visit(f"{robots}/dashboard/studies/2/trials?numbers=0", width=WIDTH)  # now the video is among the files
    page.wait("document.body.innerText.includes('episode.mp4')")
    assert fits(page)


def test_a_confirmation_says_what_it_is(address: str, page: Page) -> None:
    page.visit(f"{address}/dashboard/studies/3/note", width=WIDTH)
    page.wait("document.body.innerText.includes('The confirmation of study toy')")
    assert fits(page)


def test_writable_shows_the_controls_that_it_takes(told_folder: Path, page: Page, tmp_path: Path) -> None:
    shutil.copytree(told_folder, tmp_path, dirs_exist_ok=True)
    with dashboard_over(tmp_path, "--writable") as found:
        page.visit(found, width=WIDTH)
        page.wait(f"{CONTROLS} === 6")  # rename and delete of each study
        page.visit(f"{found.partition('?')[0]}studies/1/trials?numbers={TOLD_TRIALS - 1}", width=WIDTH)
        page.wait(CONTROLS)
