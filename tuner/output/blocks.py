"""What a section is made of, whatever it is written as."""

from collections.abc import Sequence
from typing import Literal

from tuner.record_type import Record


class Cell(Record):
    """A figure as people read it, with the value that it stands for."""

    text: str
    value: float | None = None
    verdict: str = ""  # ok, warning, wrong: coloured so


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
    """One of the report's pictures, by its name."""

    name: str
    caption: str
    wide: bool = False  # keeps its width on a narrow screen, and scrolls


class Gallery(Record):
    """Pictures side by side, as many as there is room for."""

    pictures: Sequence[Picture]


class Code(Record):
    """Text to be copied as it is."""

    text: str
    title: str = ""
    folded: bool = False


class VideoBlock(Record):
    """One of the report's videos, by its label."""

    label: str
    caption: str


class Reel(Record):
    """Videos side by side."""

    videos: Sequence[VideoBlock]


Block = Text | Bullets | Table | Picture | Gallery | Code | Reel


class Section(Record):
    """A heading and what stands under it."""

    key: str
    title: str
    blocks: Sequence[Block]
