"""Tuning as a source of jobs: Optuna samples parameters, evaluations score them, the pruner stops trials."""

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tuner.config.model import LATE_EVALUATIONS, StudySpec
from tuner.config.space import job_arguments
from tuner.diagnosis.signs import diagnose, in_words
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome
from tuner.study.stored import too_many_failures
from tuner.study.writer import AskedTrial, StudyWriter

REPORTED = 2  # evaluations in the mean that is reported to the pruner


class SearchSource:
    """Supplies jobs until the study has `target` finished trials, and stores their results."""

    def __init__(self, writer: StudyWriter, spec: StudySpec, target: int, board: Path | None = None) -> None:
        """Takes also the folder for TensorBoard curves; None for no curves."""
        self._writer = writer
        self._spec = spec
        self._target = target
        self._board = board
        self._plan = spec.plan()
        self._asked: dict[int, AskedTrial] = {}
        self._evaluations: dict[int, list[Evaluation]] = {}

    def next_job(self) -> TrialJob | None:
        """The next trial; None if enough are finished or running."""
        if self._writer.count_finished() + len(self._asked) >= self._target:
            return None
        with self._writer.transaction():
            asked = self._writer.ask()
        self._asked[asked.number] = asked
        self._evaluations[asked.number] = []
        return self._spec.job(
            number=asked.number,
            seed=asked.seed,
            params=job_arguments(self._spec.space, asked.params, asked.overrides),
            checkpoints=self._plan,
            board=str(self._board / self._spec.name / f"trial-{asked.number}") if self._board else None,
        )

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:
        """Reports the score and asks the pruner, except for baselines and at the last checkpoint."""
        evaluations = self._evaluations[number]
        evaluations.append(evaluation)
        self._writer.report(number, reported_value(evaluations), evaluation.step)
        baseline = self._asked[number].role is not None
        if len(evaluations) == len(self._plan):
            best = self._writer.best()
            return Decision(go_on=True, keep=baseline or best is None or trial_value(evaluations) > best[0])
        return Decision(go_on=baseline or not self._writer.should_prune(number))

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        """Stores the outcome of a trial: attributes and model first, the final state last.

        Raises:
            TooManyFailures: after three failures of one parameter set.
        """
        asked = self._asked.pop(number)
        evaluations = self._evaluations.pop(number)
        if outcome.state == "failed":
            if not self._writer.fail(asked.number, outcome):
                raise too_many_failures(f"trial {asked.number}", outcome)
            return
        attributes = facts(evaluations, outcome)
        arguments = job_arguments(self._spec.space, asked.params, asked.overrides)
        if signs := diagnose(self._spec.algorithm, arguments, attributes):
            attributes.update(in_words(signs))
        if outcome.state != "completed":
            self._writer.prune(number, attributes)
            return
        if outcome.model is not None:
            self._keep(number, f"trial-{number}.zip", outcome.model)
        if outcome.statistics is not None:
            self._keep(number, f"trial-{number}-vecnormalize.pkl", outcome.statistics)
        self._writer.complete(number, trial_value(evaluations), attributes)

    def interrupt(self) -> None:
        """Stores every running trial as interrupted; the next start retries it."""
        self._writer.interrupt()

    def _keep(self, number: int, name: str, content: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            self._writer.store_model(number, path)


def trial_value(evaluations: Sequence[Evaluation]) -> float:
    """The mean score of the last three evaluations, or of all if there are fewer."""
    return statistics.fmean(evaluation.score for evaluation in evaluations[-LATE_EVALUATIONS:])


def reported_value(evaluations: Sequence[Evaluation]) -> float:
    """The value reported to the pruner: the mean score of the last two evaluations."""
    return statistics.fmean(evaluation.score for evaluation in evaluations[-REPORTED:])


def facts(evaluations: Sequence[Evaluation], outcome: TrialOutcome) -> dict[str, Any]:
    """The JSON attributes that are stored with a finished trial."""
    attributes: dict[str, Any] = {
        "success": late_mean([evaluation.success for evaluation in evaluations]),
        "distance": late_mean([evaluation.distance for evaluation in evaluations]),
        "return": late_mean([evaluation.mean_return for evaluation in evaluations]),
        "timeout_share": late_mean([evaluation.timeout_share for evaluation in evaluations]),
        "episode_length": late_mean([evaluation.mean_length for evaluation in evaluations]),
        "success_area": _mean([evaluation.success for evaluation in evaluations]),
        "milestones": _milestones(evaluations),
        "steps": outcome.steps,
        "seconds": round(outcome.seconds, 3),
        "steps_per_second": round(outcome.steps / outcome.seconds, 1) if outcome.seconds else None,
        "evaluation_share": _evaluation_share(evaluations, outcome),
        "reason": outcome.reason or None,
        **(evaluations[-1].health if evaluations else {}),
        **outcome.facts,
        "curve": [_point(evaluation) for evaluation in evaluations],
    }
    return {name: value for name, value in attributes.items() if value is not None}


def _milestones(evaluations: Sequence[Evaluation]) -> dict[str, float | None] | None:
    """Shares of episodes that reached each milestone, means of the last three evaluations; None without milestones."""
    names = evaluations[-1].milestones if evaluations else {}
    return {name: late_mean([evaluation.milestones[name] for evaluation in evaluations]) for name in names} or None


def late_mean(values: Sequence[float | None]) -> float | None:
    """The mean of the known ones of the last three values; None if there are none."""
    return _mean(values[-LATE_EVALUATIONS:])


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _evaluation_share(evaluations: Sequence[Evaluation], outcome: TrialOutcome) -> float | None:
    if not outcome.seconds:
        return None
    return round(sum(evaluation.evaluation_seconds for evaluation in evaluations) / outcome.seconds, 4)


def _point(evaluation: Evaluation) -> dict[str, Any]:
    point: dict[str, Any] = {
        "step": evaluation.step,
        "score": evaluation.score,
        "success": evaluation.success,
        "distance": evaluation.distance,
        "return": evaluation.mean_return,
    }
    if evaluation.milestones:
        point["milestones"] = evaluation.milestones
    if evaluation.difficulty is not None:
        point["difficulty"] = evaluation.difficulty
    return point
