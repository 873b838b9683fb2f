"""Notebook output: progress bars, studies as tables, inline videos."""

import base64
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Self

from markupsafe import Markup

from tuner.app.bar import Bar
from tuner.app.events import Event
from tuner.app.notify import Notifier, SilentNotifier, Work
from tuner.app.tallies import Tally, tally_of
from tuner.coordinator import Listener
from tuner.errors import UsageProblem
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this code."""
    shell = sys.modules.get("IPython")
    kinds = () if shell is None else type(shell.get_ipython()).__mro__  # Colab's is one of its own
    return any(kind.__name__ == "ZMQInteractiveShell" for kind in kinds)


def default_notifier(notifier: Notifier | None) -> Notifier:
    """The given notifier; else progress bars in a notebook, silence elsewhere.

    Raises:
        UsageProblem: the object lacks the methods of a notifier.
    """
    if notifier is not None:
        if not callable(getattr(notifier, "notify", None)) or not callable(getattr(notifier, "progress", None)):
            raise UsageProblem(f"notifier {notifier!r}: must have the methods notify and progress")
        return notifier
    return NotebookNotifier() if in_notebook() else SilentNotifier()


class NotebookNotifier:
    """Draws progress below the cell."""

    def notify(self, event: Event) -> None:
        """Ignored: results are shown where they are returned."""

    def progress(self, work: Work) -> AbstractContextManager[Listener]:
        return NotebookProgress(tally_of(work))


class NotebookProgress:
    """Progress bars, redrawn while jobs run."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._drawn = ""
        self._handle: Any = None

    def __enter__(self) -> Self:
        from IPython import display

        self._handle = display.display(display.HTML(""), display_id=True)  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *_: object) -> None:
        self._draw()

    def started(self, job: TrialJob) -> None:
        self._tally.started(job)
        self._draw()

    def evaluated(self, number: int, evaluation: Evaluation, decision: Decision) -> None:  # noqa: ARG002
        self._tally.evaluated(number, evaluation)
        self._draw()

    def finished(self, number: int, outcome: TrialOutcome) -> None:
        self._tally.finished(number, outcome)
        self._draw()

    def tick(self) -> None:
        """Time passed."""

    def _draw(self) -> None:
        from IPython import display

        text = bars(self._tally.bars(), self._tally.line())
        if text != self._drawn:
            self._drawn = text
            self._handle.update(display.HTML(text))  # type: ignore[no-untyped-call]


def bars(drawn: Sequence[Bar], line: str) -> str:
    """Bars as HTML, with a line under them."""
    meters = [
        Markup('<progress value="{}" max="{}" style="width:16em"></progress>').format(b.done, b.total) for b in drawn
    ]
    return table([], [[bar.label, meter, bar.text] for bar, meter in zip(drawn, meters, strict=True)]) + lines(line)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as HTML."""
    cell = Markup('<td style="text-align:left;padding:2px 12px 2px 0">{}</td>')
    body = [Markup("<tr>{}</tr>").format(Markup("").join(cell.format(one) for one in row)) for row in (heads, *rows)]
    return str(Markup("<table>{}</table>").format(Markup("").join(body)))


def lines(*texts: str) -> str:
    """Lines as HTML."""
    return str(Markup("").join(Markup("<div>{}</div>").format(text) for text in texts))


def video(content: bytes) -> str:
    """An MP4 as HTML that needs no other file."""
    data = base64.b64encode(content).decode()
    return f'<video controls loop muted style="max-width:100%" src="data:video/mp4;base64,{data}"></video>'
