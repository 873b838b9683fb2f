"""A comparison as one HTML page that needs nothing else."""

import html
from collections.abc import Callable, Iterable
from pathlib import Path

from tuner.comparison.chart import Axis, Curve, draw, make_axis
from tuner.comparison.measures import Measures, measure, seconds, value, words
from tuner.comparison.records import Comparison, Point
from tuner.writing import refuse_no_page, write_whole

STYLE = """
:root { color-scheme: light dark; --line: #8884; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 84rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin-top: 2rem; }
div.wide { overflow-x: auto; } div.charts { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { flex: 1 1 30rem; margin: 0; } figcaption { font-weight: 600; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--line); }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.legend span { margin-right: 1.4rem; white-space: nowrap; } .legend svg { width: 2.6rem; height: .8rem; }
svg.chart { width: 100%; } svg text { font-size: 11px; fill: currentColor; }
.grid { stroke: var(--line); } .curve { fill: none; stroke-width: 2; }
.ppo { stroke: #3b82c4; } .a2c { stroke: #d97706; stroke-dasharray: 7 3; } .sac { stroke: #16a34a; }
.td3 { stroke: #a855f7; stroke-dasharray: 2 3; } .dqn { stroke: #dc2626; }
.dot { stroke-dasharray: none; fill: Canvas; stroke-width: 1.5; }
"""
COLUMNS = (
    "algorithm",
    "steps to 50\u00a0%",
    "time to 50\u00a0%",
    "final",
    "lowest … highest",
    "steps made",
    "steps/s",
    "arguments",
)


def check_target(path: Path) -> None:
    """Refuses a path that no page can be written to.

    Raises:
        UsageProblem: naming the path and the rule.
    """
    refuse_no_page(path, "compare.html")


def write(comparison: Comparison, path: Path) -> None:
    """Writes the page, whole or not at all.

    Raises:
        ExportFailed: where it cannot be written.
    """
    write_whole(path, render(comparison).encode(), "--html")


def render(comparison: Comparison) -> str:
    """The page's text."""
    title = _text(f"{', '.join(arm.algorithm for arm in comparison.arms)} in {comparison.environment}")
    seeds = f"{comparison.seeds} seed{'s' * (comparison.seeds > 1)}"
    made = (
        f"{comparison.minutes:g} minutes of training a run, {seeds} each, {comparison.goals} episodes an evaluation; "
        "evaluations are not on the clock."
    )
    rows = (_row(comparison, arm.algorithm, arm.source) for arm in comparison.arms)
    parts = [
        f"<h1>{title}</h1>",
        f"<p>{made}</p>",
        f"<ul>{''.join(f'<li>{_text(line)}</li>' for line in words(comparison))}</ul>",
        _legend(comparison),
        f'<div class="charts">{_by_steps(comparison)}{_by_time(comparison)}</div>',
        "<h2>Figures</h2>",
        _table(COLUMNS, rows),
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}<style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n'
    )


def cells(comparison: Comparison, row: Measures) -> tuple[str, ...]:
    """An algorithm's figures as text, in the order of `COLUMNS`, its arguments left out."""
    told, count = comparison.told, len(comparison.of(row.algorithm))
    share = f" ({row.reached} of {count})" if row.reached < count and row.reached else ""
    ends = f"{_worth(row.lowest, told=told)} … {_worth(row.highest, told=told)}" if row.done > 1 else "-"
    return (
        row.algorithm,
        "-" if row.steps_to_half is None else f"{row.steps_to_half:,.0f}{share}",
        "-" if row.seconds_to_half is None else f"{seconds(row.seconds_to_half)}{share}",
        _worth(row.final, told=told),
        ends,
        "-" if row.steps is None else f"{row.steps:,.0f}",
        "-" if row.steps_per_second is None else f"{row.steps_per_second:,.0f}",
    )


def _row(comparison: Comparison, algorithm: str, source: str) -> str:
    first, *rest = cells(comparison, measure(comparison, algorithm))
    numbers = "".join(f'<td class="number">{_text(cell)}</td>' for cell in rest)
    return f"<td>{_text(first)}</td>{numbers}<td>{_text(source)}</td>"


def _by_steps(comparison: Comparison) -> str:
    steps = [float(point.step) for run in comparison.runs for point in run.points]
    across = make_axis("environment steps, on a logarithmic scale", steps, log=True, say=lambda step: f"{step:,.0f}")
    return _figure("Against steps: who needs the fewest samples", comparison, across, lambda point: float(point.step))


def _by_time(comparison: Comparison) -> str:
    minutes = [point.seconds / 60 for run in comparison.runs for point in run.points]
    across = make_axis("minutes of training", minutes, say=lambda minute: f"{minute:g}")
    return _figure("Against time: who is there first", comparison, across, lambda point: point.seconds / 60)


def _figure(caption: str, comparison: Comparison, across: Axis, place: Callable[[Point], float]) -> str:
    told = comparison.told
    curves = [
        Curve(style=run.algorithm, points=tuple((place(point), value(point, told=told)) for point in run.points))
        for run in comparison.runs
        if run.points
    ]
    if not curves:
        return ""
    values = [y for curve in curves for _, y in curve.points]
    title, ends = ("success", [*values, 1.0]) if told else ("mean return", values)
    up = make_axis(title, ends, say=lambda y: _worth(y, told=told))
    return f"<figure><figcaption>{_text(caption)}</figcaption>{draw(curves, across, up)}</figure>"


def _legend(comparison: Comparison) -> str:
    def entry(algorithm: str) -> str:
        line = f'<svg viewBox="0 0 40 10"><line class="curve {algorithm}" x1="0" x2="40" y1="5" y2="5"/></svg>'
        return f"<span>{line} {_text(algorithm)}</span>"

    return f'<p class="legend">{"".join(entry(arm.algorithm) for arm in comparison.arms)} a line a seed</p>'


def _worth(value: float | None, *, told: bool) -> str:
    if value is None:
        return "-"
    return f"{value:.0%}" if told else f"{value:.4g}"


def _table(heads: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in heads)
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


def _text(value: str) -> str:
    return html.escape(value)
