"""A check as one HTML page that needs nothing else."""

import html
from collections.abc import Iterable
from pathlib import Path

from tuner.checking.records import PolicyRow, Report, TermRow
from tuner.checking.rewards import RETURN
from tuner.writing import refuse_no_page, write_whole

STYLE = """
:root { color-scheme: light dark; --ok: #1a7f37; --warning: #9a6700; --wrong: #cf222e; --line: #8884; --mark: #3b82c4; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin-top: 2rem; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.verdict { font-weight: 600; white-space: nowrap; }
.ok { color: var(--ok); } .warning { color: var(--warning); } .wrong { color: var(--wrong); }
.cure { display: block; opacity: .8; }
svg { width: 12rem; max-width: 100%; height: 1.4rem; } svg text { font-size: 9px; fill: currentColor; }
.bar { fill: var(--mark); } .range { stroke: var(--mark); stroke-width: 2; } .zero { stroke: var(--line); }
"""

NOTHING = 1e-3
COLUMNS = ("policy", "episodes", "success", "return", "lowest … highest", "steps", "time-outs", "distance")


def check_target(path: Path) -> None:
    """Refuses a path that no page can be written to.

    Raises:
        UsageProblem: naming the path and the rule.
    """
    refuse_no_page(path, "check.html")


def write(report: Report, path: Path) -> None:
    """Writes the page, whole or not at all.

    Raises:
        ExportFailed: where it cannot be written.
    """
    write_whole(path, render(report).encode(), "--html")


def render(report: Report) -> str:
    """The page's text."""
    counts = ", ".join(f"{len(report.of(verdict))} {verdict}" for verdict in ("wrong", "warning", "ok"))
    verdict = f'<span class="verdict {report.verdict}">{report.verdict}</span>'
    looked = f"Looked at for {report.seconds:.1f} s, episodes from seed {report.first_seed} on; nothing was trained."
    parts = [
        f"<h1>{_text(report.environment)}</h1>",
        f"<p>{verdict}: {counts}. {looked}</p>",
        "<h2>Verdicts</h2>",
        _table(("", "question", "finding and cure"), _verdicts(report)),
    ]
    if report.policies:
        parts += ["<h2>Policies</h2>", _table((*COLUMNS, "returns"), _policies(report.policies))]
    if report.terms:
        parts += ["<h2>Reward terms</h2>", _table(("policy", "term", "an episode", "share"), _terms(report.terms))]
    title = _text(f"Check of {report.environment}")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}<style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n'
    )


def _verdicts(report: Report) -> Iterable[str]:
    for line in report.lines:
        cure = f'<span class="cure">{_text(line.cure)}</span>' if line.cure else ""
        yield (
            f'<td class="verdict {line.verdict}">{line.verdict}</td><td>{_text(line.name)}</td>'
            f"<td>{_text(line.finding)}{cure}</td>"
        )


def _policies(rows: Iterable[PolicyRow]) -> Iterable[str]:
    rows = list(rows)
    reach = max([RETURN, *(abs(end) for row in rows for end in (row.lowest, row.highest) if end is not None)])
    for row in rows:
        yield "".join([*_cells(cells(row)), f"<td>{_range(row, reach)}</td>"])


def _cells(values: Iterable[str]) -> Iterable[str]:
    for index, value in enumerate(values):
        yield f"<td>{_text(value)}</td>" if index == 0 else f'<td class="number">{_text(value)}</td>'


def cells(row: PolicyRow) -> tuple[str, ...]:
    """A policy's figures as text, in the order of `COLUMNS`."""
    ends = "-" if row.lowest is None or row.highest is None else f"{shown(row.lowest):.4g} … {shown(row.highest):.4g}"
    distances = [_figure(row.start_distance, ".3g"), _figure(row.distance, ".3g")]
    spread = f" ± {shown(row.deviation):.3g}" if row.deviation is not None else ""
    return (
        row.policy,
        str(row.episodes),
        _figure(row.success, ".0%"),
        _figure(row.mean_return, ".4g") + spread,
        ends,
        _figure(row.length, ".1f"),
        _figure(row.timeouts, ".0%"),
        "-" if distances == ["-", "-"] else " → ".join(distances),
    )


def _terms(rows: Iterable[TermRow]) -> Iterable[str]:
    for row in rows:
        bar = (
            f'<svg viewBox="0 0 200 16"><rect class="bar" x="0" y="3" height="10" width="{200 * row.share:.1f}"/></svg>'
        )
        yield (
            f"<td>{_text(row.policy)}</td><td>{_text(row.term)}</td>"
            f'<td class="number">{shown(row.per_episode):.3g}</td><td>{bar} {row.share:.0%}</td>'
        )


def _range(row: PolicyRow, reach: float) -> str:
    """The returns on an axis from -reach to reach: lowest to highest, the mean as a mark."""
    if row.lowest is None or row.highest is None or row.mean_return is None:
        return ""
    low, high, mean = (100 + 95 * value / reach for value in (row.lowest, row.highest, row.mean_return))
    return (
        '<svg viewBox="0 0 200 16"><line class="zero" x1="100" x2="100" y1="0" y2="16"/>'
        f'<line class="range" x1="{low:.1f}" x2="{high:.1f}" y1="8" y2="8"/>'
        f'<circle class="bar" cx="{mean:.1f}" cy="8" r="3.5"/>'
        f'<text x="0" y="15">{-reach:.3g}</text><text x="200" y="15" text-anchor="end">{reach:.3g}</text></svg>'
    )


def _table(heads: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in heads)
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else format(shown(value), form)


def shown(value: float) -> float:
    """Nothing where it is next to nothing: the rounding of a return at rest."""
    return 0.0 if abs(value) < NOTHING else value


def _text(value: str) -> str:
    return html.escape(value)
