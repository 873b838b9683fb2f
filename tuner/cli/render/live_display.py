"""A display that stays in place on a terminal, whatever it shows."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text


class LiveDisplay:
    """Draws its picture anew whenever time passes; lines that are written scroll above it."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._live = Live(self._picture(), console=self._console, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def tick(self) -> None:
        """Time passed."""
        self._live.update(self._picture(), refresh=True)

    def _write(self, text: str) -> None:
        self._console.print(Text(text))
        self.tick()

    def _picture(self) -> Table:
        raise NotImplementedError
