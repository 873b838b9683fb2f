"""Where PyBullet is missing, as on Pythons that it has no wheels for: all but the arm works, and the arm says why."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WAY_OUT = "PyBullet is missing (wheels end at Python 3.11): `uv venv --python 3.11`, or compile: `pip install pybullet`"
REFUSED = f"tuner: environment 'roarm_envs:RoArmReach-v0': {WAY_OUT}"


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Typed":
    """Types a command line where nothing called PyBullet can be imported, workers included."""
    (tmp_path / "without").mkdir()
    absent = "raise ModuleNotFoundError(f'No module named {__name__!r}', name=__name__)\n"
    (tmp_path / "without" / "pybullet.py").write_text(absent)
    path = os.pathsep.join([str(tmp_path / "without"), os.environ["PYTHONPATH"]])
    monkeypatch.setenv("PYTHONPATH", path)
    return Typed()


class Typed:
    """`typed("run --trials 3")`."""

    def __call__(self, line: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tuner", *line.split()]
        return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.parametrize(
    "line",
    [
        "run --trials 3",
        "run --trials 3 --dry-run",
        "run --env RoArmReach-v0 --trials 3 --name own",
        "check",
        "play --expert -o video.mp4",
        "compare --minutes 1",
    ],
)
def test_a_command_that_needs_the_arm_says_why_not_and_what_to_do(typed: Typed, line: str) -> None:
    said = typed(line)
    assert said.returncode == 2, said.stderr
    assert [row for row in said.stderr.splitlines() if row.startswith("tuner:")] == [REFUSED]
    assert len(REFUSED) <= 160
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("name", ["roarm_envs.env:RoArmReachEnv", "own.py:Own"])
def test_so_does_one_that_names_a_class_of_it(typed: Typed, tmp_path: Path, name: str) -> None:
    (tmp_path / "own.py").write_text(
        "from roarm_envs.env import RoArmReachEnv\n\n\nclass Own(RoArmReachEnv):\n    pass\n"
    )
    said = typed(f"check {name}")
    assert said.returncode == 2
    assert said.stderr.splitlines() == [f"tuner: environment {name!r}: {WAY_OUT}"]


def test_lists_need_no_pybullet(typed: Typed) -> None:
    said = typed("list envs")
    assert (said.returncode, said.stderr) == (0, "")
    assert "roarm_envs:RoArmReach-v0" in said.stdout


@pytest.mark.slow
def test_other_environments_are_tuned(typed: Typed) -> None:
    said = typed("run --env CartPole-v1 --name p --trials 2 --timesteps 8192 --workers 1 --json")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["finished"] == 2
