"""The study's book of trials: created and resumed, asked from, reported to, told, counted. The only writer."""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import optuna
from optuna import Study, Trial
from optuna.artifacts import FileSystemArtifactStore, upload_artifact
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from tuner import seeds
from tuner.config.conditions import searched
from tuner.config.model import StudySpec
from tuner.config.rules import in_terms_of
from tuner.errors import StorageFailed
from tuner.record_type import Record
from tuner.records import TrialOutcome
from tuner.study import stored
from tuner.study.pruners import make_pruner
from tuner.study.reader import StudyReader
from tuner.study.remembering_storage import RememberingStorage, remembering
from tuner.study.samplers import SnappingSampler, distributions, make_sampler, suggest_conditional

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


class AskedTrial(Record):
    """A trial that the study handed out."""

    number: int
    params: dict[str, Any]  # as sampled or enqueued
    overrides: dict[str, Any]  # arguments that the space does not hold
    seed: int
    role: str | None  # `baseline:NAME`, or None
    retry_of: int | None


class StudyWriter:
    """A study opened for writing, under its lock.

    The database is read once, here; since nobody else writes, the writer counts along with what it tells.
    """

    def __init__(self, storage: RememberingStorage, study: Study, spec: StudySpec, artifacts: Path) -> None:
        self.study = study  # to read from; writing goes through the writer
        self._storage = storage
        self._spec = spec
        self._artifacts = artifacts
        self._live: dict[int, Trial] = {}
        stored.read_history(study)
        self._drawn = _drawn(study.get_trials(deepcopy=False))
        self._finished = len(self.trials(*FINISHED))
        self._best = _best(self.trials(TrialState.COMPLETE))

    @classmethod
    def open(
        cls, storage: BaseStorage, spec: StudySpec, artifacts: Path
    ) -> tuple["StudyWriter", list[stored.SettingChange]]:
        """Creates the study or takes it up again; returns it with what changed since.

        Raises:
            MeaningChanged: where the stored study's values mean something else.
        """
        remembers = remembering(storage)
        if spec.name in stored.stored_names(remembers):
            study = optuna.load_study(storage=remembers, study_name=spec.name)
        else:
            study = stored.create(remembers, spec.name)
        changes = stored.write_spec(study, spec)
        study.sampler = make_sampler(spec.sampler, spec.space, spec.seed, stored.qmc_seed(study, spec))
        study.pruner = make_pruner(spec.pruner, spec.timesteps)
        return cls(remembers, study, spec, artifacts), changes

    def recover(self) -> int:
        """Puts right what a dead or interrupted coordinator left; returns how many trials will run again.

        Trials left running are told FAIL. Every failed trial that no later one names as its predecessor is enqueued
        again, as long as its parameters are complete and it has failed fewer than three times, interrupts and losses of
        what it ran on apart.
        """
        self._abandon("the coordinator ended")
        return sum(self._retry(trial) for trial in self.trials(TrialState.FAIL))

    def enqueue_baselines(self) -> None:
        """Enqueues every baseline of whose role no trial is waiting, running or finished."""
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
        """Hands out the next trial: one that waits, else a new one, all its parameters suggested at once."""
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
        )

    def together(self) -> AbstractContextManager[None]:
        """What is written of a trial while within is written at the end, all of it or nothing."""
        return self._storage.together()

    def reader(self) -> StudyReader:
        """The study to read from, as it is now."""
        return StudyReader(self.study, self._spec, self._artifacts)

    def report(self, number: int, value: float, step: int) -> None:
        """Stores an intermediate value."""
        self._live[number].report(value, step)

    def should_prune(self, number: int) -> bool:
        """What the pruner says to the values reported so far."""
        return self._live[number].should_prune()

    def store_model(self, number: int, model: Path) -> None:
        """Keeps a trial's model, or what belongs to it, as an artifact. Only a running trial takes one."""
        try:
            self._artifacts.mkdir(parents=True, exist_ok=True)
            upload_artifact(
                artifact_store=FileSystemArtifactStore(str(self._artifacts)),
                file_path=str(model),
                study_or_trial=self._live[number],
            )
        except OSError as error:
            raise StorageFailed(
                f"cannot keep a model in {self._artifacts}: {error.strerror} "
                "(with the cause gone, the same command goes on)"
            ) from error

    def complete(self, number: int, value: float, attributes: Mapping[str, Any]) -> None:
        """Tells a value, the attributes first: a finished trial takes none."""
        if not math.isfinite(value):
            raise ValueError(f"the value of trial {number} is {value}")
        self._tell(number, attributes, value, None)
        self._finished += 1
        if self._best is None or value > self._best[0]:
            self._best = (value, attributes.get("success"))

    def prune(self, number: int, attributes: Mapping[str, Any]) -> None:
        """Tells that a trial was stopped early."""
        self._tell(number, attributes, None, TrialState.PRUNED)
        self._finished += 1

    def fail(self, number: int, outcome: TrialOutcome) -> bool:
        """Tells that a trial failed and enqueues it again; False where it has failed, or was lost, too often."""
        self._tell(number, stored.failure(outcome), None, TrialState.FAIL)
        return self._retry(self.study.get_trials(deepcopy=False)[number])

    def interrupt(self) -> None:
        """Tells every trial under way FAIL; the next start runs them again. It uses up no retry."""
        self._abandon("the run was stopped")

    def count_finished(self) -> int:
        """Completed and pruned trials."""
        return self._finished

    def waiting(self) -> list[str]:
        """The baselines that wait for their turn, by their names."""
        roles = [trial.user_attrs.get("role") for trial in self.trials(TrialState.WAITING)]
        return [role.partition(":")[2] for role in roles if role]

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """The trials in any of the states named, in order."""
        return self.study.get_trials(deepcopy=False, states=states)

    def best(self) -> tuple[float, float | None] | None:
        """The highest value with its success rate; the first of several."""
        return self._best

    def full_trial_seconds(self) -> list[float]:
        """Seconds of the trials that ran to the end."""
        found = (trial.user_attrs.get("seconds") for trial in self.trials(TrialState.COMPLETE))
        return [seconds for seconds in found if seconds is not None]

    def _tell(self, number: int, attributes: Mapping[str, Any], value: float | None, state: TrialState | None) -> None:
        trial = self._live[number]
        with self.together():
            for name, attribute in attributes.items():
                trial.set_user_attr(name, attribute)
            self.study.tell(trial, value, state=state)
        del self._live[number]

    def _abandon(self, reason: str) -> None:
        with self.together():
            stored.fail_running(self._storage, self.study, reason)
        self._live.clear()

    def _retry(self, trial: FrozenTrial) -> bool:
        """Enqueues a failed trial again, unless that is done already or no use."""
        if not self._has_parameters(trial):
            return False
        trials = self.study.get_trials(deepcopy=False)
        if any(self._retries(other, trial) for other in trials[trial.number + 1 :]):
            return False
        attempts = [attempt.user_attrs for attempt in _attempts(trial, trials)]
        failed = sum("interrupted" not in attributes for attributes in attempts)
        lost = sum("lost_with" in attributes for attributes in attempts)
        if failed >= stored.MAX_ATTEMPTS or lost >= stored.MAX_LOSSES:
            return False
        names = ("role", "overrides", "device_asked")
        kept: dict[str, Any] = {name: trial.user_attrs[name] for name in names if name in trial.user_attrs}
        seed = trial.user_attrs.get("seed")
        if seed is None:  # lost between its parameters and its seed: nothing was drawn after it
            seed = self._new_seed()
        self.study.enqueue_trial(dict(trial.params), user_attrs={**kept, "seed": seed, "retry_of": trial.number})
        return True

    def _new_seed(self) -> int:
        """The seed of the next draw. Retries draw nothing: what is drawn after them is what it is without them."""
        self._drawn += 1
        return seeds.TRAINING + self._drawn - 1

    def _retries(self, other: FrozenTrial, trial: FrozenTrial) -> bool:
        """Whether `other` stands for `trial`; one that was lost before it had its parameters does not."""
        lost = other.state == TrialState.FAIL and not self._has_parameters(other)
        return other.user_attrs.get("retry_of") == trial.number and not lost

    def _has_parameters(self, trial: FrozenTrial) -> bool:
        return trial.params.keys() == set(searched(self._spec.space.parameters, trial.params))


def _drawn(trials: list[FrozenTrial]) -> int:
    """How many trials were drawn so far, retries left out: one more than the place of the latest."""
    used = [seed for trial in trials if (seed := trial.user_attrs.get("seed")) is not None]
    return max(used, default=seeds.TRAINING - 1) - seeds.TRAINING + 1


def _best(trials: list[FrozenTrial]) -> tuple[float, float | None] | None:
    """The highest value with its success rate."""
    done = [(trial.value, trial.user_attrs.get("success")) for trial in trials]
    scored = [(value, success) for value, success in done if value is not None]
    return max(scored, key=lambda pair: pair[0], default=None)


def _attempts(trial: FrozenTrial, trials: list[FrozenTrial]) -> list[FrozenTrial]:
    """A trial and those that it retries, back to the first."""
    attempts = [trial]
    while (previous := attempts[-1].user_attrs.get("retry_of")) is not None:
        attempts.append(trials[previous])
    return attempts
