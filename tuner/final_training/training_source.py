"""A final training as a source of jobs: its unfinished runs, each from its last checkpoint."""

from typing import Any

from tuner.final_training.training_folder import evaluations, finish, result
from tuner.final_training.training_plan import TEST_GOALS, TrainingPlan
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome
from tuner.study.search_source import facts
from tuner.study.stored import MAX_ATTEMPTS, too_many_failures


class TrainingSource:
    """Hands out runs, and writes their files when they end."""

    def __init__(self, plan: TrainingPlan) -> None:
        self._plan = plan
        self._waiting = [seed for seed in plan.seeds if result(plan.run_folder(seed)) is None]
        self._running: dict[int, int] = {}  # number of a job → its seed
        self._evaluations: dict[int, list[Evaluation]] = {}
        self._failures: dict[int, int] = {}

    @property
    def missing(self) -> int:
        """Number of runs that are not finished."""
        return len(self._waiting) + len(self._running)

    def next_job(self) -> TrialJob | None:
        """The next run; None if all were started."""
        if not self._waiting:
            return None
        seed = self._waiting.pop(0)
        job = self._plan.job(seed)
        self._running[job.number] = seed
        self._evaluations[job.number] = evaluations(self._plan.run_folder(seed))
        return job

    def so_far(self, number: int) -> list[Evaluation]:
        """The evaluations of a current run, those before an interruption included."""
        return self._evaluations[number]

    def seed(self, number: int) -> int:
        """The training seed of a current run."""
        return self._running[number]

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:
        """Keeps the evaluation; a final training is never pruned."""
        self._evaluations[number].append(evaluation)
        return Decision(go_on=True)

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        """Writes the result of a run; one whose environment or worker failed resumes from its checkpoint.

        Raises:
            TooManyFailures: after three failures of one run.
        """
        seed, seen = self._running.pop(number), self._evaluations.pop(number)
        if outcome.state == "failed":
            self._failures[seed] = self._failures.get(seed, 0) + 1
            if self._failures[seed] >= MAX_ATTEMPTS:
                raise too_many_failures(f"seed {seed}", outcome)
            self._waiting.insert(0, seed)
            return
        finish(self._plan.run_folder(seed), _result(seed, seen, outcome))

    def interrupt(self) -> None:
        """Does nothing: checkpoints are on disk already."""


def _result(seed: int, seen: list[Evaluation], outcome: TrialOutcome) -> dict[str, Any]:
    last = seen[-1].seconds if seen else outcome.seconds
    return {
        "seed": seed,
        "state": outcome.state,
        "test_goals": TEST_GOALS,
        **facts(seen, outcome),
        "training_seconds": round(last, 3),  # evaluations included, those before an interruption as well
    }
