"""A comparison as a source of jobs: every run is stopped when its time is up."""

from collections import deque
from collections.abc import Callable, Sequence

from tuner.comparison.comparison_records import Point, State, TimedRun
from tuner.errors import EnvironmentFailed
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome

STATES: dict[str, State] = {"completed": "done", "stopped": "done", "diverged": "diverged", "failed": "failed"}


class SpeedSource:
    """Short runs side by side, as the runs themselves will be: on a machine that is shared, speed is what is left."""

    def __init__(self, jobs: Sequence[TrialJob]) -> None:
        self.speeds: dict[str, float] = {}  # steps a second, by algorithm; of two runs the last one's
        self._waiting = deque(jobs)
        self._algorithms = {job.number: job.algorithm for job in jobs}

    def next_job(self) -> TrialJob | None:
        """The next run, None when all are handed out."""
        return self._waiting.popleft() if self._waiting else None

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:  # noqa: ARG002
        """Goes on; there is none to hear of."""
        return Decision(go_on=True)

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        """Notes a speed.

        Raises:
            EnvironmentFailed: where a run did not come to its end, before anything is compared.
        """
        if outcome.state != "completed":
            raise EnvironmentFailed(f"before the first run: {self._algorithms[number]}: {outcome.reason}")
        self.speeds[self._algorithms[number]] = outcome.steps / outcome.training_seconds

    def interrupt(self) -> None:
        """Nothing is kept."""


def _nothing(_: "ComparisonSource") -> None:
    """Nobody wants to hear of it."""


class ComparisonSource:
    """Hands out its jobs one after another and keeps what came of each."""

    def __init__(
        self, jobs: Sequence[TrialJob], seconds: float, booked: Callable[["ComparisonSource"], None] = _nothing
    ) -> None:
        """Takes the jobs.

        Args:
            jobs: In the order in which they are to run.
            seconds: Of training, for each.
            booked: Called with the source after every run that ended.
        """
        self.runs: list[TimedRun] = []
        self._seconds = seconds
        self._booked = booked
        self._waiting = deque(jobs)
        self._running: dict[int, TrialJob] = {}
        self._evaluations: dict[int, list[Evaluation]] = {}
        self._first_seed = min((job.seed for job in jobs), default=0)

    def next_job(self) -> TrialJob | None:
        """The next run, None when all are handed out."""
        if not self._waiting:
            return None
        job = self._waiting.popleft()
        self._running[job.number] = job
        self._evaluations[job.number] = []
        return job

    def seed(self, job: TrialJob) -> int:
        """Which of its algorithm's seeds a run has, from 1."""
        return job.seed - self._first_seed + 1

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:
        """Goes on as long as there is time."""
        self._evaluations[number].append(evaluation)
        return Decision(go_on=points(self._evaluations[number])[-1].seconds < self._seconds)

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        """Books a run."""
        self._book(number, STATES[outcome.state], outcome.reason)
        self._booked(self)

    def interrupt(self) -> None:
        """Books what the runs under way have come to."""
        for number in list(self._running):
            self._book(number, "interrupted", "")

    def _book(self, number: int, state: State, reason: str) -> None:
        job = self._running.pop(number)
        found = points(self._evaluations.pop(number))
        self.runs.append(
            TimedRun(algorithm=job.algorithm, seed=self.seed(job), state=state, reason=reason, points=found)
        )


def points(evaluations: Sequence[Evaluation]) -> tuple[Point, ...]:
    """Evaluations as points of a curve, their own time taken off the clock."""
    found, evaluating = [], 0.0
    for evaluation in evaluations:
        evaluating += evaluation.evaluation_seconds
        found.append(
            Point(
                step=evaluation.step,
                seconds=evaluation.seconds - evaluating,
                success=evaluation.success,
                mean_return=evaluation.mean_return,
            )
        )
    return tuple(found)
