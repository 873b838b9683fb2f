"""A console whose own control sequences reach the terminal, and none of what it is given to print."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment

from tuner.cli.visible import visible


class VisibleConsole(Console):
    """Rich's console, with control characters in texts made visible."""

    def render(self, *arguments: Any, **named: Any) -> Iterable[Segment]:
        """The segments of what is printed; those with control codes are Rich's own."""
        for part in super().render(*arguments, **named):
            yield part if part.control else Segment(visible(part.text), part.style)
