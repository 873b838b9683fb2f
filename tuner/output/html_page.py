"""A self-contained HTML page (no other file, no network) of a report, a check or a comparison."""

import base64
import functools
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jinja2
import plotly.graph_objects as go
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

from tuner import __version__
from tuner.output.blocks import Block, Gallery, Picture, Section, Table
from tuner.output.texts import template_text
from tuner.record_type import Record

LONG = 26  # characters from which a cell may wrap
NOTHING = "'none'"


class Page(Record):
    """The contents of a page."""

    title: str
    heading: str
    under: str  # the line under the heading
    sections: Sequence[Section]


def render(page: Page, figures: Mapping[str, go.Figure], videos: Mapping[str, bytes] | None = None) -> str:
    """The HTML of the page. Its Content-Security-Policy allows its own scripts alone, by their digests.

    Args:
        page: The contents.
        figures: Plots by the names of the page's pictures; a picture without a plot is left out.
        videos: MP4 files by their labels; a video without a file is left out.
    """
    blocks = [block for section in page.sections for block in section.blocks]
    drawn = [one.name for block in blocks for one in _pictures(block) if one.name in figures]
    keys = {name: f"figure-{place}" for place, name in enumerate(dict.fromkeys(drawn))}
    scripts = [get_plotlyjs(), template_text("page.js")] if keys else []
    return _template().render(
        page=page,
        figures=figures,
        videos=videos or {},
        keys=keys,
        scripts=scripts,
        policy=_policy(scripts),
        style=template_text("page.css"),
        version=__version__,
    )


def _pictures(block: Block) -> Iterator[Picture]:
    if isinstance(block, Picture):
        yield block
    elif isinstance(block, Gallery):
        yield from block.pictures


def _policy(scripts: Sequence[str]) -> str:
    digests = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return (
        f"default-src 'none'; script-src {digests or NOTHING}; style-src 'unsafe-inline'; img-src data: blob:; "
        "media-src data:; base-uri 'none'; form-action 'none'"
    )


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    environment.filters |= {
        "prose": _prose,
        "kind": lambda text: "empty" if not text else "long" if len(text) >= LONG else "short",
        "type": lambda block: type(block).__name__,
        "number": repr,
        "base64": lambda content: base64.b64encode(content).decode(),
        "inert": _inert,
    }
    environment.tests["long"] = _has_sentences
    return environment.from_string(template_text("page.html.j2"))


def _prose(text: str) -> Markup:
    """Escaped text, with `<code>` for backticks."""
    parts = str(escape(text)).split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts)))  # noqa: S704


def _inert(figure: Any) -> Markup:
    """A plot as JSON in which no text can close the script element around it."""
    data = figure.to_json().replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(data)  # noqa: S704


def _has_sentences(table: Table) -> bool:
    """Whether a table has long texts, so that it becomes a list of cards on a phone."""
    return any(isinstance(cell, str) and len(cell) >= LONG for row in table.rows for cell in row)
