"""The wheel: the packages, the presets, and nothing that a run left behind. And what a command loads."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import make_locks
from make_locks import needed

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel that is built while a database lies in `studies/`."""
    folder = tmp_path_factory.mktemp("wheel")
    database = ROOT / "studies" / "left-by-the-wheel-test.db"
    database.write_bytes(b"a study of somebody")
    try:
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    finally:
        database.unlink()
    return next(folder.glob("roarm_tuner-*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    """The names in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture
def installed(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the wheel's packages, which are imported from there."""
    folder = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


def typed(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command line in a new folder."""
    folder.mkdir()
    command = [sys.executable, "-P", "-m", "tuner", *line.split()]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.slow
def test_the_installed_wheel_runs_a_packaged_study_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    said = typed("run smoke --trials 2 --workers 2", tmp_path / "empty")
    assert said.returncode == 0, said.stderr
    assert "2 of 2 trials finished" in said.stdout


@pytest.mark.slow
def test_the_installed_wheel_without_pybullet_tunes_other_environments(installed: Path, tmp_path: Path) -> None:
    (installed / "pybullet.py").write_text("raise ModuleNotFoundError('No module named pybullet', name='pybullet')\n")
    said = typed("run --env CartPole-v1 --name p --trials 4 --timesteps 8192", tmp_path / "cart")
    assert said.returncode == 0, said.stderr
    assert "4 of 4 trials finished" in said.stdout
    arm = typed("run", tmp_path / "arm")
    assert arm.returncode == 2
    assert "PyBullet is missing (wheels end at Python 3.11): `uv venv --python 3.11`" in arm.stderr


@pytest.mark.slow
def test_the_wheel_holds_the_packages_and_the_presets(names: list[str]) -> None:
    wanted = {
        "tuner/cli/main.py",
        "roarm_envs/env.py",
        "roarm_envs/assets/roarm_m3.urdf",
        "tuner/presets/search_spaces/ppo_guide.yaml",
        "tuner/presets/search_spaces/ppo_full.yaml",
        "tuner/presets/studies/reach.yaml",
        "tuner/presets/studies/smoke.yaml",
        "tuner/presets/schemas/study.json",
        "tuner/presets/schemas/space.json",
    }
    assert wanted <= set(names)


@pytest.mark.slow
def test_the_wheel_holds_nothing_else(names: list[str]) -> None:
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"tuner", "roarm_envs"}
    assert {Path(name).suffix for name in names if ".dist-info/" not in name} == {
        ".py",
        ".yaml",
        ".json",
        ".urdf",
        ".j2",
        ".css",
        ".js",
        ".typed",
    }


def test_what_only_training_and_statistics_need_is_not_loaded_before_they_do() -> None:
    program = (
        "import sys, tuner.cli.main, tuner.app.tune, tuner.cli.render.confirm_tables\n"
        "print(*{'torch', 'stable_baselines3', 'pybullet', 'scipy.stats', 'ray'} & set(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=300)
    assert loaded.stdout.split() == []


def pinned(name: str) -> dict[str, str]:
    """The versions in a lock file or in the constraints, by name."""
    lines = (ROOT / name).read_text().splitlines()
    pins = [Requirement(line.rstrip("\\ ")) for line in lines if line and line[0] not in "#- "]
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}


def test_what_running_needs_and_what_tests_need_are_two_locks() -> None:
    runtime, rest = pinned("requirements.lock"), pinned("requirements-dev.lock")
    assert runtime["torch"] == "2.13.0"  # by its plain version, so that pip may take any build of it
    assert not runtime.keys() & rest.keys()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    every = {**runtime, **rest}
    assert every == pinned("constraints.txt")
    assert needed(make_locks.runtime(), every) == set(runtime)
    for requirement in map(Requirement, [*project["dependencies"], *project["optional-dependencies"]["dev"]]):
        assert requirement.specifier.contains(every[canonicalize_name(requirement.name)]), requirement


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_package_of_a_lock_file_has_its_hashes(name: str) -> None:
    blocks = re.split(r"^(?=[A-Za-z])", (ROOT / name).read_text(), flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pinned(name))
    for block in blocks:
        assert re.fullmatch(r"\S+==\S+( ; .+?)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n", block), block


def test_the_page_of_packages_is_that_of_the_lock_file() -> None:
    page = subprocess.run(
        [sys.executable, "tools/package_list.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert page == (ROOT / "docs" / "reference" / "packages.md").read_text()
    assert "not named" not in page


def test_pybullet_is_asked_for_where_it_has_wheels() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (pybullet,) = [Requirement(one) for one in project["dependencies"] if one.startswith("pybullet")]
    assert pybullet.marker is not None
    assert [pybullet.marker.evaluate({"python_version": one}) for one in ("3.11", "3.12", "3.13")] == [1, 0, 0]
    assert project["requires-python"] == ">=3.11"


def test_the_citation_names_the_version_of_the_package() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (cited["version"], cited["license"]) == (project["version"], project["license"])
