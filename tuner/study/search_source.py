"""Tuning as a source of jobs: Optuna samples parameters, evaluations score them, the pruner stops trials."""

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optuna.trial import TrialState

from tuner.config.model import LATE_EVALUATIONS, StudySpec
from tuner.config.space import job_arguments
from tuner.diagnosis.signs import diagnose, in_words
from tuner.errors import TooManyFailures
from tuner.finals.finals_plan import Repeat
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome
from tuner.study.finals_schedule import FinalsSchedule, TimeLimit
from tuner.study.pruners import likely_pruned
from tuner.study.rows import Configuration, configurations, make_row
from tuner.study.stored import WAY_OUT, too_many_failures
from tuner.study.writer import FINISHED, AskedTrial, StudyWriter

FEWEST_GIVEN_UP = 3  # trials that failed for good, from which most of them end the run
REPORTED = 2  # evaluations in the mean that is reported to the pruner


class SearchSource:
    """Supplies jobs until the study has `target` finished trials, and stores their results."""

    def __init__(
        self,
        writer: StudyWriter,
        spec: StudySpec,
        target: int,
        board: Path | None = None,
        limit: TimeLimit | None = None,
    ) -> None:
        """Takes also the folder for TensorBoard curves, None for no curves, and the time that the run has."""
        self._writer = writer
        self._spec = spec
        self._target = target
        self._board = board
        self._plan = spec.plan()
        self._over = evaluations_of(spec)
        self._finals = FinalsSchedule(writer, spec, target, limit or TimeLimit())
        self._leader: tuple[int, Configuration | None] | None = None  # with how many trials had finished
        self._asked: dict[int, AskedTrial] = {}
        self._evaluations: dict[int, list[Evaluation]] = {}

    def next_job(self) -> TrialJob | None:
        """The next trial; None if enough are finished or running."""
        if self._writer.count_finished() + len(self._asked) >= self._target:
            return None
        step = "search" if self._retrying() else self._finals.next(len(self._asked), self._searching())
        if step is None or step == "wait":
            return None
        with self._writer.transaction():
            if isinstance(step, Repeat):
                self._writer.enqueue_repeat(step)
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

    def name_of(self, number: int) -> str:
        """A running trial's name: `trial 3`, or `trial 9 (repeat of current)`."""
        asked = self._asked[number]
        if asked.repeat_of is None:
            return f"trial {number}"
        return (
            f"trial {number} (repeat of {asked.role.partition(':')[2] if asked.role else f'trial {asked.repeat_of}'})"
        )

    def is_repeat(self, number: int) -> bool:
        """Whether a running trial is of the finals."""
        return self._asked[number].repeat_of is not None

    def likely_pruned(self, number: int) -> bool:
        """Whether the median rule will likely stop a running trial."""
        study = self._writer.study
        return likely_pruned(self._spec.pruner, study, study.get_trials(deepcopy=False)[number])

    def leader(self) -> Configuration | None:
        """What the study recommends by now; None before the first score."""
        finished = self._writer.count_finished()
        if self._leader is None or self._leader[0] != finished:
            rows = [make_row(trial, self._spec) for trial in self._writer.trials(*FINISHED)]
            self._leader = (finished, next(iter(configurations(rows)), None))
        return self._leader[1]

    def _searching(self) -> int:
        return sum(asked.repeat_of is None for asked in self._asked.values())

    def _retrying(self) -> bool:
        """Whether a trial waits to be run, which the next to be asked for is."""
        return bool(self._writer.trials(TrialState.WAITING))

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:
        """Reports the score and asks the pruner, except for baselines, repeats and at the last checkpoint.

        Repeats report nothing: they are of the leaders, which the pruner would take for typical trials.
        """
        evaluations, asked = self._evaluations[number], self._asked[number]
        evaluations.append(evaluation)
        if asked.repeat_of is None:
            value = trial_value(evaluations, None) if self._over is None else reported_value(evaluations)
            self._writer.report(number, value, evaluation.step)
        whole = asked.role is not None or asked.repeat_of is not None
        if len(evaluations) == len(self._plan):
            leads = self._value(evaluations) > self._writer.best_tuned()
            return Decision(go_on=True, keep=whole or leads, keep_small=True)
        return Decision(go_on=whole or not self._writer.should_prune(number))

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        """Stores the outcome of a trial: attributes and model first, the final state last.

        Raises:
            TooManyFailures: where most trials fail for good, or one was lost with its node too often.
        """
        asked = self._asked.pop(number)
        evaluations = self._evaluations.pop(number)
        if outcome.state == "failed":
            if not self._writer.fail(asked.number, outcome, facts(evaluations, outcome)):
                raise too_many_failures(f"trial {asked.number}", outcome)
            given_up, finished = self._writer.count_given_up(), self._writer.count_finished()
            if given_up >= FEWEST_GIVEN_UP and 2 * given_up > finished:
                raise TooManyFailures(
                    f"{given_up} of {finished} trials failed again and again, last reason: {outcome.reason} ({WAY_OUT})"
                )
            return
        attributes = facts(evaluations, outcome)
        arguments = job_arguments(self._spec.space, asked.params, asked.overrides)
        if signs := diagnose(self._spec.algorithm, arguments, attributes):
            attributes.update(in_words(signs))
        if outcome.state != "completed":
            self._writer.prune(number, attributes)
            return
        kept = {
            f"trial-{number}.zip": outcome.model,
            f"trial-{number}-vecnormalize.pkl": outcome.statistics,
            f"trial-{number}-earlier.tar": outcome.earlier,
        }
        for name, content in kept.items():
            if content is not None:
                self._keep(number, name, content)
        self._writer.complete(number, self._value(evaluations), attributes)

    def interrupt(self) -> None:
        """Stores every running trial as interrupted; the next start retries it."""
        self._writer.interrupt()

    def _value(self, evaluations: Sequence[Evaluation]) -> float:
        return trial_value(evaluations, self._over)

    def _keep(self, number: int, name: str, content: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            self._writer.store_model(number, path)


def evaluations_of(spec: StudySpec) -> int | None:
    """How many of a trial's last evaluations make its score; None for all."""
    return None if spec.objective.checkpoints == "all" else LATE_EVALUATIONS


def trial_value(evaluations: Sequence[Evaluation], count: int | None = LATE_EVALUATIONS) -> float:
    """The mean score of the last evaluations, of all where there are fewer or `count` is None."""
    return statistics.fmean(evaluation.score for evaluation in evaluations[-(count or 0) :])


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
        "cut_off": sum(evaluation.cut_off for evaluation in evaluations) or None,
        "unread": sum(evaluation.unread for evaluation in evaluations) or None,
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
