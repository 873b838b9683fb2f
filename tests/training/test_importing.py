"""The current folder is on the import path only where the environment that is named needs it."""

import sys
from pathlib import Path

import pytest

from tuner.training import importing
from tuner.training.importing import import_file, import_module


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process's import path without the current folder, which Python itself may have put there."""
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in ("", str(Path.cwd()))])
    monkeypatch.setattr(importing, "_added", [])


def is_on_the_path(folder: Path) -> bool:
    return str(folder) in sys.path


def test_an_installed_module_brings_no_folder(tmp_path: Path) -> None:
    """What lies beside the user, such as in a shared folder, is not taken for a library."""
    (tmp_path / "getopt.py").write_text("raise RuntimeError('the wrong one')\n")
    (tmp_path / "roarm_envs").mkdir()  # of data; no package
    import_module("roarm_envs")
    import_module("gymnasium.wrappers", str(tmp_path))
    assert not is_on_the_path(tmp_path)
    import getopt

    assert Path(str(getopt.__file__)).parent != tmp_path


@pytest.mark.parametrize("place", ["mine_here.py", "mine_here/__init__.py"])
def test_a_module_of_the_current_folder_does(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).touch()
    import_module("mine_here")
    assert is_on_the_path(tmp_path)


def test_a_package_without_a_file_of_its_own_does(tmp_path: Path) -> None:
    (tmp_path / "plain_here").mkdir()
    (tmp_path / "plain_here" / "arm.py").touch()
    import_module("plain_here.arm")
    assert is_on_the_path(tmp_path)


def test_a_module_of_another_folder_brings_that_alone(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "mine_there.py").touch()
    import_module("mine_there", str(other))
    assert is_on_the_path(other)
    assert not is_on_the_path(tmp_path)
    sys.modules.pop("mine_there")


def test_a_file_brings_its_own_folder_and_the_current_one_if_it_is_in_it(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("files")
    (other / "arm_there.py").touch()
    import_file(other / "arm_there.py")
    assert is_on_the_path(other)
    assert not is_on_the_path(tmp_path)
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs" / "arm_here.py").touch()
    import_file(tmp_path / "envs" / "arm_here.py")
    assert is_on_the_path(tmp_path)
    sys.modules.pop("arm_there")
