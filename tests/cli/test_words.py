"""What is said around a run: numbers as people say them, commands as they are to be typed."""

import re
import shlex
from pathlib import Path

import pytest
from conftest import Tuner

from tuner.app.events import Event, RunEstimated
from tuner.cli.render.words import words
from tuner.planning.estimate import Estimate


@pytest.mark.parametrize(
    ("likely", "unpruned", "said"),
    [
        (0.4, 0.4, "1 trial on 2 workers: about a minute."),
        (7.2, 7.2, "1 trial on 2 workers: about 7 minutes."),
        (7.2, 11.0, "1 trial on 2 workers: about 7 minutes, 11 minutes if nothing is pruned."),
        (150.0, 150.0, "1 trial on 2 workers: about 2.5 hours."),
    ],
    ids=["a minute", "minutes", "pruned", "hours"],
)
def test_the_forecast(likely: float, unpruned: float, said: str) -> None:
    estimate = Estimate(likely=likely, unpruned=unpruned)
    assert [*words(RunEstimated(missing=1, workers=2, estimate=estimate))] == [said]


@pytest.mark.parametrize("kind", Event.__subclasses__(), ids=lambda kind: kind.__name__)
def test_every_event_has_words(kind: type[Event]) -> None:
    assert words.dispatch(kind) is not words.dispatch(Event)


def test_the_next_commands_work_as_typed(tuner: Tuner, finished: Path) -> None:
    out = tuner(f"run {finished} --engine inline").out
    commands = [line.strip() for line in out.partition("Next:")[2].splitlines() if line.strip()]
    assert len(commands) == 5
    for command in commands:
        program, *rest = shlex.split(command, comments=True)
        assert program == "tuner"
        if rest[0] in ("export", "report"):
            assert tuner(shlex.join(rest)).code == 0
        if rest[0] == "run":
            assert tuner(f"{shlex.join(rest)} --engine inline").code == 0
        if rest[0] == "confirm":
            assert rest == ["confirm", "toy"]
            assert re.search(r"  # about .*(minute|hours).*, on fresh seeds and goals$", command)


def test_a_storage_of_ones_own_stands_in_the_next_commands(tuner: Tuner, toy_study: Path, tmp_path: Path) -> None:
    out = tuner(f"run {toy_study} --trials 2 --engine inline --storage 'sqlite:///my dir/my.db'").out
    assert f"--storage 'sqlite:///{tmp_path}/my dir/my.db'" in out
