"""A confirmation as a source of jobs: first validation in rounds, then the test."""

from collections import Counter
from dataclasses import replace
from typing import Any

from tuner import seeds
from tuner.config.model import StudySpec
from tuner.finals.confirmation_plan import TEST_GOALS, ConfirmationPlan, ConfirmationRun, RunKey, at_most, planned
from tuner.records import Checkpoint, Decision, Evaluation, TrialJob, TrialOutcome
from tuner.study.confirmation_writer import ConfirmationWriter
from tuner.study.search_source import evaluations_of, facts, trial_value
from tuner.study.stored import MAX_ATTEMPTS, MAX_LOSSES, too_many_failures


class ConfirmationSource:
    """Supplies the planned runs that are neither done nor running, and stores their results."""

    def __init__(self, writer: ConfirmationWriter, spec: StudySpec, plan: ConfirmationPlan) -> None:
        self._writer = writer
        self._spec = spec
        self._plan = plan
        self._results = writer.results()
        self._failures = writer.failures()
        self._running: dict[int, ConfirmationRun] = {}
        self._evaluations: dict[int, list[Evaluation]] = {}
        self._losses: Counter[RunKey] = Counter()

    def next_job(self) -> TrialJob | None:
        """The next run; None at the end, and while the next round depends on running ones."""
        running = {run.key for run in self._running.values()}
        taken = self._results.keys() | running
        run = next((run for run in planned(self._plan, self._results) if run.key not in taken), None)
        if run is None:
            return None
        arm = run.arm
        attributes: dict[str, Any] = {"arm": arm.name, "asked": arm.arguments}
        if arm.role is not None:
            attributes["role"] = arm.role
        number = self._writer.begin(run.key, attributes)
        self._running[number] = run
        self._evaluations[number] = []
        return make_job(self._spec, run, number)

    def run_of(self, number: int) -> ConfirmationRun:
        """The run of a running job."""
        return self._running[number]

    def counts(self) -> tuple[int, int]:
        """The number of runs done, and the maximum number of runs."""
        done = sum(run.key in self._results for run in planned(self._plan, self._results))
        return done, at_most(self._plan, self._results)

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:
        """Continues: a confirmation drops configurations between rounds, not within a run."""
        self._evaluations[number].append(evaluation)
        self._writer.report(number, evaluation.score, evaluation.step)
        return Decision(go_on=True)

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        """Stores the outcome of a run.

        Raises:
            TooManyFailures: after three failures of one run.
        """
        run, evaluations = self._running.pop(number), self._evaluations.pop(number)
        if outcome.state == "failed":
            self._fail(number, run, outcome)
            return
        attributes = facts(evaluations, outcome)
        if outcome.state == "completed":
            attributes["score"] = trial_value(evaluations, evaluations_of(self._spec))
            if run.phase == "test":
                last = last_alone(evaluations[-1])
                attributes |= last if evaluations_of(self._spec) is not None else {**last, "score": attributes["score"]}
            self._writer.complete(number, attributes["score"], attributes)
        else:
            self._writer.diverge(number, {key: attributes[key] for key in attributes.keys() - {"success", "return"}})
        self._results = self._writer.results()

    def interrupt(self) -> None:
        """Stores every running run as interrupted; the next start repeats it."""
        self._writer.interrupt()

    def _fail(self, number: int, run: ConfirmationRun, outcome: TrialOutcome) -> None:
        self._writer.fail(number, outcome)
        counted, most = (self._losses, MAX_LOSSES) if outcome.lost_with else (self._failures, MAX_ATTEMPTS)
        counted[run.key] += 1
        if counted[run.key] >= most:
            raise too_many_failures(f"{run.arm.name} with {run.phase} seed {run.place + 1}", outcome)


def last_alone(evaluation: Evaluation) -> dict[str, Any]:
    """The result of a test run: its last evaluation, over 100 episodes that no choice depended on."""
    found = {
        "score": evaluation.score,
        "success": evaluation.success,
        "return": evaluation.mean_return,
        "distance": evaluation.distance,
    }
    return {name: value for name, value in found.items() if value is not None}


def make_job(spec: StudySpec, run: ConfirmationRun, number: int) -> TrialJob:
    """The run as a job, with the study's budget and checkpoints, on episodes that tuning did not use.

    In the test only the last evaluation counts; it has 100 episodes.
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
