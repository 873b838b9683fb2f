"""The command line's notifier: sentences and progress on standard error."""

from contextlib import AbstractContextManager

from tuner.app.events import Event
from tuner.app.notify import Work
from tuner.app.tallies import tally_of
from tuner.cli.render.live_board import on_terminal
from tuner.cli.render.progress import LiveProgress, ProgressLines
from tuner.cli.render.words import words
from tuner.cli.standard_files import say
from tuner.coordinator import Listener


class TerminalNotifier:
    """Prints events; progress is live on a terminal, and one line per event elsewhere."""

    def notify(self, event: Event) -> None:
        for line in words(event):
            say(line, "yellow" if line.startswith("Warning:") else "")

    def progress(self, work: Work) -> AbstractContextManager[Listener]:
        tally = tally_of(work)
        return LiveProgress(tally) if on_terminal() else ProgressLines(tally)
