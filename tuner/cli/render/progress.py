"""Progress on standard error: live on a terminal, one line per event elsewhere."""

import sys
import time
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tuner.app.tallies import Tally
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome


class ProgressLines:
    """Progress as one line per event."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def started(self, job: TrialJob) -> None:
        self._say(self._tally.started(job))

    def evaluated(self, number: int, evaluation: Evaluation, decision: Decision) -> None:  # noqa: ARG002
        self._say(self._tally.evaluated(number, evaluation))

    def finished(self, number: int, outcome: TrialOutcome) -> None:
        said = self._tally.finished(number, outcome)
        self._say(f"{said} | {self._tally.line()}" if self._tally.counts else said)

    def tick(self) -> None:
        """Time passed."""

    def _say(self, line: str) -> None:
        if line:
            self._write(f"{time.strftime('%H:%M:%S')} {line}\n")

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


class LiveProgress(ProgressLines):
    """Live progress bars; finished jobs scroll above them."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._console = Console(stderr=True, highlight=False)
        self._live = Live(self._picture(), console=self._console, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def evaluated(self, number: int, evaluation: Evaluation, decision: Decision) -> None:  # noqa: ARG002
        """A job reached a checkpoint: its bar shows it."""
        self._tally.evaluated(number, evaluation)
        self.tick()

    def tick(self) -> None:
        self._live.update(self._picture(), refresh=True)

    def finished(self, number: int, outcome: TrialOutcome) -> None:
        """A job ended: how far all is stays in place."""
        self._say(self._tally.finished(number, outcome))

    def _write(self, text: str) -> None:
        self._console.print(Text(text.strip()))
        self.tick()

    def _picture(self) -> Table:
        bars = Table(box=None, pad_edge=False, show_header=False)
        for bar in self._tally.bars():
            bars.add_row(bar.label, ProgressBar(total=bar.total, completed=bar.done, width=24), bar.text)
        picture = Table.grid()
        picture.add_row(bars)
        picture.add_row(Text(self._tally.line()))
        return picture
