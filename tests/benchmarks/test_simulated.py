"""Simulated workers: skipped time, and the figures computed from a simulation."""

from pathlib import Path

import pytest
from bench_coordinator import CASES, QUICK, Case, Files, _options, measure
from bench_scaling import Silent
from conftest import make_job
from simulated import SPREAD, SimulatedEngine, Until, within

from tuner.config.load import find, load_study
from tuner.coordinator import coordinate
from tuner.engines.base import Evaluated, Finished
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome

ON, OFF = Decision(go_on=True), Decision(go_on=False)


class Hand:
    """A clock that is advanced by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Source:
    """Jobs of which every evaluation and end takes the coordinator some seconds."""

    def __init__(self, jobs: int, clock: Hand, cost: float) -> None:
        self._left = [make_job(number=number) for number in range(jobs)]
        self._clock = clock
        self._cost = cost
        self.outcomes: list[TrialOutcome] = []

    def next_job(self) -> TrialJob | None:
        return self._left.pop(0) if self._left else None

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:
        self._clock.now += self._cost
        return ON

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        self.outcomes.append(outcome)

    def interrupt(self) -> None: ...


def test_waiting_takes_no_time_and_work_takes_its_own() -> None:
    clock = Hand()
    engine = SimulatedEngine(1, 600.0, stopped=False, clock=clock)
    source = Source(3, clock, cost=2.0)
    coordinate(source, engine, Silent())
    course = engine.course
    assert [outcome.state for outcome in source.outcomes] == ["completed"] * 3
    assert clock.now - 100.0 == 2.0 * len(course.answers)
    assert 2 * 600.0 * (1 - SPREAD) < engine.now() < 3 * 600.0 * (1 + SPREAD) + clock.now - 100.0
    assert [late for _, late in course.answers] == pytest.approx([2.0] * len(course.answers))
    worked = engine.now() - within(course.idle, 0.0, engine.now())
    assert worked == pytest.approx(2.0 * len(course.answers))
    assert within(course.trained, 0.0, engine.now()) == pytest.approx(engine.now() - worked)


def test_one_coordinator_that_takes_too_long_leaves_workers_idle() -> None:
    clock = Hand()
    engine = SimulatedEngine(10, 20.0, stopped=False, clock=clock)
    coordinate(Source(30, clock, cost=5.0), engine, Silent())
    assert within(engine.course.trained, 0.0, engine.now()) / (10 * engine.now()) < 0.5
    assert len(engine.course.begun) == 10
    assert len(engine.course.gaps) == 20


def test_nothing_due_is_an_empty_answer_and_a_stop_ends_a_trial() -> None:
    engine = SimulatedEngine(1, 600.0, stopped=True, clock=Hand())
    engine.start(make_job(number=7))
    assert engine.wait(0.0) == []
    events = [event for _ in range(2000) for event in engine.wait(0.5)]
    assert isinstance(events[0], Evaluated)
    engine.answer(7, OFF)
    (end,) = engine.wait(0.5)
    assert isinstance(end, Finished)
    assert (end.number, end.outcome.state) == (7, "stopped")


def test_spans_are_cut_at_the_edges() -> None:
    assert within([(0.0, 4.0), (3.0, 10.0), (20.0, 30.0)], 2.0, 8.0) == 2.0 + 5.0
    assert within([], 0.0, 1.0) == 0.0


def test_running_trials_are_abandoned_at_the_end(tmp_path: Path) -> None:
    source = Until(Source(1, Hand(), cost=0.0), lambda: False)
    source.interrupt()
    assert source.next_job() is not None


def test_a_row_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["bench_coordinator.py", "--quick"])
    options = _options()
    options.seconds = 0.5
    spec = load_study(find("studies", "reach")).model_copy(update={"baselines": {}})
    case = Case(workers=5, seconds=30.0, held=20)
    row = measure("SQLite", Files(tmp_path, spec).filled(case.held), spec, case, options)
    assert (row["workers"], row["given"], row["held"]) == (5, 5, 20)
    assert row["answers"] > 5
    assert 0 < row["busy %"] <= 100
    assert 0 < row["work %"] <= 100


def test_rows_are_selected_by_options() -> None:
    assert len({*CASES}) == len(CASES)
    assert all(case.held <= 50 for case in QUICK)
