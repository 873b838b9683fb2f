"""The results of `tuner compare` as an HTML page."""

from collections.abc import Callable, Iterator
from typing import Any

import plotly.graph_objects as go

from tuner.comparison.comparison_records import Comparison, Measures, Point, findings, measure, seconds, value
from tuner.output.blocks import Block, Bullets, Cell, Picture, Section, Table
from tuner.output.html_page import Page
from tuner.output.html_page import render as render_page
from tuner.output.palette import styled

LINES = {  # distinguishable without colours too
    "ppo": {"color": "#3b82c4"},
    "a2c": {"color": "#d97706", "dash": "dash"},
    "sac": {"color": "#16a34a"},
    "td3": {"color": "#a855f7", "dash": "dot"},
    "dqn": {"color": "#dc2626"},
}
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


def render(comparison: Comparison) -> str:
    """The HTML of the page."""
    title = f"{', '.join(arm.algorithm for arm in comparison.arms)} in {comparison.environment}"
    page = Page(
        title=title,
        heading=title,
        under=(
            f"{comparison.minutes:g} minutes of training per run, {comparison.seeds} "
            f"seed{'s' * (comparison.seeds > 1)} each, {comparison.goals} episodes per evaluation; the time of "
            "evaluations is not counted."
        ),
        sections=tuple(_sections(comparison)),
    )
    return render_page(page, {"steps": _by_steps(comparison), "time": _by_time(comparison)})


def _sections(comparison: Comparison) -> Iterator[Section]:
    curves: list[Block] = [Bullets(lines=tuple(findings(comparison)))]
    if any(run.points for run in comparison.runs):
        curves += [
            Picture(name="steps", caption="Against steps: sample efficiency; one line per seed."),
            Picture(name="time", caption="Against time: training speed; one line per seed."),
        ]
    yield Section(key="curves", title="Learning curves", blocks=curves)
    rows = [_row(comparison, arm.algorithm, arm.source) for arm in comparison.arms]
    yield Section(key="figures", title="Figures", blocks=(Table(heads=COLUMNS, rows=rows),))


def cells(comparison: Comparison, row: Measures) -> tuple[str, ...]:
    """An algorithm's figures as text, in the order of `COLUMNS`, its arguments left out."""
    success, count = comparison.has_success, len(comparison.of(row.algorithm))
    share = f" ({row.reached} of {count})" if row.reached < count and row.reached else ""
    ends = (
        f"{_worth(row.lowest, has_success=success)} … {_worth(row.highest, has_success=success)}"
        if row.done > 1
        else "-"
    )
    return (
        row.algorithm,
        "-" if row.steps_to_half is None else f"{row.steps_to_half:,.0f}{share}",
        "-" if row.seconds_to_half is None else f"{seconds(row.seconds_to_half)}{share}",
        _worth(row.final, has_success=success),
        ends,
        "-" if row.steps is None else f"{row.steps:,.0f}",
        "-" if row.steps_per_second is None else f"{row.steps_per_second:,.0f}",
    )


def _row(comparison: Comparison, algorithm: str, source: str) -> list[Cell | str]:
    first, *rest = cells(comparison, measure(comparison, algorithm))
    return [first, *(Cell(text=cell) for cell in rest), source]


def _by_steps(comparison: Comparison) -> go.Figure:
    across = {"title": {"text": "environment steps"}, "type": "log"}
    return _curves(comparison, across, lambda point: point.step)


def _by_time(comparison: Comparison) -> go.Figure:
    across = {"title": {"text": "minutes of training"}, "rangemode": "tozero"}
    return _curves(comparison, across, lambda point: point.seconds / 60)


def _curves(comparison: Comparison, across: dict[str, Any], place: Callable[[Point], float]) -> go.Figure:
    success, seen, figure = comparison.has_success, set[str](), go.Figure()
    for run in comparison.runs:
        figure.add_scatter(
            x=[place(point) for point in run.points],
            y=[value(point, has_success=success) for point in run.points],
            name=run.algorithm,
            legendgroup=run.algorithm,
            showlegend=run.algorithm not in seen,
            mode="lines+markers",
            line=LINES[run.algorithm],
        )
        seen.add(run.algorithm)
    up = {"title": {"text": "success"}, "tickformat": ".0%", "range": [-0.03, 1.03]}
    return styled(
        figure, 380, xaxis=across, yaxis=up if success else {"title": {"text": "mean return"}}, showlegend=True
    )


def _worth(value: float | None, *, has_success: bool) -> str:
    if value is None:
        return "-"
    return f"{value:.0%}" if has_success else f"{value:.4g}"
