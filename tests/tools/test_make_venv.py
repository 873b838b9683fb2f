"""`make` on machines with another Python, with uv, with neither: stand-ins for all of them, and what is said."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
NEEDED = ("sh", "rm", "mkdir", "cat", "chmod", "touch")

# Interpreters write down what they are asked; `-c` is the question whether they are 3.11.
PYTHON = """\
#!/bin/sh
echo "$0 $*" >> {log}
case "$1 $2" in
    "--version "*) echo "Python {version}" ;;
    "-c "*) exit {unwanted} ;;
    "-m venv") {venv} ;;
    "-m pip") {pip} ;;
esac
"""
UV = """\
#!/bin/sh
echo "uv $*" >> {log}
mkdir -p "$6/bin" && cat {inside} > "$6/bin/python" && chmod +x "$6/bin/python"
exit {code}
"""
MAKES_VENV = 'mkdir -p "$3/bin" && cat {inside} > "$3/bin/python" && chmod +x "$3/bin/python"'
INSTALLS_UV = 'cat {uv} > "${{0%python}}uv" && chmod +x "${{0%python}}uv"'


class Machine:
    """A checkout, and a PATH with what the recipe needs and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self.path, self.parts = folder / "checkout", folder / "bin", folder / "parts"
        for made in (self.checkout, self.path, self.parts):
            made.mkdir()
        self.log = folder / "log"
        for name in NEEDED:
            (self.path / name).symlink_to(str(shutil.which(name)))
        shutil.copytree(ROOT / "tools", self.checkout / "tools")
        for name in ("Makefile", "requirements.lock", "requirements-dev.lock", "pyproject.toml"):
            shutil.copy(ROOT / name, self.checkout)
        self.inside = self.write(self.parts / "python", PYTHON, version="3.11.7", unwanted=0, venv=":", pip=":")

    def write(self, path: Path, text: str, **values: object) -> Path:
        path.write_text(text.format(log=self.log, **values))
        path.chmod(0o755)
        return path

    def has_python(self, name: str, version: str, *, venv: str = "exit 1") -> None:
        unwanted = int(not version.startswith("3.11."))
        self.write(self.path / name, PYTHON, version=version, unwanted=unwanted, venv=venv, pip="exit 1")

    def has_uv(self, *, code: int = 0) -> None:
        self.write(self.path / "uv", UV, inside=self.inside, code=code)

    def made(self, target: str = ".venv/.ready") -> subprocess.CompletedProcess[str]:
        command = [str(shutil.which("make")), "--no-print-directory", target]
        where = {**os.environ, "PATH": str(self.path), "MAKEFLAGS": ""}
        return subprocess.run(
            command, cwd=self.checkout, env=where, capture_output=True, text=True, timeout=60, check=False
        )

    def asked(self, who: str) -> list[str]:
        """What an interpreter, or uv, was asked to do."""
        lines = self.log.read_text().splitlines()
        return [line.removeprefix(who).strip() for line in lines if line.startswith(who) and " -c " not in line]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


INSTALLED = [
    "tools/install_locked.py requirements.lock",
    "-m pip install -qq --no-deps --no-build-isolation --editable .",
]


def test_a_machine_with_python_3_11_needs_no_uv(machine: Machine) -> None:
    machine.has_python("python3", "3.13.0")
    machine.has_python("python3.11", "3.11.9", venv=MAKES_VENV.format(inside=machine.inside))
    machine.has_uv()
    said = machine.made()
    assert said.returncode == 0, said.stderr
    assert machine.asked("uv ") == []
    assert machine.asked(".venv/bin/python") == INSTALLED
    assert (machine.checkout / ".venv" / ".ready").is_file()


def test_tests_install_the_rest_after_what_running_needs(machine: Machine) -> None:
    machine.has_python("python3", "3.11.9", venv=MAKES_VENV.format(inside=machine.inside))
    assert machine.made(".venv/.ready-dev").returncode == 0
    assert machine.asked(".venv/bin/python") == [*INSTALLED, "tools/install_locked.py requirements-dev.lock"]
    assert {path.name for path in (machine.checkout / ".venv").iterdir()} == {"bin", ".ready", ".ready-dev"}


def test_with_another_python_uv_makes_the_environment(machine: Machine) -> None:
    machine.has_python("python3", "3.13.0")
    machine.has_uv()
    said = machine.made()
    assert said.returncode == 0, said.stderr
    assert machine.asked("uv ") == ["venv --quiet --seed --python 3.11 .venv"]
    assert machine.asked(".venv/bin/python") == INSTALLED
    assert "(Python 3.13.0 is here): uv makes .venv" in said.stdout


def test_a_python_3_11_that_cannot_make_environments_leaves_it_to_uv(machine: Machine) -> None:
    """As Debian's is without python3-venv."""
    machine.has_python("python3.11", "3.11.2", venv='mkdir "$3" && exit 1')
    machine.has_uv()
    assert machine.made().returncode == 0
    assert len(machine.asked("uv ")) == 1


def test_where_uv_is_not_at_hand_it_is_installed_into_a_folder_of_its_own(machine: Machine) -> None:
    uv = machine.write(machine.parts / "uv", UV, inside=machine.inside, code=0)
    pip = INSTALLS_UV.format(uv=uv)
    aside = machine.write(machine.parts / "other", PYTHON, version="3.13.0", unwanted=1, venv="exit 1", pip=pip)
    machine.has_python("python3", "3.13.0", venv=MAKES_VENV.format(inside=aside))
    said = machine.made()
    assert said.returncode == 0, said.stderr
    assert machine.asked(".uv/bin/python") == ["-m pip install -qq uv"]
    assert machine.asked("uv ") == ["venv --quiet --seed --python 3.11 .venv"]
    assert (machine.checkout / ".venv" / ".ready").is_file()


@pytest.mark.parametrize(
    ("python", "uv", "words"),
    [
        pytest.param(None, False, "(no python3 is here; no uv, and none to be had from PyPI)", id="nothing at all"),
        pytest.param("3.13.0", False, "(Python 3.13.0 is here; no uv, and none to be had", id="no venv, no uv"),
        pytest.param("3.9.18", True, "(Python 3.9.18 is here, and uv got none): install it", id="uv finds none"),
    ],
)
def test_where_it_cannot_be_had_the_last_line_says_what_to_do(
    machine: Machine, python: str | None, uv: bool, words: str
) -> None:
    if python is not None:
        machine.has_python("python3", python)
    if uv:
        machine.has_uv(code=2)
    said = machine.made()
    assert said.returncode == 2
    (line,) = [line for line in said.stderr.splitlines() if line.startswith("Python 3.11 is needed")]
    assert words in line
    assert line.endswith("then type the same again.")
    assert len(line) <= 160
    assert not (machine.checkout / ".venv").exists()


def test_an_environment_of_somebody_elses_is_left_alone(machine: Machine) -> None:
    machine.has_python("python3.11", "3.11.9", venv="exit 0")
    (machine.checkout / ".venv").mkdir()
    (machine.checkout / ".venv" / "precious").touch()
    said = machine.made()
    assert said.returncode == 2
    assert ".venv is there and is no environment of Python 3.11 with pip: move it away" in said.stderr
    assert (machine.checkout / ".venv" / "precious").exists()


def test_one_that_is_ready_is_kept(machine: Machine) -> None:
    machine.has_python("python3", "3.13.0")
    (machine.checkout / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(machine.inside, machine.checkout / ".venv" / "bin" / "python")
    assert machine.made().returncode == 0
    assert machine.asked(".venv/bin/python") == ["-m pip --version", *INSTALLED]
