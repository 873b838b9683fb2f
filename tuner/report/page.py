"""The report as one page that needs nothing else: no other file, no network."""

import base64
import hashlib
import html
from collections.abc import Callable, Iterator, Mapping

from plotly.offline import get_plotlyjs

from tuner.report.blocks import Block, Bullets, Cell, Code, Gallery, Picture, Reel, Section, Table, Text
from tuner.report.pictures import Pictures
from tuner.report.records import Report
from tuner.report.style import SCRIPT, STYLE

LONG = 26  # characters from which a cell may break its line


def render(report: Report, sections: list[Section], pictures: Pictures, films: Mapping[str, bytes]) -> str:
    """The page's text.

    Nothing but its own scripts runs in it, whatever the study's texts hold: they are known by their digests.
    """
    page = _Page(pictures, films)
    body = "\n".join(page.section(section) for section in sections)
    library = get_plotlyjs()
    scripts = [library, SCRIPT] if page.drawn else []
    title = f"{report.study}: {report.algorithm.upper()} in {report.environment}"
    links = "".join(f'<a href="#{section.key}">{_text(section.title)}</a>' for section in sections)
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{_text(title)}</title>'
        f"<style>{STYLE}</style>"
    )
    top = (
        f'<header><h1>{_text(report.study)}</h1><p class="under">{_text(report.algorithm.upper())} in '
        f"{_text(report.environment)}, space {_text(report.space)}; {_text(report.made)}</p><nav>{links}</nav></header>"
    )
    bottom = f"<footer>Made by tuner {_text(report.tuner)}. Everything is in this file.</footer>"
    ends = "".join(f"<script>{script}</script>" for script in scripts)
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{top}<main>\n{body}\n</main>{bottom}\n'
        f"{page.data()}{ends}</body></html>\n"
    )


def _policy(scripts: list[str]) -> str:
    digests = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return (
        f"default-src 'none'; script-src {digests or _NONE}; style-src 'unsafe-inline'; img-src data: blob:; "
        "media-src data:; base-uri 'none'; form-action 'none'"
    )


_NONE = "'none'"


class _Page:
    """Turns blocks into HTML and remembers which pictures were used."""

    def __init__(self, pictures: Pictures, films: Mapping[str, bytes]) -> None:
        self._pictures, self._films = pictures, films
        self.drawn: dict[str, str] = {}  # name of a picture: id of its data

    def section(self, section: Section) -> str:
        blocks = "\n".join(part for block in section.blocks for part in self._block(block))
        return f'<section id="{section.key}"><h2>{_text(section.title)}</h2>\n{blocks}\n</section>'

    def data(self) -> str:
        """The pictures' data, in which no text can end the element that holds it."""
        return "".join(
            f'<script type="application/json" id="{key}">{_inert(self._pictures[name].to_json() or "")}</script>\n'
            for name, key in self.drawn.items()
        )

    def _block(self, block: Block) -> Iterator[str]:
        writers: dict[type, Callable[..., Iterator[str]]] = {
            Text: _paragraph,
            Bullets: _bullets,
            Table: _table,
            Code: _code,
            Picture: self._picture,
            Gallery: self._gallery,
            Reel: self._reel,
        }
        return writers[type(block)](block)

    def _picture(self, picture: Picture) -> Iterator[str]:
        if picture.name in self._pictures:
            scrolls = ' class="scrolls"' if picture.wide else ""
            plot = f"<div{scrolls}>{self._plot(picture)}</div>"
            yield f"<figure>{plot}<figcaption>{_text(picture.caption)}</figcaption></figure>"

    def _gallery(self, gallery: Gallery) -> Iterator[str]:
        parts = [
            f"<figure><figcaption>{_text(picture.caption)}</figcaption>{self._plot(picture)}</figure>"
            for picture in gallery.pictures
            if picture.name in self._pictures
        ]
        if parts:
            yield f'<div class="gallery">{"".join(parts)}</div>'

    def _plot(self, picture: Picture) -> str:
        key = self.drawn.setdefault(picture.name, f"figure-{len(self.drawn)}")
        height = self._pictures[picture.name].layout.height
        return (
            f'<div class="plot" data-figure="{key}" style="height:{height}px" role="img" '
            f'aria-label="{_text(picture.caption)}"></div>'
        )

    def _reel(self, reel: Reel) -> Iterator[str]:
        parts = [
            f"<figure><figcaption>{_text(film.caption)}</figcaption><video controls muted playsinline loop "
            f'src="data:video/mp4;base64,{base64.b64encode(self._films[film.label]).decode()}"></video></figure>'
            for film in reel.films
            if film.label in self._films
        ]
        if parts:
            yield f'<div class="gallery">{"".join(parts)}</div>'


def _paragraph(block: Text) -> Iterator[str]:
    kind = f' class="{block.kind}"' if block.kind != "plain" else ""
    yield f"<p{kind}>{_prose(block.text)}</p>"


def _bullets(block: Bullets) -> Iterator[str]:
    yield f"<ul>{''.join(f'<li>{_prose(line)}</li>' for line in block.lines)}</ul>"


def _code(block: Code) -> Iterator[str]:
    text = f"<pre><code>{_text(block.text)}</code></pre>"
    if block.folded:
        yield f"<details><summary>{_text(block.title)}</summary>{text}</details>"
    else:
        yield (f'<p class="title">{_text(block.title)}</p>' if block.title else "") + text


def _table(block: Table) -> Iterator[str]:
    """A table that scrolls where it is too wide; one with sentences in it becomes a list of cards on a phone."""
    head = "".join(f"<th>{_text(name)}</th>" for name in block.heads)
    rows = "\n".join(f"<tr>{''.join(map(_cell, row, block.heads))}</tr>" for row in block.rows)
    long = any(isinstance(cell, str) and len(cell) >= LONG for row in block.rows for cell in row)
    cards = ' class="cards"' if long else ""
    table = f"<table{cards}><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table>"
    caption = f"<figcaption>{_text(block.caption)}</figcaption>" if block.caption else ""
    yield f'<figure><div class="wide">{table}</div>{caption}</figure>'


def _cell(cell: Cell | str, head: str) -> str:
    named = f' data-head="{_text(head)}"' if head else ""
    if isinstance(cell, Cell):
        value = "" if cell.value is None else f' data-value="{cell.value!r}"'
        return f'<td class="figure"{named}{value}>{_text(cell.text)}</td>'
    kind = "empty" if not cell else "long" if len(cell) >= LONG else "short"
    return f'<td class="{kind}"{named}>{_prose(cell)}</td>'


def _inert(data: str) -> str:
    return data.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _text(text: str) -> str:
    return html.escape(text, quote=True)


def _prose(text: str) -> str:
    """Escaped, with what stands between backticks as code."""
    parts = _text(text).split("`")
    if len(parts) % 2 == 0:
        return "`".join(parts)
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
