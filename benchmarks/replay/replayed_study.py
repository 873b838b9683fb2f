"""A study whose trials are read from a table: everything is the product's own but training."""

import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.pruners import MedianPruner
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial

from replay.tables import Table
from tuner.app.notify import SilentListener
from tuner.config.load import assemble, validate
from tuner.config.model import StudyFile, StudySpec
from tuner.config.space import SpaceSpec
from tuner.coordinator import coordinate
from tuner.engines.base import Evaluated, Event, Finished
from tuner.record_type import Record
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome
from tuner.study.changes import Changes
from tuner.study.pruners import STARTUP_TRIALS, WARMUP_SHARE
from tuner.study.retrying_storage import RetryingStorage
from tuner.study.rows import configurations
from tuner.study.search_source import SearchSource
from tuner.study.writer import StudyWriter

# Arguments of PPO that take any number from 0 to 1 and stand for the table's parameters, whatever these are.
NAMES = (
    "learning_rate",
    "clip_range",
    "ent_coef",
    "gae_lambda",
    "gamma",
    "vf_coef",
    "max_grad_norm",
    "clip_range_vf",
    "target_kl",
)
LOW, HIGH = 0.01, 0.99
STEPS = 64  # environment steps of a checkpoint


class Setting(Record):
    """How a study is run."""

    trials: int
    sampler: str = "table"  # `table`: the table's rows in random order; else the product's
    pruner: str = "median"
    warmup: float | None = None  # share of the steps in which the median rule prunes none; None: the product's
    startup: int = STARTUP_TRIALS  # completed trials before the median rule prunes
    finals: float | str = "auto"
    last: bool = False  # every evaluation of the last three is that of the last checkpoint
    shared_seed: bool = False  # all configurations are trained with the same seed


class Outcome(Record):
    """What a study came to."""

    value: float  # of the leader, on seeds that took no part in choosing it
    success: float | None  # likewise, its success rate
    cost: float  # in full runs
    trials: int

    @classmethod
    def judged(cls, table: Table, row: int, used: Collection[int], cost: float, trials: int) -> Self:
        """The outcome of a study whose leader is a row of the table, chosen by some seeds."""
        return cls(value=table.value(row, used), success=table.success(row, used), cost=cost, trials=trials)


def run_study(table: Table, setting: Setting, seed: int) -> Outcome:
    """Runs one study from start to end."""
    generator = np.random.default_rng(seed)
    spec = _spec(table, setting, seed)
    with tempfile.TemporaryDirectory() as folder:
        writer, _ = StudyWriter.open(Unwritten(InMemoryStorage(), "memory"), spec, Path(folder))
        if setting.pruner == "median":
            share = WARMUP_SHARE if setting.warmup is None else setting.warmup
            writer.study.pruner = MedianPruner(setting.startup, int(share * spec.timesteps))
        if setting.sampler == "table":
            writer.study.sampler = RowSampler(table, generator)
        engine = TableEngine(table, setting, generator)
        coordinate(SearchSource(writer, spec, spec.trials), engine, SilentListener())
        leader = configurations(writer.reader().rows)[0].first
    row = nearest(table, leader.params)
    return Outcome.judged(table, row, engine.used[row], engine.cost, writer.count_finished())


def _spec(table: Table, setting: Setting, seed: int) -> StudySpec:
    names = NAMES[: table.points.shape[1]]
    parameters = {name: {"type": "float", "low": LOW, "high": HIGH} for name in names}
    fixed = {"n_steps": STEPS, "batch_size": STEPS}
    space = validate(SpaceSpec, {"algorithm": "ppo", "parameters": parameters, "fixed": fixed}, "replay")
    data = {
        "environment": {"id": "table"},
        "space": "table",
        "timesteps": STEPS * table.values.shape[2],
        "checkpoints": table.values.shape[2],
        "trials": setting.trials,
        "sampler": "random" if setting.sampler == "table" else setting.sampler,
        "pruner": setting.pruner,
        "finals": setting.finals,
        "objective": "return",
        "seed": seed,
    }
    return assemble(validate(StudyFile, data, "replay"), space, "replay", "replay")


def coordinates(table: Table, row: int) -> dict[str, float]:
    """A configuration of the table as the space's parameters."""
    return {name: float(LOW + place * (HIGH - LOW)) for name, place in zip(NAMES, table.points[row], strict=False)}


def nearest(table: Table, params: dict[str, Any]) -> int:
    """The configuration of the table that is nearest to some parameters."""
    point = np.array([params[name] for name in NAMES[: table.points.shape[1]]])
    return int(np.abs((point - LOW) / (HIGH - LOW) - table.points).sum(axis=1).argmin())


class Unwritten(RetryingStorage):
    """A storage whose trials are in its writer's memory alone."""

    def write(self, changes: Changes) -> None:
        """Writes nothing."""


class RowSampler(BaseSampler):
    """Proposes the table's rows in random order, each once."""

    def __init__(self, table: Table, generator: np.random.Generator) -> None:
        self._table = table
        self._order = generator.permutation(len(table.points))
        self._next = 0

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:  # noqa: ARG002
        """None is sampled together."""
        return {}

    def sample_relative(self, study: Study, trial: FrozenTrial, search_space: Any) -> dict[str, Any]:  # noqa: ARG002
        """None."""
        return {}

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:  # noqa: ARG002
        """Takes the next row."""
        self._row = coordinates(self._table, int(self._order[self._next % len(self._order)]))
        if "fixed_params" not in trial.system_attrs:
            self._next += 1

    def sample_independent(self, study: Study, trial: FrozenTrial, name: str, _: Any) -> float:  # noqa: ARG002
        """The row's value."""
        return self._row[name]


class TableEngine:
    """Runs one trial at a time by reading the table."""

    def __init__(self, table: Table, setting: Setting, generator: np.random.Generator) -> None:
        self.workers = 1
        self.cost = 0.0
        self.used: dict[int, list[int]] = {}  # seeds by configuration
        self._table = table
        self._setting = setting
        self._generator = generator
        self._shared = int(generator.integers(table.values.shape[1]))
        self._events: list[Event] = []

    def prepare(self, count: int) -> None:
        """Nothing to prepare."""

    def stop(self) -> None:
        """Nothing to stop."""

    def start(self, job: TrialJob) -> None:
        """Reads a configuration's curve, of a seed that it was not trained with yet."""
        row = nearest(self._table, job.params)
        seed = self._seed(self.used.setdefault(row, []))
        self.used[row].append(seed)
        self._number, self._curve, self._place = job.number, self._table.values[row, seed], 0
        self._report()

    def _seed(self, used: Sequence[int]) -> int:
        if self._setting.shared_seed:
            return self._shared
        count = self._table.values.shape[1]
        free = [seed for seed in range(count) if seed not in used]
        return int(self._generator.choice(free)) if free else int(self._generator.integers(count))

    def _report(self) -> None:
        self._events.append(Evaluated(number=self._number, evaluation=self._evaluation()))

    def _evaluation(self) -> Evaluation:
        late = self._setting.last and self._place >= len(self._curve) - 3
        value = float(self._curve[-1] if late else self._curve[self._place])
        return Evaluation(
            index=self._place,
            step=STEPS * (self._place + 1),
            score=value,
            success=None,
            distance=None,
            mean_return=value,
            mean_length=1.0,
            timeout_share=0.0,
            seconds=float(self._place + 1),
            evaluation_seconds=0.0,
        )

    def wait(self, timeout: float) -> list[Event]:  # noqa: ARG002
        """What has happened."""
        events, self._events = self._events, []
        return events

    def answer(self, number: int, decision: Decision) -> None:
        """Goes on to the next checkpoint, or ends."""
        self._place += 1
        whole = self._place == len(self._curve)
        if decision.go_on and not whole:
            self._report()
            return
        self.cost += self._place / len(self._curve)
        outcome = TrialOutcome(
            state="completed" if whole else "stopped", steps=STEPS * self._place, seconds=float(self._place)
        )
        self._events.append(Finished(number=number, outcome=outcome))
