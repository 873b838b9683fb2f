"""A study as Python code holds it."""

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
from tuner.app.limits import deadline, file_path, time_limit, whole_number
from tuner.app.notify import Notifier
from tuner.config.schedules import shown
from tuner.errors import NothingToShow, UsageProblem
from tuner.finals.confirmation_plan import DEFAULT_SEEDS, DEFAULT_TOP
from tuner.results.confirmation_reading import Confirmation, read_confirmation
from tuner.results.summary import summarise, verdict
from tuner.study.reader import StudyReader, best, open_reader

if TYPE_CHECKING:
    import pandas as pd

MOST_SEEDS = 100  # what is exact over every permutation has its price
FORMS = {".yml": "zoo", ".yaml": "zoo", ".json": "json", ".py": "sb3"}


class Study:
    """A stored study, as it was when it was opened; `refresh` reads it anew, as `confirm` does by itself.

    What `export` and `report` write is read from the database as they write.
    """

    def __init__(self, reader: StudyReader, storage: str) -> None:
        """As `tuner.open_study` makes it."""
        self.storage = storage  # URL of its database
        self.name = reader.name  # in the database
        self.environment = reader.spec.environment.id
        self._take(reader)

    def _take(self, reader: StudyReader) -> None:
        """All is read now, so that what comes later is not among it."""
        self._reader, self._rows, self._reading = reader, reader.rows, read_confirmation(reader)

    def refresh(self) -> "Study":
        """Reads what came since; returns itself.

        Raises:
            StorageFailed: where the database cannot be read.
            UnknownName: where the study was deleted.
        """
        self._take(open_reader(resolve.storage_url(self.storage), self.name))
        return self

    def trials(self) -> list[Trial]:
        """All trials in order, the baselines among them."""
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
        """The completed trial of the highest score: of one training seed, so that luck has its part in it.

        Raises:
            NothingToShow: where no trial is complete.
        """
        row = best(self._rows)
        if row is None:
            raise NothingToShow(f"study {self.name!r} has no completed trial yet: go on with tuner.tune(study)")
        return self.trials()[row.number]

    @property
    def recommended(self) -> Trial | None:
        """What its confirmation says to train with; None before one is complete."""
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
        """The best trials and the baselines again, on seeds and goals that tuning never saw: is the winner better?

        The same call goes on where it was cut short.

        Args:
            seeds: Test seeds of each configuration, at most 100; under 5 no difference can be shown.
            top: The best trials that run for the test.
            workers: Runs side by side. Default: one a core.
            engine: `processes`, `inline` or `ray`.
            minutes: Nothing is begun that would likely end later.
            notifier: Who is told. Default: nobody; in a notebook, progress is drawn.

        Returns:
            What it has come to; `recommended` is what to train with, once everything is run.

        Raises:
            NothingToShow: where no trial is complete.
            UsageProblem: where an argument cannot be, with the value, the rule and the way out.
            StudyLocked: where another process works on the study.
            TooManyFailures: where runs fail again and again.
            StorageFailed: where the database cannot be written.
            KeyboardInterrupt: after every finished run was kept.
        """
        request = confirming.ConfirmRequest(
            study=self.name,
            storage=self.storage,
            engine=engine_options(self.environment, workers, engine),
            top=whole_number("top", top, 1, MOST_SEEDS),
            seeds=whole_number("seeds", seeds, 1, MOST_SEEDS),
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
            path: Where to; its ending says as what.
            videos: Whether videos of the best tuned trial and the current configuration go into the page.

        Raises:
            UsageProblem: where the ending is another, or the folder is missing.
            ExportFailed: where it cannot be written.
        """
        target = file_path("path", path)
        if target.suffix not in (".html", *reporting.ENDINGS):
            raise UsageProblem(f"path {str(target)!r}: must end in .html, .md or .json")
        request = reporting.ReportRequest(study=self.name, storage=self.storage, output=target, videos=videos)
        with undisturbed() if videos else contextlib.nullcontext():
            reporting.report(request, notebook.default_notifier(None))
        return target

    def export(self, path: str | os.PathLike[str], *, trial: int | None = None) -> Path:
        """Writes the answer: YAML for rl_zoo3 and `tuner train` (.yml), JSON, a script (.py), or the model (.zip).

        Args:
            path: Where to; its ending says as what.
            trial: A finished trial's number. Default: what is confirmed, else the best.

        Returns:
            The file.

        Raises:
            UsageProblem: where the ending is another, or there is no such trial.
            NothingToShow: where no trial is complete, or it kept no model.
            ExportFailed: where it cannot be written.
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
        """For notebooks: how far it is, the best beside the baselines, and what can be said of them."""
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
