"""`--env-kwargs`: the constructor's arguments on the command line, and what is said where they do not fit."""

import json
from pathlib import Path

import pytest
import yaml
from conftest import Tuner

from tuner.app.limits import keyword_values
from tuner.errors import UsageProblem

WORLDS = """
from tuner_toys import Line

class Sized(Line):
    def __init__(self, size, *, task, colour="red"):
        super().__init__()
        assert isinstance(size, int) and task == "push", (size, task)

class Broken(Line):
    def __init__(self, size=1):
        super().__init__()
        self.helper(1)

    def helper(self, one, two):
        pass
"""


@pytest.fixture(autouse=True)
def _worlds(toy_study: Path) -> None:
    (toy_study.parent / "worlds.py").write_text(WORLDS)


def test_values_are_read_as_yaml_has_them() -> None:
    texts = ["a=3", "b=3e-5", "c=true", "d=[1, 2]", "e={x: 1}", "f=text", "g=", "h=a=b", "i=null", 'j="3"', "k={bad"]
    assert keyword_values("--env-kwargs", texts) == {
        "a": 3,
        "b": 3e-5,
        "c": True,
        "d": [1, 2],
        "e": {"x": 1},
        "f": "text",
        "g": None,
        "h": "a=b",
        "i": None,
        "j": "3",
        "k": "{bad",
    }


@pytest.mark.parametrize("texts", [["size"], ["=3"], ["two words=3"], ["size=1", "size=2"], ["1a=2"]])
def test_what_is_no_keyword_is_refused(texts: list[str]) -> None:
    with pytest.raises(UsageProblem, match=r"--env-kwargs '.*': (must be KEY=VALUE|size is given twice)"):
        keyword_values("--env-kwargs", texts)


def test_a_run_a_check_and_its_export_have_them(tuner: Tuner, toy_study: Path) -> None:
    given = "--env-kwargs size=3 --env-kwargs task=push"
    assert tuner(f"check worlds.py:Sized {given} --episodes 5").code in (0, 1)
    run = f"run {toy_study} --env worlds.py:Sized --trials 2 --engine inline --skip-check"
    said = tuner(f"{run} {given} --json")
    assert said.code == 0, said.err
    study = json.loads(said.out)["study"]
    assert tuner(f"export {study} -o best.yml").code == 0
    exported = yaml.safe_load(Path("best.yml").read_text())
    assert exported[next(key for key in exported if key != "provenance")]["env_kwargs"] == {"size": 3, "task": "push"}
    more = tuner(f"run {study} --env-kwargs colour=blue --name other --trials 2 --engine inline --skip-check")
    assert more.code == 0, more.err
    assert tuner("export other -o other.yml").code == 0
    exported = yaml.safe_load(Path("other.yml").read_text())
    assert exported[next(key for key in exported if key != "provenance")]["env_kwargs"] == {
        "size": 3,
        "task": "push",
        "colour": "blue",
    }
    assert tuner("train best.yml --engine inline").code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            "",
            "needs the arguments size, task of its constructor: give --env-kwargs size=… --env-kwargs task=…",
        ),
        ("--env-kwargs size=3", "needs the argument task of its constructor: give --env-kwargs task=…"),
        (
            "--env-kwargs size=3 --env-kwargs tsk=push",
            "has no option 'tsk', did you mean 'task'?; valid: colour, size, task",
        ),
        ("--env-kwargs size=big --env-kwargs task=push", "cannot be made with {'size': 'big', 'task': 'push'}"),
    ],
)
def test_arguments_that_do_not_fit_are_named(tuner: Tuner, toy_study: Path, options: str, words: str) -> None:
    for command in (f"run {toy_study} --env worlds.py:Sized --engine inline", "check worlds.py:Sized"):
        said = tuner(f"{command} {options}")
        assert (said.code, len(said.err.splitlines()[-1:])) == (2, 1), said.err
        assert words in said.err, said.err
    assert not Path("studies/tuner.db").exists()


def test_a_call_within_the_constructor_is_not_taken_for_it(tuner: Tuner) -> None:
    said = tuner("check worlds.py:Broken")
    assert said.code == 2
    assert "cannot be made: Broken.helper() missing 1 required positional argument: 'two'" in said.err
