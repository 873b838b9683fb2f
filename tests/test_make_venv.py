"""tools/make_venv.sh, which makes the environment of `make tune`, on machines with and without Python 3.11 and uv."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "tools" / "make_venv.sh"
OTHER = '#!/bin/sh\ncase "$1" in --version) echo Python 3.12.3;; *) exit 1;; esac\n'  # any other Python
UV = '#!/bin/sh\necho "$@" > uv.log\nfor last; do :; done\nexec {python} -m venv --without-pip "$last"\n'
BROKEN_UV = "#!/bin/sh\necho no download >&2\nexit 1\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder that is the whole PATH, with what the script needs of a system."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "rm"):
        (folder / name).symlink_to(str(shutil.which(name)))
    return folder


def put(path: Path, name: str, text: str) -> None:
    """Puts a program on the PATH."""
    (path / name).write_text(text)
    (path / name).chmod(0o755)


def make(path: Path) -> subprocess.CompletedProcess[str]:
    """Runs the script in the folder that holds the PATH's."""
    command = ["sh", str(SCRIPT), "venv", "private-uv"]
    environment = {**os.environ, "PATH": str(path)}
    return subprocess.run(command, cwd=path.parent, env=environment, capture_output=True, text=True, check=False)


def test_without_python_3_11_uv_makes_the_environment(path: Path) -> None:
    put(path, "python3", OTHER)
    put(path, "uv", UV.format(python=sys.executable))
    made = make(path)
    assert made.returncode == 0, made.stderr
    assert (path.parent / "uv.log").read_text().split() == ["venv", "--quiet", "--seed", "--python", "3.11", "venv"]
    assert (path.parent / "venv" / "bin" / "python").exists()
    assert "uv makes venv" in made.stdout


def test_pythons_own_venv_is_enough_where_python_3_11_is_there(path: Path) -> None:
    put(path, "python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    made = make(path)
    assert (made.returncode, made.stdout, made.stderr) == (0, "", "")
    assert (path.parent / "venv" / "bin" / "python").exists()


@pytest.mark.parametrize("uv", [None, BROKEN_UV], ids=["no uv", "uv without a download"])
def test_where_neither_can_be_had_one_line_says_what_to_do(path: Path, uv: str | None) -> None:
    put(path, "python3", OTHER)
    if uv is not None:
        put(path, "uv", uv)
    made = make(path)
    assert made.returncode == 1
    assert made.stderr.splitlines()[-1].startswith("Python 3.11 is needed (Python 3.12.3 is here")
    assert made.stderr.splitlines()[-1].endswith("then type the same again.")
    assert not (path.parent / "venv").exists()


def test_a_folder_of_that_name_with_other_content_is_kept(path: Path) -> None:
    put(path, "python3", OTHER)
    (path.parent / "venv").mkdir()
    (path.parent / "venv" / "mine").write_text("")
    made = make(path)
    assert made.returncode == 1
    assert "move it away" in made.stderr
    assert (path.parent / "venv" / "mine").exists()
