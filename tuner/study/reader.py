"""Reads stored studies into plain records, independent of Optuna."""

import functools
import re
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna import Study
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import URL

from tuner.config.model import StudySpec
from tuner.errors import UsageProblem
from tuner.finals.confirmation_plan import RunKey, RunResult
from tuner.study import kept_models
from tuner.study.confirmation_writer import AskedConfirmation, read_asked, read_results
from tuner.study.history import Attributes, heavy_of
from tuner.study.importance_shares import importance_shares
from tuner.study.integrity import reading, refuse_damaged
from tuner.study.pruners import likely_pruned
from tuner.study.queue import Submission, submissions
from tuner.study.rows import CARRIED, EndedTrial, Row, RunningTrial, make_row
from tuner.study.samplers import distributions
from tuner.study.storage import Storage, artifact_folder, half_made, is_there, open_to_read, storage_errors
from tuner.study.stored import confirmation_name, load_stored, read_history, stored_names

STATES = (*(state.name.lower() for state in TrialState), "interrupted")


class StudyReader:
    """A study opened for reading. Trials are read once; open it again to see later ones."""

    def __init__(
        self,
        study: Study,
        spec: StudySpec,
        artifacts: Path,
        errors: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Takes the artifact folder, and a context manager that converts database errors."""
        self.spec = spec
        self._errors = errors
        self.optuna_study = study  # for Optuna's own plots
        self._artifacts = artifacts

    @property
    def name(self) -> str:
        """The study's name in the database."""
        return self.spec.name

    @cached_property
    def rows(self) -> list[Row]:
        """Every trial of this study's own, in order."""
        trials, heavy = self.optuna_study.get_trials(deepcopy=False), heavy_of(self.optuna_study)
        return [make_row(trial, self.spec, heavy) for trial in trials if CARRIED not in trial.user_attrs]

    def running(self) -> list[RunningTrial]:
        """Every trial of this study's own that runs, in order."""
        trials = self.optuna_study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        return [
            RunningTrial(
                row=make_row(trial, self.spec),
                reported=tuple(sorted(trial.intermediate_values.items())),
                likely_pruned=likely_pruned(self.spec.pruner, self.optuna_study, trial),
            )
            for trial in trials
        ]

    def ended(self) -> list[EndedTrial]:
        """Every trial of this study's own that has ended, in order."""
        trials = self.optuna_study.get_trials(deepcopy=False)
        own = (trial for trial in trials if trial.state.is_finished() and CARRIED not in trial.user_attrs)
        return [self._ended(trial) for trial in own]

    def ended_trial(self, number: int) -> EndedTrial:
        """A trial that has ended."""
        return self._ended(self.optuna_study.get_trials(deepcopy=False)[number])

    def _ended(self, trial: FrozenTrial) -> EndedTrial:
        return EndedTrial(
            row=make_row(trial, self.spec),
            started=trial.datetime_start,
            ended=trial.datetime_complete,
            files=kept_models.kept_files(self.optuna_study, trial, self._artifacts),
        )

    def counts(self) -> dict[str, int]:
        """The number of trials by state; interrupted trials are counted separately from failed ones."""
        found = Counter("interrupted" if "interrupted" in one.attributes else one.state for one in self.rows)
        return {state: found[state] for state in STATES}

    def confirmation_results(self) -> dict[RunKey, RunResult]:
        """The results of the study's confirmation so far; empty if it has none."""
        with self._errors():
            return read_results(self.optuna_study._storage, self.name)

    def asked_confirmation(self) -> AskedConfirmation | None:
        """The last request of the confirmation; None without a confirmation, or if it stored no request."""
        with self._errors():
            return read_asked(self.optuna_study._storage, self.name)

    def test_runs(self) -> list[Mapping[str, Any]]:
        """The attributes of the confirmation's finished test runs."""
        storage = self.optuna_study._storage
        with self._errors():
            if confirmation_name(self.name) not in stored_names(storage):
                return []
            runs = optuna.load_study(storage=storage, study_name=confirmation_name(self.name))
            done = runs.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        tests = [run for run in done if run.user_attrs.get("phase") == "test"]
        heavy = heavy_of(self.optuna_study)
        return [Attributes(run.user_attrs, heavy, run._trial_id) if heavy else run.user_attrs for run in tests]

    def model(self, number: int) -> bytes:
        """The kept model of a trial, a Stable-Baselines3 zip.

        Raises:
            NothingToShow: if it has none, naming the trials that have one.
            StorageFailed: if its file is missing.
        """
        with self._errors():
            return kept_models.read_model(self.optuna_study, number, self._artifacts)

    def earlier_policies(self, number: int) -> bytes:
        """The tar of a trial's policies at shares of its training.

        Raises:
            NothingToShow: if it has none, naming the trials that have one.
            StorageFailed: if its file is missing.
        """
        with self._errors():
            return kept_models.read_earlier(self.optuna_study, number, self._artifacts)

    def run_with_model(self, row: Row, *, earlier: bool = False) -> Row:
        """The trial itself if its model was kept, else the first of its configuration's repeats that has one.

        With `earlier`, the first of them that kept its earlier policies.
        """
        ending = kept_models.EARLIER if earlier else kept_models.MODEL
        repeats = [one for one in self.rows if one.label == row.label and one.repeat_of is not None]
        with self._errors():
            kept = (one for one in (row, *repeats) if kept_models.has_kept(self.optuna_study, one.number, ending))
            return next(kept, row)

    def statistics(self, number: int) -> bytes | None:
        """The VecNormalize statistics of a trial's model; None if it was trained without.

        Raises:
            StorageFailed: if their file is missing.
        """
        with self._errors():
            return kept_models.read_statistics(self.optuna_study, number, self._artifacts)

    def importance_shares(
        self, generator: np.random.Generator, *, fewest: int
    ) -> tuple[int, list[str], NDArray[np.float64]]:
        """Parameter importances; see `importance_shares`."""
        return importance_shares(self.optuna_study, generator, fewest=fewest)

    def submissions(self) -> list[Submission]:
        """The submissions to the service of this database."""
        with self._errors():
            return submissions(self.optuna_study._storage)


def open_reader(url: URL, name: str) -> StudyReader:
    """Opens a stored study and reads all its trials.

    Raises:
        StorageFailed: if there is no database, or it cannot be read.
        UnknownName: if it holds no such study.
        NothingToShow: if the study was not made by tuner.
        UsageProblem: if it was tuned in stages, one study each.
    """
    with storage_errors(url):
        storage = open_to_read(url, light=True)
        _refuse_chain(name, stored_names(storage))
        return reader_of(storage, url, name)


def find_reader(url: URL, name: str) -> StudyReader | None:
    """Opens a stored study; None if it does not exist yet.

    Raises:
        StorageFailed: if the database cannot be read.
        NothingToShow: if the study was not made by tuner.
    """
    if not is_there(url) or half_made(url):
        return None
    with storage_errors(url):
        storage = open_to_read(url, light=True)
        return reader_of(storage, url, name) if name in stored_names(storage) else None


def reader_of(storage: Storage, url: URL, name: str) -> StudyReader:
    """Opens a study of an open storage.

    Raises:
        UnknownName: if it holds no such study.
        NothingToShow: if the study was not made by tuner.
    """
    with reading(name):
        study, spec = load_stored(storage, name)
        read_history(study)
    refuse_damaged(study, spec.space, study.get_trials(deepcopy=False), distributions(spec.space))
    return StudyReader(study, spec, artifact_folder(url), functools.partial(storage_errors, url))


def _refuse_chain(name: str, names: list[str]) -> None:
    confirmations = {confirmation_name(one) for one in names}
    chain = re.compile(rf"{re.escape(name)}-\d+(-.+)?")
    stages = [] if name in names else sorted(one for one in names if chain.fullmatch(one) and one not in confirmations)
    if stages:
        raise UsageProblem(f"study {name!r} was tuned in stages, one study each; name one: {', '.join(stages)}")
