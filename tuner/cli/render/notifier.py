"""The command line's notifier: sentences and progress on standard error."""

import contextlib
from contextlib import AbstractContextManager

from tuner.app.events import Event
from tuner.app.notify import ComparisonUnderWay, ConfirmationUnderWay, TrainingUnderWay, TrialsUnderWay, Work
from tuner.cli.render.compare_tables import ComparisonLines
from tuner.cli.render.confirm_tables import ConfirmationLines
from tuner.cli.render.progress import trials_progress
from tuner.cli.render.training_progress import training_progress
from tuner.cli.render.words import say, words
from tuner.coordinator import Listener


class TerminalNotifier:
    """Says what happens; progress stays in place on a terminal and is a line an event elsewhere."""

    def notify(self, event: Event) -> None:
        """Something happened."""
        for line in words(event):
            say(line)

    def progress(self, work: Work) -> AbstractContextManager[Listener]:
        """Jobs begin."""
        match work:
            case TrialsUnderWay():
                return trials_progress(work)
            case TrainingUnderWay():
                return training_progress(work)
            case ConfirmationUnderWay():
                return contextlib.nullcontext(ConfirmationLines(work))
            case ComparisonUnderWay():
                return contextlib.nullcontext(ComparisonLines(work))
        raise TypeError(f"there is no progress of {type(work).__name__}")
