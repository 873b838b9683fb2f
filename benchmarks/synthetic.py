"""Studies with an artificial history, and workers that answer at once, to measure the coordinator alone."""

import json
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy
from optuna import Study
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution, distribution_to_json
from optuna.storages._rdb import models
from optuna.trial import TrialState
from sqlalchemy.engine import URL

from tuner.config.model import StudySpec
from tuner.config.space import snap
from tuner.diagnosis.signs import diagnose, in_words
from tuner.engines.base import Evaluated, Event, Finished
from tuner.records import Checkpoint, Decision, Evaluation, TrialJob, TrialOutcome
from tuner.study.samplers import distributions
from tuner.study.search_source import facts, reported_value, trial_value

COMPLETE_SHARE = 0.35  # of a history's trials, as with the median pruner in a study of some hundreds
MODEL = bytes(150_000)  # about an SB3 zip of two small nets
HEALTH = (
    "approx_kl",
    "clip_fraction",
    "entropy_loss",
    "explained_variance",
    "loss",
    "policy_gradient_loss",
    "value_loss",
)
SIGNALS = (*HEALTH, "ep_len_mean", "ep_rew_mean", "std")  # of the record of a training
UPDATES = 48  # in a trial of the default study
VERSIONS = dict.fromkeys(("roarm-tuner", "stable-baselines3", "gymnasium", "pybullet", "torch", "numpy"), "1.2.3")
LEARNT = 0.01  # by which scores rise from trial to trial: else the median pruner would stop more and more of them
BEGUN = datetime(2026, 1, 1)
COUNT_ON = "SELECT setval(pg_get_serial_sequence('trials', 'trial_id'), (SELECT max(trial_id) FROM trials))"
FINITE = models.TrialValueModel.TrialValueType.FINITE
FINITE_REPORT = models.TrialIntermediateValueModel.TrialIntermediateValueType.FINITE


Rows = dict[Any, list[dict[str, Any]]]  # by Optuna's model of the table


def fill(url: URL, study: Study, spec: StudySpec, count: int, rng: np.random.Generator) -> None:
    """Gives an empty study `count` finished trials, some completed, the rest pruned at some checkpoint.

    The rows are those of a real run (parameters, reports, all attributes of `facts`), written into Optuna's tables
    in one transaction; `Study.add_trials` would take ten minutes for 10 000.
    """
    rows: Rows = defaultdict(list)
    for number in range(count):
        for table, values in _trial(study, spec, number, rng).items():
            rows[table] += values
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        for table, values in rows.items():
            connection.execute(sqlalchemy.insert(table.__table__), [_by_column(table, row) for row in values])
        if engine.dialect.name == "postgresql":  # whose sequence does not see the numbers that were written
            connection.execute(sqlalchemy.text(COUNT_ON))
    engine.dispose()


def _trial(study: Study, spec: StudySpec, number: int, rng: np.random.Generator) -> Rows:
    """The rows of one trial."""
    trial = {"trial_id": number + 1}
    complete, plan = bool(rng.random() < COMPLETE_SHARE), spec.plan()
    seen = plan if complete else plan[: int(rng.integers(4, len(plan)))]
    evaluations = [*learning_curve(seen, float(rng.uniform(0.0, 0.6)), rng)]
    space = distributions(spec.space)
    params = snap(spec.space, {name: _draw(distribution, rng) for name, distribution in space.items()})
    value = trial_value(evaluations) if complete else reported_value(evaluations)
    attributes = {**facts(evaluations, outcome(params, evaluations, None, complete)), "seed": 1_000_000 + number}
    attributes |= in_words(diagnose(spec.algorithm, params, attributes))
    start = BEGUN + timedelta(seconds=10 * number)
    state = {
        "number": number,
        "study_id": study._study_id,
        "state": TrialState.COMPLETE if complete else TrialState.PRUNED,
        "_datetime_start_utc": start,
        "_datetime_complete_utc": start + timedelta(seconds=15),
    }
    return {
        models.TrialModel: [{**trial, **state}],
        models.TrialParamModel: [
            {
                **trial,
                "param_name": name,
                "param_value": space[name].to_internal_repr(param),
                "distribution_json": distribution_to_json(space[name]),
            }
            for name, param in params.items()
        ],
        models.TrialValueModel: [{**trial, "objective": 0, "value": value, "value_type": FINITE}],
        models.TrialIntermediateValueModel: [
            {
                **trial,
                "step": evaluation.step,
                "intermediate_value": reported_value(evaluations[: index + 1]),
                "intermediate_value_type": FINITE_REPORT,
            }
            for index, evaluation in enumerate(evaluations)
        ],
        models.TrialUserAttributeModel: [
            {**trial, "key": key, "value_json": json.dumps(attribute)} for key, attribute in attributes.items()
        ],
    }


def _by_column(table: Any, row: dict[str, Any]) -> dict[str, Any]:
    """A row with column names as keys, which differ from some attributes of Optuna's models."""
    return {getattr(table, name).property.columns[0].name: value for name, value in row.items()}


def _draw(distribution: BaseDistribution, rng: np.random.Generator) -> Any:
    """Uniform, or uniform in the logarithm."""
    assert isinstance(distribution, FloatDistribution | IntDistribution)  # noqa: S101 - the default space has no other
    ends = np.array([distribution.low, distribution.high])
    drawn = np.exp(rng.uniform(*np.log(ends))) if distribution.log else rng.uniform(*ends)
    return distribution.to_external_repr(float(drawn))


def learning_curve(plan: Sequence[Checkpoint], skill: float, rng: np.random.Generator) -> Iterator[Evaluation]:
    """The evaluations of a trial whose score rises to `skill`."""
    for index, checkpoint in enumerate(plan):
        score = skill * (index + 1) / len(plan) + float(rng.normal(0.0, 0.02))
        yield Evaluation(
            index=index,
            step=checkpoint.step,
            score=score,
            success=min(max(score, 0.0), 1.0),
            distance=0.1 * (1.0 - score),
            mean_return=5.0 * score,
            mean_length=37.25,
            timeout_share=0.5,
            seconds=1.25 * (index + 1),
            evaluation_seconds=0.0625,
            health=dict.fromkeys(HEALTH, 0.0123456789),
        )


def outcome(
    params: dict[str, Any], evaluations: Sequence[Evaluation], model: bytes | None, complete: bool
) -> TrialOutcome:
    """The outcome of a trial with the given evaluations."""
    return TrialOutcome(
        state="completed" if complete else "stopped",
        steps=evaluations[-1].step,
        seconds=15.0,
        facts={"arguments": params, "versions": VERSIONS, "health": _health(evaluations[-1].step)},
        model=model,
    )


def _health(steps: int) -> dict[str, Any]:
    """A record of a training's signals, of the size of a real one."""
    rising = [round(0.0051 + 0.0002 * update, 5) for update in range(UPDATES)]
    return {
        "updates": UPDATES,
        "steps": [steps * (update + 1) // UPDATES for update in range(UPDATES)],
        "signals": dict.fromkeys(SIGNALS, rising),
        "peaks": {"approx_kl": {"value": rising[-1], "step": steps, "above": 0}},
    }


class InstantEngine:
    """Workers that take no time: every `wait` returns the next event of each job that is not waiting for an answer.

    Their trials are better than the median of those before, so that none is pruned: each passes every checkpoint, the
    most expensive case for a coordinator.
    """

    def __init__(self, workers: int, seed: int = 0) -> None:
        self.workers = workers
        self._rng = np.random.default_rng(seed)
        self._events: deque[Event] = deque()
        self._jobs: dict[int, tuple[TrialJob, list[Evaluation], list[Evaluation]]] = {}

    def prepare(self, count: int) -> None:
        """Nothing to do."""

    def start(self, job: TrialJob) -> None:
        """Starts a job: its first evaluation is there."""
        skill = float(self._rng.uniform(0.6, 0.9)) + LEARNT * job.number
        left = [*learning_curve(job.checkpoints, skill, self._rng)]
        self._jobs[job.number] = (job, left, [])
        self._advance(job.number)

    def wait(self, timeout: float) -> list[Event]:  # noqa: ARG002
        """All pending events."""
        events = [*self._events]
        self._events.clear()
        return events

    def answer(self, number: int, decision: Decision) -> None:
        """Lets a job continue to its next event."""
        job, left, seen = self._jobs[number]
        if decision.go_on and left:
            self._advance(number)
            return
        del self._jobs[number]
        ended = outcome(job.params, seen, MODEL if decision.keep else None, decision.go_on)
        self._events.append(Finished(number=number, outcome=ended))

    def stop(self) -> None:
        """Nothing runs."""

    def _advance(self, number: int) -> None:
        _, left, seen = self._jobs[number]
        seen.append(left.pop(0))
        self._events.append(Evaluated(number=number, evaluation=seen[-1]))
