"""Environments in files of one's own: from the command line to the workers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Tuner

PROJECT = {
    "envs/__init__.py": "",
    "envs/parts.py": "SCALE = 1.5\n",
    "envs/arm.py": "from envs.parts import SCALE\nfrom tests.figures import REACH\nfrom tuner_toys import Line\n\n"
    "class Arm(Line):\n    reach = REACH * SCALE\n",
    "tests/__init__.py": "",
    "tests/figures.py": "REACH = 2.0\n",
}


@pytest.fixture
def project(toy_study: Path) -> Path:
    for name, text in PROJECT.items():
        path = toy_study.parent / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return toy_study


@pytest.mark.slow
def test_a_class_in_a_file_is_tuned_by_worker_processes(project: Path) -> None:
    """As the installed command does it, whose own folder is first on the path, not the current one."""
    program = "import sys; sys.path.remove(''); from tuner.cli.main import main; main()"

    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", program, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)

    said = typed("run", "toy.yaml", "--env", "./envs/arm.py:Arm", "--trials", "2", "--workers", "1", "--json")
    assert said.returncode == 0, said.stderr
    result = json.loads(said.stdout)
    assert (result["study"], result["environment"], result["finished"]) == ("toy-Arm", "envs/arm.py:Arm", 2)
    again = typed("run", "toy-Arm", "--trials", "2")
    assert "Nothing to do" in again.stderr


def test_two_spellings_lead_to_one_study(tuner: Tuner, project: Path) -> None:
    options = "--trials 2 --engine inline --json"
    assert tuner(f"run {project} --env envs/arm.py:Arm {options}").code == 0
    again = tuner(f"run {project} --env {project.parent}/envs/arm.py:Arm {options}")
    assert "Nothing to do" in again.err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere.py:Arm", "no such file, nowhere.py"),
        ("envs/arm.py:Leg", "no 'Leg' in envs/arm.py; there is: Arm"),
        ("envs/parts.py:SCALE", "not an environment"),
    ],
)
@pytest.mark.parametrize("command", ["run toy.yaml --env"])
def test_a_name_that_means_nothing_is_refused(tuner: Tuner, project: Path, command: str, name: str, words: str) -> None:
    said = tuner(f"{command} {name}")
    assert said.code == 2
    assert words in said.err
    assert len(said.err.splitlines()) == 1
