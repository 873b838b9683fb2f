"""Progress on standard error: live on a terminal, one line per event elsewhere."""

import sys
import time
from typing import Self

from tuner.app.tallies import Tally
from tuner.cli.render.live_board import LiveBoard
from tuner.cli.visible import visible
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
        sys.stderr.write(visible(text))
        sys.stderr.flush()


class LiveProgress(ProgressLines):
    """Progress on a board; finished jobs scroll above it."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(tally)
        self._board = LiveBoard()

    def __enter__(self) -> Self:
        self._board.__enter__()
        self.tick()
        return self

    def __exit__(self, *_: object) -> None:
        self._board.draw(self._tally.line())  # what stays
        self._board.__exit__()

    def evaluated(self, number: int, evaluation: Evaluation, decision: Decision) -> None:  # noqa: ARG002
        """A job reached a checkpoint: its bar shows it."""
        self._tally.evaluated(number, evaluation)
        self.tick()

    def tick(self) -> None:
        self._board.draw(self._tally.line(), self._tally.bars(), self._tally.leader())

    def finished(self, number: int, outcome: TrialOutcome) -> None:
        """A job ended: how far all is stays in place."""
        self._say(self._tally.finished(number, outcome))

    def _write(self, text: str) -> None:
        self._board.say(text.strip())
        self.tick()
