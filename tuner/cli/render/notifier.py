"""The command line's notifier: sentences, progress and what is waited for, on standard error."""

import contextlib
from collections.abc import Iterator
from typing import Self

from tuner.app import events, service_events
from tuner.app.events import Event
from tuner.app.notify import Work
from tuner.app.tallies import tally_of
from tuner.cli.render.live_board import Waiting, on_terminal
from tuner.cli.render.progress import LiveProgress, ProgressLines
from tuner.cli.render.words import words
from tuner.cli.standard_files import say
from tuner.coordinator import Listener

QUEUE = "waiting for submissions"
WAITING: dict[type[Event], str] = {  # what comes after an event, where it is not plain work
    events.EnvironmentLook: "checking the environment",
    events.SpeedMeasured: "measuring",
    events.CheckAnnounced: "checking",
    events.RunEstimated: "starting the workers",
    events.ConfirmationEstimated: "starting the workers",
    events.ComparisonEstimated: "starting the workers",
    events.TrainingAnnounced: "starting the workers",
    events.PlayAnnounced: "playing",
    events.RecordingBegan: "recording",
    service_events.ServiceBegan: QUEUE,
    service_events.SubmissionWaits: QUEUE,
    service_events.SubmissionEnded: QUEUE,
}


class TerminalNotifier:
    """Prints events; on a terminal progress is a board, and what is waited for a line, elsewhere progress is lines."""

    def __init__(self) -> None:
        self._waiting = Waiting()

    def __enter__(self) -> Self:
        self._waiting.begin("starting")
        return self

    def __exit__(self, *_: object) -> None:
        self.rest()

    def rest(self) -> None:
        """Takes what is waited for from the terminal, before results are printed."""
        self._waiting.end()

    def notify(self, event: Event) -> None:
        self.rest()
        for line in words(event):
            say(line, "yellow" if line.startswith("Warning:") else "")
        self._waiting.begin(WAITING.get(type(event), "working"))

    @contextlib.contextmanager
    def progress(self, work: Work) -> Iterator[Listener]:
        self.rest()
        tally = tally_of(work)
        with LiveProgress(tally) if on_terminal() else ProgressLines(tally) as listener:
            yield listener
        self._waiting.begin("finishing")
