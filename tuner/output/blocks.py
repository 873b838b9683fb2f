"""Building blocks of a section, the same for HTML and Markdown."""

from collections.abc import Sequence
from typing import Literal

from tuner.record_type import Record


class Cell(Record):
    """A figure as text, with its exact value."""

    text: str
    value: float | None = None
    verdict: str = ""  # ok, warning or wrong, which colours the cell


class Text(Record):
    """A paragraph."""

    text: str
    kind: Literal["plain", "lead", "note", "warning"] = "plain"


class Bullets(Record):
    """A list."""

    lines: Sequence[str]


class Table(Record):
    """Rows of cells."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    caption: str = ""


class Picture(Record):
    """One of the page's plots, by its name."""

    name: str
    caption: str
    wide: bool = False  # whether it scrolls on a narrow screen instead of shrinking


class Gallery(Record):
    """Plots in a row, as many as fit."""

    pictures: Sequence[Picture]


class Code(Record):
    """Text to be copied, such as commands."""

    text: str
    title: str = ""
    folded: bool = False


class VideoBlock(Record):
    """One of the report's videos, by its label."""

    label: str
    caption: str


class Reel(Record):
    """Videos in a row, as many as fit."""

    videos: Sequence[VideoBlock]


Block = Text | Bullets | Table | Picture | Gallery | Code | Reel


class Section(Record):
    """A heading and the blocks under it."""

    key: str
    title: str
    blocks: Sequence[Block]
