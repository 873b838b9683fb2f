"""The wheel: the packages, the presets, and nothing that a run left behind. And what a command loads."""

import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a wheel that is built while a database and a model lie in `studies/`."""
    folder = tmp_path_factory.mktemp("wheel")
    database = ROOT / "studies" / "left-by-the-wheel-test.db"
    database.write_bytes(b"a study of somebody")
    try:
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    finally:
        database.unlink()
    with zipfile.ZipFile(next(folder.glob("roarm_tuner-*.whl"))) as wheel:
        return wheel.namelist()


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
    }
    assert wanted <= set(names)


@pytest.mark.slow
def test_the_wheel_holds_nothing_else(names: list[str]) -> None:
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"tuner", "roarm_envs"}
    assert {Path(name).suffix for name in names if ".dist-info/" not in name} == {
        ".py",
        ".yaml",
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


def pinned(lock: str) -> dict[str, str]:
    """The versions in a lock file, by name."""
    lines = (ROOT / lock).read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and line[0] not in "#-"]
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}


def needed(roots: Iterable[str], among: Iterable[str]) -> set[str]:
    """Those of `among` that some requirements and what they require on this machine come to."""
    todo, seen = [Requirement(root) for root in roots], set[str]()
    while todo:
        one = todo.pop()
        told = [Requirement(text) for text in requires(one.name) or ()]
        asked = [need for need in told if need.marker is None or any(map(need.marker.evaluate, extras(one)))]
        todo += [need for need in asked if canonicalize_name(need.name) in among and need.name not in seen]
        seen |= {canonicalize_name(one.name), *(need.name for need in asked)}
    return seen & set(among)


def extras(requirement: Requirement) -> list[dict[str, str | set[str] | frozenset[str]]]:
    return [{"extra": extra} for extra in ("", *requirement.extras)]


def test_what_running_needs_and_what_tests_need_are_two_locks() -> None:
    runtime, rest = pinned("requirements.lock"), pinned("requirements-dev.lock")
    assert runtime["torch"] == "2.13.0"  # by its plain version, so that pip may take any build of it
    assert not runtime.keys() & rest.keys()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    build = ["hatchling", "editables"]  # for the installation itself, which takes nothing from elsewhere
    every = {**runtime, **rest}
    assert needed([*project["dependencies"], *build], every) == set(runtime)
    for requirement in map(Requirement, [*project["dependencies"], *project["optional-dependencies"]["dev"]]):
        assert requirement.specifier.contains(every[canonicalize_name(requirement.name)]), requirement


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
