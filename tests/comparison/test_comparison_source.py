"""The runs of a comparison, with a simulated engine and the real loop."""

import dataclasses
from typing import Any

import pytest
from conftest import make_job

from tuner.comparison.comparison_plan import ComparisonSource, SpeedSource, points
from tuner.comparison.comparison_records import TimedRun
from tuner.coordinator import coordinate
from tuner.engines.base import Evaluated, Event, Finished
from tuner.errors import EnvironmentFailed, WorkerBroke
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome


def evaluation(step: int, seconds: float, evaluating: float = 0.5, success: float = 0.0) -> Evaluation:
    return Evaluation(
        index=step // 64 - 1,
        step=step,
        score=success,
        success=success,
        distance=None,
        mean_return=1.0,
        mean_length=8.0,
        timeout_share=0.0,
        seconds=seconds,
        evaluation_seconds=evaluating,
    )


class Clock:
    """An engine in which 64 steps take a second, or two for SAC, and an evaluation half a second."""

    def __init__(
        self, workers: int = 1, *, ends: dict[int, TrialOutcome] | None = None, cut: int | None = None
    ) -> None:
        self.workers = workers
        self.answers: dict[int, list[bool]] = {}
        self._ends = ends or {}
        self._cut = cut  # events until Ctrl-C
        self._jobs: dict[int, TrialJob] = {}

    def prepare(self, count: int) -> None:
        pass

    def start(self, job: TrialJob) -> None:
        self._jobs[job.number] = job
        self.answers[job.number] = []

    def wait(self, timeout: float) -> list[Event]:
        if self._cut is not None:
            self._cut -= 1
            if self._cut < 0:
                raise KeyboardInterrupt
        number = min(self._jobs)
        answers = self.answers[number]
        if number in self._ends and answers:
            return [self._finish(number, self._ends[number])]
        if answers and not answers[-1]:
            return [self._finish(number, TrialOutcome(state="stopped"))]
        if len(answers) == len(self._jobs[number].checkpoints):
            return [self._finish(number, TrialOutcome(state="completed"))]
        count = len(answers) + 1
        pace = 2.0 if self._jobs[number].algorithm == "sac" else 1.0
        return [Evaluated(number=number, evaluation=evaluation(64 * count, count * (pace + 0.5)))]

    def answer(self, number: int, decision: Decision) -> None:
        self.answers[number].append(decision.go_on)

    def stop(self) -> None:
        """Nothing runs."""

    def _finish(self, number: int, outcome: TrialOutcome) -> Event:
        del self._jobs[number]
        return Finished(number=number, outcome=outcome)


class SilentListener:
    """Shows nothing."""

    def started(self, job: TrialJob) -> None: ...
    def evaluated(self, number: int, evaluation: Evaluation, decision: Decision) -> None: ...
    def finished(self, number: int, outcome: TrialOutcome) -> None: ...
    def tick(self) -> None: ...


def jobs() -> list[TrialJob]:
    many: Any = tuple(make_job().checkpoints[:1] * 20)
    algorithms = ["ppo", "sac", "ppo", "sac"]
    return [
        make_job(number=number, seed=9_000_000 + number // 2, algorithm=algorithm, checkpoints=many)
        for number, algorithm in enumerate(algorithms)
    ]


def compared(engine: Clock, seconds: float = 4.0, **more: Any) -> ComparisonSource:
    source = ComparisonSource(jobs(), seconds, **more)
    coordinate(source, engine, SilentListener())
    return source


def shape(runs: list[TimedRun]) -> list[tuple[str, int, str, int]]:
    return [(run.algorithm, run.seed, run.state, len(run.points)) for run in runs]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_run_has_the_same_seconds_of_training_whatever_it_makes_of_them(workers: int) -> None:
    source = compared(Clock(workers))
    assert sorted(shape(source.runs)) == [
        ("ppo", 1, "done", 4),
        ("ppo", 2, "done", 4),
        ("sac", 1, "done", 2),
        ("sac", 2, "done", 2),
    ]
    assert {run.points[-1].seconds for run in source.runs} == {4.0}


def test_a_run_that_has_made_all_its_steps_is_done_as_well() -> None:
    assert shape(compared(Clock(), seconds=1e6).runs)[0] == ("ppo", 1, "done", 20)


def test_evaluations_are_not_on_the_clock() -> None:
    found = points([evaluation(64, 3.0, evaluating=1.0), evaluation(128, 10.0, evaluating=4.0)])
    assert [(point.step, point.seconds) for point in found] == [(64, 2.0), (128, 5.0)]


@pytest.mark.parametrize("state", ["diverged", "failed"])
def test_a_run_that_ends_badly_is_kept_with_its_reason_and_the_others_continue(state: Any) -> None:
    source = compared(Clock(ends={1: TrialOutcome(state=state, reason="for a reason")}))
    (bad,) = [run for run in source.runs if run.state != "done"]
    assert (bad.algorithm, bad.state, bad.reason, len(bad.points)) == ("sac", state, "for a reason", 1)
    assert len(source.runs) == 4


def test_ctrl_c_leaves_what_there_is() -> None:
    source = ComparisonSource(jobs(), 4.0)
    with pytest.raises(KeyboardInterrupt):
        coordinate(source, Clock(cut=7), SilentListener())
    assert shape(source.runs) == [("ppo", 1, "done", 4), ("sac", 1, "interrupted", 2)]


def test_an_error_is_raised_after_the_runs_are_stored() -> None:
    class Breaking(Clock):
        def wait(self, timeout: float) -> list[Event]:
            raise WorkerBroke("it broke", "trace")

    source = ComparisonSource(jobs(), 4.0)
    with pytest.raises(WorkerBroke):
        coordinate(source, Breaking(), SilentListener())
    assert [run.state for run in source.runs] == ["interrupted"]


def test_every_stored_run_is_reported() -> None:
    counts: list[int] = []
    source = ComparisonSource(jobs(), 4.0, lambda _: counts.append(len(source.runs)))
    coordinate(source, Clock(), SilentListener())
    assert counts == [1, 2, 3, 4]


def test_speeds_are_those_of_the_last_run_of_each() -> None:
    source = SpeedSource(jobs())
    assert [source.next_job() is None for _ in range(5)] == [False] * 4 + [True]
    for number, seconds in enumerate((100.0, 100.0, 2.0, 4.0)):
        source.on_outcome(number, TrialOutcome(state="completed", steps=8, seconds=seconds))
    assert source.speeds == {"ppo": 4.0, "sac": 2.0}


def test_an_algorithm_that_cannot_run_ends_it_before_the_first_run() -> None:
    source = SpeedSource(jobs())
    with pytest.raises(EnvironmentFailed, match="before the first run: sac: for a reason"):
        source.on_outcome(1, TrialOutcome(state="failed", reason="for a reason"))


def test_no_jobs_no_runs() -> None:
    source = ComparisonSource([], 4.0)
    assert source.next_job() is None
    assert dataclasses.is_dataclass(TimedRun)
    assert source.runs == []
