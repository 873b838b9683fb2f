"""A confirmation as a source of jobs: first the race on validation seeds, then the test."""

from collections import Counter
from dataclasses import replace
from typing import Any

from tuner import seeds
from tuner.config.model import StudySpec
from tuner.finals.confirmation_plan import TEST_GOALS, ConfirmationPlan, ConfirmationRun, RunKey, at_most, planned
from tuner.records import Checkpoint, Decision, Evaluation, TrialJob, TrialOutcome
from tuner.study.confirmation_writer import ConfirmationWriter
from tuner.study.search_source import facts, trial_value
from tuner.study.stored import MAX_ATTEMPTS, MAX_LOSSES, too_often


class ConfirmationSource:
    """Hands out the runs that are planned and neither done nor under way, and books what comes back."""

    def __init__(self, book: ConfirmationWriter, spec: StudySpec, plan: ConfirmationPlan) -> None:
        self._book = book
        self._spec = spec
        self._plan = plan
        self._results = book.results()
        self._failures = book.failures()
        self._running: dict[int, ConfirmationRun] = {}
        self._evaluations: dict[int, list[Evaluation]] = {}
        self._losses: Counter[RunKey] = Counter()

    def next_job(self) -> TrialJob | None:
        """The next run; None while those under way decide what comes next, and at the end."""
        under_way = {run.key for run in self._running.values()}
        taken = self._results.keys() | under_way
        run = next((run for run in planned(self._plan, self._results) if run.key not in taken), None)
        if run is None:
            return None
        arm = run.arm
        attributes: dict[str, Any] = {"arm": arm.name, "asked": arm.arguments}
        if arm.role is not None:
            attributes["role"] = arm.role
        number = self._book.begin(run.key, attributes)
        self._running[number] = run
        self._evaluations[number] = []
        return make_job(self._spec, run, number)

    def run_of(self, number: int) -> ConfirmationRun:
        """The run behind a job that is under way."""
        return self._running[number]

    def counts(self) -> tuple[int, int]:
        """How many runs are done, and how many there will be at most."""
        done = sum(run.key in self._results for run in planned(self._plan, self._results))
        return done, at_most(self._plan, self._results)

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:
        """Goes on: a confirmation prunes whole arms, between two seeds."""
        self._evaluations[number].append(evaluation)
        self._book.report(number, evaluation.score, evaluation.step)
        return Decision(go_on=True)

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        """Books how a run ended.

        Raises:
            TooManyFailures: after three failures of one run.
        """
        run, evaluations = self._running.pop(number), self._evaluations.pop(number)
        if outcome.state == "failed":
            self._fail(number, run, outcome)
            return
        attributes = facts(evaluations, outcome)
        if outcome.state == "completed":
            attributes["score"] = trial_value(evaluations)
            if run.phase == "test":
                attributes |= last_alone(evaluations[-1])
            self._book.complete(number, attributes["score"], attributes)
        else:
            self._book.diverge(number, {key: attributes[key] for key in attributes.keys() - {"success", "return"}})
        self._results = self._book.results()

    def interrupt(self) -> None:
        """Books every run under way as interrupted; the next start runs it again."""
        self._book.interrupt()

    def _fail(self, number: int, run: ConfirmationRun, outcome: TrialOutcome) -> None:
        self._book.fail(number, outcome)
        counted, most = (self._losses, MAX_LOSSES) if outcome.lost_with else (self._failures, MAX_ATTEMPTS)
        counted[run.key] += 1
        if counted[run.key] >= most:
            raise too_often(f"{run.arm.name} with {run.phase} seed {run.place + 1}", outcome)


def last_alone(evaluation: Evaluation) -> dict[str, Any]:
    """What a test run is worth: its last evaluation, over a hundred goals that nothing was chosen by."""
    found = {
        "score": evaluation.score,
        "success": evaluation.success,
        "return": evaluation.mean_return,
        "distance": evaluation.distance,
    }
    return {name: value for name, value in found.items() if value is not None}


def make_job(spec: StudySpec, run: ConfirmationRun, number: int) -> TrialJob:
    """The run as a job: the study's own length and checkpoints, on goals that tuning never saw.

    In the test the last evaluation goes through a hundred goals, since it alone is what counts.
    """
    test = run.phase == "test"
    return spec.job(
        number=number,
        seed=run.seed,
        params=run.arm.arguments,
        checkpoints=_test_checkpoints(spec) if test else spec.plan(),
        first_goal=seeds.TEST_GOALS if test else seeds.VALIDATION_GOALS,
    )


def _test_checkpoints(spec: StudySpec) -> tuple[Checkpoint, ...]:
    *before, last = spec.plan()
    return (*before, replace(last, goals=TEST_GOALS))
