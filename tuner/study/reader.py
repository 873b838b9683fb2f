"""Reads stored studies into plain records, independent of Optuna."""

import functools
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
from tuner.config.space import job_arguments
from tuner.errors import NothingToShow, UnknownName, UsageProblem
from tuner.finals.confirmation_plan import RunKey, RunResult
from tuner.record_type import Record
from tuner.study import kept_models
from tuner.study.confirmation_writer import AskedConfirmation, read_asked, read_results
from tuner.study.importance_shares import importance_shares
from tuner.study.queue import Submission, submissions
from tuner.study.storage import Storage, artifact_folder, half_made, is_there, open_to_read, storage_errors
from tuner.study.stored import confirmation_name, load_stored, read_history, stored_names

FINISHED = ("complete", "pruned")
STATES = (*(state.name.lower() for state in TrialState), "interrupted")


class Row(Record):
    """One trial."""

    number: int
    state: str  # complete, pruned, fail, running, waiting
    role: str | None
    value: float | None  # of a completed trial
    success: float | None
    milestones: dict[str, float]  # share of evaluation episodes that reached each, in the study's order
    arguments: dict[str, Any]  # all arguments of the algorithm
    params: dict[str, Any]  # sampled parameters
    seed: int | None
    seconds: float | None
    steps: int
    episode_length: float | None
    attributes: dict[str, Any]

    @property
    def finished(self) -> bool:
        """Whether it counts towards the number of trials."""
        return self.state in FINISHED

    @property
    def label(self) -> str:
        """The baseline's name, or `trial N`."""
        return self.role.partition(":")[2] if self.role else f"trial {self.number}"


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
        """Every trial, in order."""
        return [make_row(trial, self.spec) for trial in self.optuna_study.get_trials(deepcopy=False)]

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
        return [run.user_attrs for run in done if run.user_attrs.get("phase") == "test"]

    def model(self, number: int) -> bytes:
        """The kept model of a trial, a Stable-Baselines3 zip.

        Raises:
            NothingToShow: if it has none, naming the trials that have one.
            StorageFailed: if its file is missing.
        """
        with self._errors():
            return kept_models.read_model(self.optuna_study, number, self._artifacts)

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
        storage = open_to_read(url)
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
        storage = open_to_read(url)
        return reader_of(storage, url, name) if name in stored_names(storage) else None


def reader_of(storage: Storage, url: URL, name: str) -> StudyReader:
    """Opens a study of an open storage.

    Raises:
        UnknownName: if it holds no such study.
        NothingToShow: if the study was not made by tuner.
    """
    study, spec = load_stored(storage, name)
    read_history(study)
    return StudyReader(study, spec, artifact_folder(url), functools.partial(storage_errors, url))


def _refuse_chain(name: str, names: list[str]) -> None:
    confirmations = {confirmation_name(one) for one in names}
    chain = re.compile(rf"{re.escape(name)}-\d+(-.+)?")
    stages = [] if name in names else sorted(one for one in names if chain.fullmatch(one) and one not in confirmations)
    if stages:
        raise UsageProblem(f"study {name!r} was tuned in stages, one study each; name one: {', '.join(stages)}")


def make_row(trial: FrozenTrial, spec: StudySpec) -> Row:
    """Converts an Optuna trial."""
    attributes = trial.user_attrs
    return Row(
        number=trial.number,
        state=trial.state.name.lower(),
        role=attributes.get("role"),
        value=trial.value if trial.state == TrialState.COMPLETE else None,
        success=attributes.get("success"),
        milestones=attributes.get("milestones", {}),
        arguments=job_arguments(spec.space, trial.params, attributes.get("overrides", {})),
        params=dict(trial.params),
        seed=attributes.get("seed"),
        seconds=attributes.get("seconds"),
        steps=attributes.get("steps", 0),
        episode_length=attributes.get("episode_length"),
        attributes=dict(attributes),
    )


MOST_NAMES = 20  # trials listed in an error


def best(rows: Sequence[Row]) -> Row | None:
    """The completed trial with the highest value, the earliest of equals; None if none is complete."""
    done = [row for row in rows if row.value is not None]
    return max(done, key=lambda row: (row.value, -row.number)) if done else None


def pick(rows: Sequence[Row], wanted: str) -> Row:
    """A trial by its number, `best`, or a baseline's name (its last trial if it was repeated).

    Raises:
        NothingToShow: if `best` is wanted and no trial is complete.
        UnknownName: if there is no such trial.
    """
    if wanted == "best":
        if (winner := best(rows)) is None:
            raise NothingToShow("the study has no completed trial yet (see `tuner status --trials`)")
        return winner
    named = [row for row in rows if wanted == str(row.number) or (row.role is not None and wanted == row.label)]
    if not named:
        names = [str(row.number) for row in rows[:MOST_NAMES]] + [row.label for row in rows if row.role is not None]
        raise UnknownName("trial", wanted, {"best", *names}, "`tuner status --trials` lists them")
    return named[-1]


def baselines(rows: Sequence[Row]) -> list[Row]:
    """The finished baselines, in order."""
    return [row for row in rows if row.role is not None and row.finished]


def choose(rows: list[Row], number: int | None) -> Row:
    """The finished trial with the number, or the best if it is None.

    Raises:
        NothingToShow: if no trial is complete.
        UnknownName: if no finished trial has the number.
    """
    finished = [row for row in rows if row.finished]
    if number is not None:
        found = next((row for row in finished if row.number == number), None)
        if found is None:
            valid = [str(row.number) for row in finished[:20]]
            raise UnknownName("finished trial", str(number), valid)
        return found
    winner = best(rows)
    if winner is None:
        raise NothingToShow("the study has no completed trial to export yet (see `tuner status`)")
    return winner
