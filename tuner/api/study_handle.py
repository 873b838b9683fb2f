"""The `Study` of the Python API."""

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.api import notebook
from tuner.api.environment_names import engine_options
from tuner.api.trial_handle import Trial, undisturbed
from tuner.app import confirm as confirming
from tuner.app import export as exporting
from tuner.app import report as reporting
from tuner.app import resolve
from tuner.app.limits import MOST_TEST_SEEDS, deadline, file_path, time_limit, whole_number
from tuner.app.notify import Notifier
from tuner.config.schedules import shown
from tuner.errors import NothingToShow, UsageProblem
from tuner.finals.confirmation_plan import DEFAULT_SEEDS, DEFAULT_TOP
from tuner.results.confirmation_reading import Confirmation, read_confirmation
from tuner.results.summary import summarise, verdict
from tuner.study.reader import StudyReader, open_reader
from tuner.study.rows import best

if TYPE_CHECKING:
    import pandas as pd

FORMS = {".yml": "zoo", ".yaml": "zoo", ".json": "json", ".py": "sb3"}


class Study:
    """A snapshot of a stored study; `refresh` and `confirm` read it again.

    `export` and `report` read the database when they are called.
    """

    def __init__(self, reader: StudyReader, storage: str) -> None:
        """Made by `tuner.open_study`."""
        self.storage = storage  # URL of its database
        self.name = reader.name  # in the database
        self.environment = reader.spec.environment.id
        self._take(reader)

    def _take(self, reader: StudyReader) -> None:
        """Reads everything now: the snapshot stays consistent."""
        self._reader, self._rows, self._reading = reader, reader.rows, read_confirmation(reader)

    def refresh(self) -> "Study":
        """Reads the study again; returns itself.

        Raises:
            StorageFailed: where the database cannot be read.
            UnknownName: where the study was deleted.
        """
        self._take(open_reader(resolve.storage_url(self.storage), self.name))
        return self

    def trials(self) -> list[Trial]:
        """All trials in order, including baselines."""
        return [Trial(row, self.name, self.environment, self.storage) for row in self._rows]

    def to_pandas(self) -> "pd.DataFrame":
        """The trials as a data frame, indexed by their numbers, the space's parameters as `params_NAME`.

        Raises:
            UsageProblem: where pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise UsageProblem("to_pandas: needs pandas, which is not installed (pip install pandas)") from None
        names = ("number", "state", "role", "value", "success", "seed", "steps", "seconds")
        searched = self._reader.spec.space.parameters
        records = [
            {name: getattr(row, name) for name in names} | {f"params_{name}": row.params.get(name) for name in searched}
            for row in self._rows
        ]
        columns = [*names, *(f"params_{name}" for name in searched)]
        return pd.DataFrame(records, columns=columns).set_index("number")

    @property
    def best(self) -> Trial:
        """The leader, which is the first trial of the configuration with the best mean over its seeds.

        Where nothing was repeated, the completed trial with the highest score. `confirm` tests it on new seeds.

        Raises:
            NothingToShow: no trial is complete.
        """
        row = best(self._rows)
        if row is None:
            raise NothingToShow(f"study {self.name!r} has no completed trial yet; continue with tuner.tune(study)")
        return self.trials()[row.number]

    @property
    def recommended(self) -> Trial | None:
        """The trial or baseline that the confirmation recommends; None before it is complete."""
        row = None if self._reading is None else self._reading.recommended
        return None if row is None else self.trials()[row.number]

    def confirm(
        self,
        seeds: int = DEFAULT_SEEDS,
        *,
        top: int = DEFAULT_TOP,
        workers: int | None = None,
        engine: str = "processes",
        minutes: float | None = None,
        notifier: Notifier | None = None,
    ) -> Confirmation:
        """Compares the best trials with the baselines on new training seeds and evaluation episodes.

        The same call again resumes.

        Args:
            seeds: Test seeds per configuration, 1 to 100; fewer than 5 cannot show a difference.
            top: Number of best trials that are candidates.
            workers: As `tuner.tune` takes it.
            engine: Likewise.
            minutes: Likewise.
            notifier: Likewise.

        Returns:
            The confirmation; `recommended` is set once all runs are done.

        Raises:
            NothingToShow: no trial is complete.
            UsageProblem: invalid argument; the message says value, rule and fix.
            StudyLocked: another process is working on the study.
            TooManyFailures: runs failed repeatedly.
            StorageFailed: the database cannot be written.
            KeyboardInterrupt: after finished runs were stored.
        """
        request = confirming.ConfirmRequest(
            study=self.name,
            storage=self.storage,
            engine=engine_options(self.environment, workers, engine),
            top=whole_number("top", top, 1, MOST_TEST_SEEDS),
            seeds=whole_number("seeds", seeds, 1, MOST_TEST_SEEDS),
            deadline=None if minutes is None else deadline(time_limit("minutes", minutes)),
        )
        result = confirming.confirm(request, notebook.default_notifier(notifier))
        self.refresh()
        if result.interrupted:
            raise KeyboardInterrupt
        return result.confirmation

    def report(self, path: str | os.PathLike[str], *, videos: bool = False) -> Path:
        """Writes the study as one page (.html), as Markdown (.md) or as JSON (.json); returns the file.

        Args:
            path: Output file; its ending selects the format.
            videos: Whether to include videos of the best trial and the baseline `current` or `sb3-defaults`.

        Raises:
            UsageProblem: unknown ending or missing folder.
            ExportFailed: the file cannot be written.
        """
        target = file_path("path", path)
        if target.suffix not in (".html", *reporting.ENDINGS):
            raise UsageProblem(f"path {str(target)!r}: must end in .html, .md or .json")
        request = reporting.ReportRequest(study=self.name, storage=self.storage, output=target, videos=videos)
        with undisturbed() if videos else contextlib.nullcontext():
            reporting.report(request, notebook.default_notifier(None))
        return target

    def export(self, path: str | os.PathLike[str], *, trial: int | None = None) -> Path:
        """Exports parameters: YAML for rl_zoo3 and `tuner train` (.yml), JSON, a script (.py), or the model (.zip).

        Args:
            path: Output file; its ending selects the format.
            trial: A finished trial's number. Default: the recommended configuration, else the best trial.

        Returns:
            The file.

        Raises:
            UsageProblem: unknown ending or trial.
            NothingToShow: no trial is complete, or the trial kept no model.
            ExportFailed: the file cannot be written.
        """
        target = file_path("path", path)
        if target.suffix not in (*FORMS, ".zip"):
            raise UsageProblem(f"path {str(target)!r}: must end in {', '.join(FORMS)} or .zip")
        if trial is not None:
            trial = whole_number("trial", trial, 0)
        if target.suffix == ".py" and self.environment.startswith("__main__:"):
            raise UsageProblem(
                f"path {str(target)!r}: no script can import {self.environment}; move it to a module of its own"
            )
        model = target.suffix == ".zip"
        where: dict[str, Any] = {"model": target} if model else {"output": target, "form": FORMS[target.suffix]}
        exporting.export(exporting.ExportRequest(study=self.name, storage=self.storage, trial=trial, **where))
        return target

    def __repr__(self) -> str:
        summary = summarise(self._reader)
        return f"<Study {self.name!r}: {summary.finished} of {summary.target} trials finished, {self.environment}>"

    def _repr_html_(self) -> str:
        """HTML for notebooks: counts, the best trial beside the baselines."""
        summary = summarise(self._reader)
        rows = [row for row in (summary.best_tuned, *summary.baselines) if row is not None]
        names = dict.fromkeys(name for row in rows for name in row.arguments)
        figures = [
            ["score", *(shown(row.value) for row in rows)],
            ["success", *("-" if row.success is None else f"{row.success:.0%}" for row in rows)],
            *([name, *(shown(row.arguments.get(name)) for row in rows)] for name in names),
        ]
        counts = f"{summary.finished} of {summary.target} trials finished"
        arms = notebook.table(["", *(row.label for row in rows)], figures) if rows else ""
        return (
            notebook.lines(f"Study {self.name}: {counts}, {self.environment}") + arms + notebook.lines(verdict(summary))
        )
