"""The contract of all engines, run over each; see also tests/engines/test_processes.py."""

import threading
from collections.abc import Callable, Iterator

import pytest
from conftest import make_job
from driving import LONG, completes, drive, gone, process_ids, until_next, wait_for

from tuner.engines.base import Broken, Engine, Evaluated, Finished
from tuner.engines.inline import InlineEngine
from tuner.engines.processes import ProcessEngine
from tuner.errors import EnvironmentUnusable, WorkerBroke
from tuner.records import Decision, EnvironmentRef

UNKNOWN = EnvironmentRef(id="tuner_toys:ToyNothing-v0")

pytestmark = pytest.mark.slow


def ray_engine(workers: int) -> Engine:
    from tuner.engines.ray.ray_engine import RayEngine

    return RayEngine(EnvironmentRef(id="tuner_toys:ToyLine-v0"), workers, "local")


ENGINES: dict[str, Callable[[], Engine]] = {
    "inline": InlineEngine,
    "processes": lambda: ProcessEngine(2),
    "ray": lambda: ray_engine(2),
    "warmed processes": lambda: ProcessEngine(2, warm=EnvironmentRef(id="tuner_toys:ToyLine-v0")),
}


@pytest.fixture(scope="module", params=[*ENGINES.values()], ids=[*ENGINES])
def engine(request: pytest.FixtureRequest, toys: None) -> Iterator[Engine]:
    """One for all tests, so that each finds it as the one before left it."""
    if request.param is ENGINES["ray"]:
        request.getfixturevalue("one_cluster")
    made: Engine = request.param()
    made.prepare(2)
    yield made
    made.stop()


def test_a_job_is_evaluated_at_its_checkpoints_and_finishes(engine: Engine) -> None:
    *evaluated, end = drive(engine, make_job(number=3))
    assert [event.evaluation.step for event in evaluated if isinstance(event, Evaluated)] == [64, 128]
    assert isinstance(end, Finished)
    assert (end.number, end.outcome.state, end.outcome.steps) == (3, "completed", 128)
    assert engine.wait(0.1) == []


def test_an_evaluation_waits_for_its_answer(engine: Engine) -> None:
    engine.start(make_job())
    assert isinstance(until_next(engine), Evaluated)
    assert engine.wait(1.0) == []
    engine.answer(0, Decision(go_on=False))
    end = until_next(engine)
    assert isinstance(end, Finished)
    assert end.outcome.state == "stopped"


def test_a_model_comes_back_when_asked_for(engine: Engine) -> None:
    end = drive(engine, make_job(), keep=True)[-1]
    assert isinstance(end, Finished)
    assert end.outcome.model


def test_an_invalid_spec_breaks_the_job_and_not_the_engine(engine: Engine) -> None:
    end = drive(engine, make_job(number=5, environment=UNKNOWN))[-1]
    assert isinstance(end, Broken)
    assert (end.number, type(end.error)) == (5, EnvironmentUnusable)
    assert "ToyNothing-v0" in str(end.error)
    assert completes(engine, make_job(number=6))


def test_an_unexpected_exception_arrives_with_its_traceback(engine: Engine) -> None:
    end = drive(engine, make_job(params={"no_such_argument": 1}))[-1]
    assert isinstance(end, Broken)
    assert isinstance(end.error, WorkerBroke)
    assert "TypeError" in str(end.error)
    assert "no_such_argument" in end.error.trace
    assert completes(engine, make_job(number=8))


def test_an_answer_to_a_dead_trial_is_dropped(engine: Engine) -> None:
    assert completes(engine, make_job(number=1))
    engine.answer(1, Decision(go_on=False))
    assert completes(engine, make_job(number=2))


@pytest.mark.parametrize("make", [InlineEngine, lambda: ProcessEngine(1)], ids=["inline", "processes"])
def test_stopping_ends_a_waiting_trial_and_is_harmless_twice(make: Callable[[], Engine]) -> None:
    engine = make()
    before = set(threading.enumerate())
    engine.start(make_job(**LONG))
    assert isinstance(until_next(engine), Evaluated)
    pids = process_ids(engine) if isinstance(engine, ProcessEngine) else []
    engine.stop()
    engine.stop()
    assert wait_for(lambda: set(threading.enumerate()) <= before)
    assert wait_for(lambda: all(gone(pid) for pid in pids))


def test_memory_that_is_not_there_fails_the_job_and_not_the_worker(engine: Engine) -> None:
    end = drive(engine, make_job(number=0, environment=EnvironmentRef(id="tuner_toys:ToyStarved-v0")))[-1]
    assert isinstance(end, Finished)
    assert end.outcome.state == "failed"
    assert "Unable to allocate 1.00 PiB" in end.outcome.reason
    assert completes(engine, make_job(number=1))
