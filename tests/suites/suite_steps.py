"""Runs a suite as a user would, one command after another, and says in a line what each came to."""

import importlib.metadata
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from suite_table import STUDIES, Suite

TUNER = [sys.executable, "-m", "tuner"]
HEADLESS = {"MUJOCO_GL": "egl", "SDL_VIDEODRIVER": "dummy"}
SETTINGS = {**HEADLESS, "OMP_NUM_THREADS": "1", "COLUMNS": "80"}
LONGEST = 300  # characters of a reason
VERSIONS = ("gymnasium", "numpy", "stable-baselines3", "rl_zoo3")  # told beside the suite's own package
STEPS = ("check", "run", "show", "confirm", "export", "rl_zoo3", "script", "play", "report")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a step came to."""

    ok: bool
    seconds: float
    said: str  # why it failed, or what `tuner check` warns of


class StepFailed(Exception):
    """A command that failed, with the reason in a line."""


def run_suite(suite: Suite, folder: Path, steps: tuple[str, ...] = STEPS) -> dict[str, Outcome]:
    """Runs the steps in a copy of the studies' folder; what needs a step that failed fails as well.

    Args:
        suite: What to run.
        folder: An empty folder, which becomes the user's project.
        steps: Names out of `STEPS`.
    """
    shutil.copytree(STUDIES, folder, dirs_exist_ok=True)
    return {name: _timed(ACTIONS[name], suite, folder) for name in steps}


def versions(suite: Suite) -> dict[str, str]:
    """The versions that a suite ran with."""
    return {name: importlib.metadata.version(name) for name in (suite.package, *VERSIONS)}


def _timed(act: Callable[[Suite, Path], str], suite: Suite, folder: Path) -> Outcome:
    begun = time.monotonic()
    try:
        said, done = act(suite, folder), True
    except StepFailed as error:
        said, done = str(error), False
    return Outcome(ok=done, seconds=round(time.monotonic() - begun, 1), said=said)


def _check(suite: Suite, folder: Path) -> str:
    out = command([*TUNER, "check", *suite.check, "--json"], suite, folder, ok=(0, 1))
    try:
        lines = json.loads(out)["lines"]
    except (ValueError, KeyError) as error:
        raise StepFailed(f"no report: {error}") from None
    if wrong := [f"{line['name']}: {line['finding']}" for line in lines if line["verdict"] == "wrong"]:
        raise StepFailed(f"wrong: {'; '.join(wrong)}")
    return ", ".join(line["name"] for line in lines if line["verdict"] == "warning")


def _tuner(*words: str, made: str | None = None) -> Callable[[Suite, Path], str]:
    """A step that is one command of tuner's; NAME stands for the study, and `made` for the file that it writes."""

    def act(suite: Suite, folder: Path) -> str:
        command([*TUNER, *(word.replace("NAME", suite.name) for word in words)], suite, folder)
        if made is not None and not (folder / made).is_file():
            raise StepFailed(f"no {made}")
        return ""

    return act


def _zoo(suite: Suite, folder: Path) -> str:
    """The command that the exported file names, for fewer steps."""
    if not (folder / "best.yml").is_file():
        raise StepFailed("no best.yml")
    found = re.search(r"^# python (-m rl_zoo3\.train .+)$", (folder / "best.yml").read_text(encoding="utf-8"), re.M)
    if found is None:
        raise StepFailed("best.yml names no command of rl_zoo3")
    short = ["-n", str(suite.zoo_steps), "-f", "logs", "--seed", "1", "--eval-freq", "-1"]
    command([sys.executable, *shlex.split(found[1]), *short], suite, folder)
    return ""


def _script(suite: Suite, folder: Path) -> str:
    _tuner("export", "NAME", "--format", "sb3", "-o", "train.py", made="train.py")(suite, folder)
    command([sys.executable, "train.py"], suite, folder)
    return ""


ACTIONS: dict[str, Callable[[Suite, Path], str]] = {
    "check": _check,
    "run": _tuner("run", "NAME.yaml", "--trials", "4", "--workers", "1"),
    "show": _tuner("show", "--study", "NAME"),
    "confirm": _tuner("confirm", "NAME", "--top", "1", "--seeds", "2", "--workers", "1"),
    "export": _tuner("export", "NAME", "-o", "best.yml", made="best.yml"),
    "rl_zoo3": _zoo,
    "script": _script,
    "play": _tuner("play", "--study", "NAME", "--episodes", "1", "-o", "video.mp4", made="video.mp4"),
    "report": _tuner("report", "NAME", "-o", "report.html", made="report.html"),
}


def command(words: list[str], suite: Suite, folder: Path, ok: tuple[int, ...] = (0,)) -> str:
    """Runs a command in the folder and returns its standard output.

    Raises:
        StepFailed: where its exit code is another, or it takes too long; all that it started is ended.
    """
    environment: dict[str, str] = {**os.environ, **SETTINGS}
    environment.pop("TUNER_STORAGE", None)
    with subprocess.Popen(
        words,
        cwd=folder,
        env=environment,
        text=True,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            out, talk = process.communicate(timeout=suite.seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise StepFailed(f"no end within {suite.seconds:.0f} s") from None
    if process.returncode not in ok:
        raise StepFailed(reason(f"{out}\n{talk}", process.returncode, folder))
    return out


def reason(text: str, code: int, folder: Path) -> str:
    """Why a command failed, in a line: what tuner says, else the last line; without this machine's paths."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line.removeprefix("tuner: ") for line in lines if line.startswith("tuner: ")] or lines[-1:]
    said = " / ".join(told) or "nothing said"
    for path, short in _places(folder):
        said = said.replace(path, short)
    return f"exit code {code}: {said if len(said) <= LONGEST else said[: LONGEST - 1] + '…'}"


def _places(folder: Path) -> Iterator[tuple[str, str]]:
    yield str(folder), "."
    yield sys.prefix, ".venv"
    yield str(Path.home()), "~"
