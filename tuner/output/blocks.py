"""What a section is made of, whatever it is written as."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A figure as people read it, with the value that it stands for."""

    text: str
    value: float | None = None
    verdict: str = ""  # ok, warning, wrong: coloured so


@dataclass(frozen=True, kw_only=True)
class Text:
    """A paragraph."""

    text: str
    kind: Literal["plain", "lead", "note", "warning"] = "plain"


@dataclass(frozen=True, kw_only=True)
class Bullets:
    """A list."""

    lines: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of cells."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One of the report's pictures, by its name."""

    name: str
    caption: str
    wide: bool = False  # keeps its width on a narrow screen, and scrolls


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """Pictures side by side, as many as there is room for."""

    pictures: Sequence[Picture]


@dataclass(frozen=True, kw_only=True)
class Code:
    """Text to be copied as it is."""

    text: str
    title: str = ""
    folded: bool = False


@dataclass(frozen=True, kw_only=True)
class Video:
    """One of the report's films, by its label."""

    label: str
    caption: str


@dataclass(frozen=True, kw_only=True)
class Reel:
    """Films side by side."""

    films: Sequence[Video]


Block = Text | Bullets | Table | Picture | Gallery | Code | Reel


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading and what stands under it."""

    key: str
    title: str
    blocks: Sequence[Block]
