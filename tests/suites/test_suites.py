"""The suites run as a user would run them; those that need no other package in the ordinary tests as well."""

import re
from pathlib import Path

import pytest
import yaml
from suite_steps import STEPS, reason, run_suite
from suite_table import ABSENT, FOLDER, STUDIES, SUITES, Suite

QUICK = ("check", "run", "export", "rl_zoo3")  # nothing can be played without pygame
EACH = [
    pytest.param(suite, QUICK, marks=pytest.mark.slow, id=f"{suite.name}, in part") for suite in SUITES if suite.quick
] + [pytest.param(suite, STEPS, marks=pytest.mark.suites, id=suite.name) for suite in SUITES]


@pytest.mark.parametrize(("suite", "steps"), EACH)
def test_every_step_of_a_suite_works(suite: Suite, steps: tuple[str, ...], tmp_path: Path) -> None:
    outcomes = run_suite(suite, tmp_path / "project", steps)
    assert {name: step.said for name, step in outcomes.items() if not step.ok} == {}


def test_a_step_that_fails_says_why_and_the_rest_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    nowhere = Suite(name="nowhere", package="gymnasium", algorithm="PPO")
    found = run_suite(nowhere, tmp_path / "project", ("run", "rl_zoo3"))
    assert not any(step.ok for step in found.values())
    assert found["run"].said.startswith("exit code ")
    assert "nowhere" in found["run"].said
    assert found["rl_zoo3"].said == "no best.yml"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Checking …\ntuner: no environment\ntuner: see `tuner list envs`\n", "no environment / see `tuner list envs`"),
        ("Traceback (most recent call last):\n  File\nValueError: in /home/me/project/x\n", "ValueError: in ./x"),
        ("\n", "nothing said"),
        ("word " * 100, f"{('word ' * 100)[:299]}…"),
    ],
    ids=["tuner's own", "a traceback", "nothing", "too much"],
)
def test_a_reason_is_a_line(text: str, said: str) -> None:
    assert reason(text, 1, Path("/home/me/project")) == f"exit code 1: {said}"


def test_every_study_belongs_to_a_suite_and_every_package_is_pinned() -> None:
    spaces = {suite.study["space"] for suite in SUITES}
    assert {path.name for path in STUDIES.glob("*.yaml")} - spaces == {f"{suite.name}.yaml" for suite in SUITES}
    pins = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("requirements*.txt"))
    lines = [line for line in pins.splitlines() if not line.startswith("#")]
    assert all(re.match(r"[\w-]+(\[[\w,-]+\])?==\d", line) for line in lines)
    assert {suite.package for suite in SUITES} <= set(re.findall(r"^[\w-]+", "\n".join(lines), flags=re.MULTILINE))
    assert not ABSENT.keys() & {suite.package for suite in SUITES}


def test_pins_are_those_of_the_lock_files() -> None:
    root, pin = FOLDER.parent.parent, re.compile(r"^([\w-]+)(?:\[[\w,-]+\])?==([\w.]+)", flags=re.MULTILINE)
    locks = ("requirements.lock", "requirements-dev.lock")
    locked = dict(found for name in locks for found in pin.findall((root / name).read_text(encoding="utf-8")))
    own = dict(pin.findall((FOLDER / "requirements.txt").read_text(encoding="utf-8")))
    assert {name: version for name, version in own.items() if locked.get(name, version) != version} == {}
    assert own["gymnasium"] == locked["gymnasium"]


def test_the_check_is_asked_what_the_study_says() -> None:
    by_name = {suite.name: suite for suite in SUITES}
    words = " ".join(by_name["metaworld_reach"].check)
    assert words.startswith("metaworld:Meta-World/MT1 ")
    assert "--env-kwargs env_name=reach-v3" in words
    assert "--wrapper metaworld_seeds.SeededGoals --success-key success --success-when any" in words
    assert yaml.safe_load((STUDIES / "metaworld_reach.yaml").read_text())["success"]["when"] == "any"
