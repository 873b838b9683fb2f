"""The only writer of a study: creates or resumes it, asks for trials, stores their results."""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from optuna import Study, Trial
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from tuner import seeds
from tuner.arithmetic import NUMPY, SB3
from tuner.config.conditions import searched
from tuner.config.model import StudySpec
from tuner.config.rules import in_terms_of
from tuner.finals.finals_plan import Repeat
from tuner.record_type import Record
from tuner.records import TrialOutcome
from tuner.study import stored
from tuner.study.attempts import GAVE_UP, attempts, why_give_up
from tuner.study.extension import Carried
from tuner.study.finals_record import OF_CONFIGURATION, is_repeat
from tuner.study.finals_record import attributes as repeat_attributes
from tuner.study.kept_models import keep_file
from tuner.study.opening import drawn, open_or_create
from tuner.study.reader import StudyReader
from tuner.study.remembering_storage import RememberingStorage, remembering
from tuner.study.rows import CARRIED
from tuner.study.samplers import SnappingSampler, distributions, suggest_conditional

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


class AskedTrial(Record):
    """A trial to run."""

    number: int
    params: dict[str, Any]  # as sampled or enqueued
    overrides: dict[str, Any]  # arguments outside the space
    seed: int
    role: str | None  # `baseline:NAME`, or None
    retry_of: int | None
    repeat_of: int | None = None  # the first trial of its configuration; None for a trial of the search


class StudyWriter:
    """A study opened for writing, under its lock.

    It reads the database once and keeps its own counts, since there is no other writer.
    """

    def __init__(self, storage: RememberingStorage, study: Study, spec: StudySpec, artifacts: Path) -> None:
        self.study = study  # for reading only
        self._storage = storage
        self._spec = spec
        self._artifacts = artifacts
        self._live: dict[int, Trial] = {}
        stored.read_history(study)
        self._drawn = drawn(study.get_trials(deepcopy=False))
        self._finished = len(self.trials(*FINISHED))
        self._repeats = sum(map(is_repeat, self.trials(*FINISHED)))
        self._best = _best(self.trials(TrialState.COMPLETE))
        tuned = [trial.value for trial in self.trials(TrialState.COMPLETE) if not trial.user_attrs.get("role")]
        self._best_tuned = max((value for value in tuned if value is not None), default=-math.inf)

    @classmethod
    def open(
        cls, storage: BaseStorage, spec: StudySpec, artifacts: Path, *, extend: bool = False
    ) -> tuple["StudyWriter", list[stored.SettingChange]]:
        """Creates the study or opens it to resume; returns it with the changed settings.

        With `extend`, ranges of its space may have grown; the trials of before are then trials of the wider ranges.

        Raises:
            StudyDiffers: if the stored study has other settings that its values depend on.
        """
        cached = remembering(storage)
        study, changes = open_or_create(cached, spec, extend=extend)
        return cls(cached, study, spec, artifacts), changes

    def recover(self) -> int:
        """Cleans up after a dead or interrupted coordinator; returns how many trials will be retried.

        Trials left running are told FAIL. Every failed trial without a retry is enqueued again if its parameters are
        complete and it has failed fewer than three times; interruptions and lost nodes do not count as failures.
        """
        self._abandon("the coordinator ended")
        return sum(self._retry(trial) for trial in self.trials(TrialState.FAIL))

    def enqueue_baselines(self) -> None:
        """Enqueues every baseline without a waiting, running or finished trial."""
        states = (TrialState.WAITING, TrialState.RUNNING, *FINISHED)
        present = {trial.user_attrs.get("role") for trial in self.trials(*states)}
        for name, values in self._spec.baselines.items():
            role = f"baseline:{name}"
            if role in present:
                continue
            own = in_terms_of(self._spec.space, values)
            enqueued = {key: own[key] for key in searched(self._spec.space.parameters, own)}
            overrides = {key: value for key, value in own.items() if key not in enqueued and key != "device"}
            attributes = {"role": role, "overrides": overrides, "device_asked": values.get("device")}
            self.study.enqueue_trial(enqueued, user_attrs=attributes)

    def ask(self) -> AskedTrial:
        """The next trial: a waiting one, else a new one with all its parameters sampled."""
        if isinstance(sampler := self.study.sampler, SnappingSampler):
            sampler.draw = self._drawn
        trial = self.study.ask(fixed_distributions=distributions(self._spec.space))
        suggest_conditional(trial, self._spec.space)
        attributes = trial.user_attrs
        seed = attributes.get("seed")
        if seed is None:
            seed = self._new_seed()
            trial.set_user_attr("seed", seed)
        self._live[trial.number] = trial
        return AskedTrial(
            number=trial.number,
            params=dict(trial.params),
            overrides=dict(attributes.get("overrides", {})),
            seed=seed,
            role=attributes.get("role"),
            retry_of=attributes.get("retry_of"),
            repeat_of=attributes.get("repeat_of"),
        )

    def enqueue_repeat(self, repeat: Repeat) -> None:
        """Enqueues a configuration on a new training seed."""
        original = self.study.get_trials(deepcopy=False)[repeat.trial]
        self.study.enqueue_trial(dict(original.params), user_attrs=repeat_attributes(repeat, original))

    def transaction(self) -> AbstractContextManager[None]:
        """Writes all changes of a trial within it at the end, in one transaction."""
        return self._storage.transaction()

    def reader(self) -> StudyReader:
        """A reader of the study as it is now."""
        return StudyReader(self.study, self._spec, self._artifacts)

    def report(self, number: int, value: float, step: int) -> None:
        """Stores an intermediate value."""
        self._live[number].report(value, step)

    def should_prune(self, number: int) -> bool:
        """Whether the pruner would stop the trial, by the values reported so far."""
        return self._live[number].should_prune()

    def store_model(self, number: int, model: Path) -> None:
        """Stores a running trial's model, or its VecNormalize statistics, as an artifact."""
        with self.transaction():
            keep_file(self._live[number], model, self._artifacts)

    def complete(self, number: int, value: float, attributes: Mapping[str, Any]) -> None:
        """Tells a completed trial's value, after its attributes."""
        if not math.isfinite(value):
            raise ValueError(f"the value of trial {number} is {value}")
        self._tell(number, attributes, value, None)
        self._count(number)
        if self._best is None or value > self._best[0]:
            self._best = (value, attributes.get("success"))
        if not self._trial(number).user_attrs.get("role"):
            self._best_tuned = max(self._best_tuned, value)

    def prune(self, number: int, attributes: Mapping[str, Any]) -> None:
        """Tells a trial PRUNED, after its attributes."""
        self._tell(number, attributes, None, TrialState.PRUNED)
        self._count(number)

    def fail(self, number: int, outcome: TrialOutcome, attributes: Mapping[str, Any] | None = None) -> bool:
        """Tells a trial FAIL and enqueues it again; False if it was lost with its node too often.

        One that failed before with the same error of its environment, or three times, is given up: it is told PRUNED,
        which the sampler takes for the worst, with its `attributes`, and counts.
        """
        why = why_give_up(self._trial(number), self.study.get_trials(deepcopy=False), outcome)
        if why is not None:
            self.prune(number, {**(attributes or {}), GAVE_UP: True, "reason": why})
            return True
        self._tell(number, stored.failure(outcome), None, TrialState.FAIL)
        return self._retry(self._trial(number))

    def count_given_up(self) -> int:
        """How many trials were given up since they failed again and again."""
        return sum(GAVE_UP in trial.user_attrs for trial in self.trials(TrialState.PRUNED))

    def interrupt(self) -> None:
        """Tells every running trial FAIL; the next start retries them. Does not count as a failure."""
        self._abandon("the run was stopped")

    def count_finished(self) -> int:
        """The number of completed and pruned trials."""
        return self._finished

    def count_repeats(self) -> int:
        """How many of them repeat others."""
        return self._repeats

    def waiting(self) -> list[str]:
        """The names of the waiting baselines."""
        roles = [trial.user_attrs.get("role") for trial in self.trials(TrialState.WAITING)]
        return [role.partition(":")[2] for role in roles if role]

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """The study's own trials in any of the states, in order; all of them where none is named."""
        found = self.study.get_trials(deepcopy=False, states=states or None)
        return [trial for trial in found if CARRIED not in trial.user_attrs]

    def carry(self, others: Carried) -> int:
        """Adds trials of another study, for the sampler and the pruner alone; returns how many were not there yet."""
        there = [trial.user_attrs.get(CARRIED) for trial in self.study.get_trials(deepcopy=False)]
        new = [trial for trial in others.trials if trial.user_attrs[CARRIED] not in there]
        self.study.add_trials(new)
        return len(new)

    def best(self) -> tuple[float, float | None] | None:
        """The highest value with its success rate, of the earliest such trial."""
        return self._best

    def best_tuned(self) -> float:
        """The highest value of a trial that is no baseline; minus infinity without any."""
        return self._best_tuned

    def full_trial_seconds(self) -> list[float]:
        """The durations of completed trials in seconds."""
        found = (trial.user_attrs.get("seconds") for trial in self.trials(TrialState.COMPLETE))
        return [seconds for seconds in found if seconds is not None]

    def last_arithmetic(self) -> str | None:
        """How the last completed trial of a faster class computed; `sb3` where DQN had none yet; else None."""
        found = [one.user_attrs for one in reversed(self.trials(TrialState.COMPLETE)) if "trainer" in one.user_attrs]
        fused = [str(one.get("arithmetic", NUMPY)) for one in found if one["trainer"] == "fused"]
        before_fused = self._spec.space.algorithm == "dqn" and found and found[0].get("arithmetic") != SB3
        return fused[0] if fused else SB3 if before_fused else None

    def _trial(self, number: int) -> FrozenTrial:
        return self.study.get_trials(deepcopy=False)[number]

    def _count(self, number: int) -> None:
        """Counts a finished trial."""
        self._finished += 1
        self._repeats += is_repeat(self._trial(number))

    def _tell(self, number: int, attributes: Mapping[str, Any], value: float | None, state: TrialState | None) -> None:
        trial = self._live[number]
        with self.transaction():
            for name, attribute in attributes.items():
                trial.set_user_attr(name, attribute)
            self.study.tell(trial, value, state=state)
        del self._live[number]

    def _abandon(self, reason: str) -> None:
        with self.transaction():
            stored.fail_running(self._storage, self.study, reason)
        self._live.clear()

    def _retry(self, trial: FrozenTrial) -> bool:
        """Enqueues a failed trial again, unless it has a retry, incomplete parameters or no attempts left."""
        if not self._has_parameters(trial):
            return False
        trials = self.study.get_trials(deepcopy=False)
        if any(self._retries(other, trial) for other in trials[trial.number + 1 :]):
            return False
        ended = [attempt.user_attrs for attempt in attempts(trial, trials)]
        failed = sum("interrupted" not in attributes for attributes in ended)
        lost = sum("lost_with" in attributes for attributes in ended)
        if failed >= stored.MAX_ATTEMPTS or lost >= stored.MAX_LOSSES:
            return False
        names = (*OF_CONFIGURATION, "repeat_of", "place")
        kept: dict[str, Any] = {name: trial.user_attrs[name] for name in names if name in trial.user_attrs}
        seed = trial.user_attrs.get("seed")
        if seed is None:  # lost after sampling, before its seed was stored: nothing was sampled after it
            seed = self._new_seed()
        self.study.enqueue_trial(dict(trial.params), user_attrs={**kept, "seed": seed, "retry_of": trial.number})
        return True

    def _new_seed(self) -> int:
        """The training seed of the next sampled trial. Retries do not count, so they do not change later trials."""
        self._drawn += 1
        return seeds.TRAINING + self._drawn - 1

    def _retries(self, other: FrozenTrial, trial: FrozenTrial) -> bool:
        """Whether `other` is a retry of `trial`; one that failed before it had all parameters does not count."""
        lost = other.state == TrialState.FAIL and not self._has_parameters(other)
        return other.user_attrs.get("retry_of") == trial.number and not lost

    def _has_parameters(self, trial: FrozenTrial) -> bool:
        return trial.params.keys() == set(searched(self._spec.space.parameters, trial.params))


def _best(trials: list[FrozenTrial]) -> tuple[float, float | None] | None:
    """The highest value with its success rate."""
    scored = [(trial.value, trial.user_attrs.get("success")) for trial in trials if trial.value is not None]
    return max(scored, key=lambda pair: pair[0], default=None)
