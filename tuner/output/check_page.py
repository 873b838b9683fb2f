"""The report of `tuner check` as an HTML page."""

from collections.abc import Iterator

import plotly.graph_objects as go

from tuner.checking.check_report import CheckReport, PolicyRow
from tuner.output.blocks import Cell, Picture, Section, Table
from tuner.output.html_page import Page
from tuner.output.html_page import render as render_page
from tuner.output.palette import INK, TUNED, styled

COLUMNS = ("policy", "episodes", "success", "return", "lowest … highest", "steps", "time-outs", "distance")
NOTHING = 1e-3

Rows = list[list[Cell | str]]


def render(report: CheckReport) -> str:
    """The HTML of the page."""
    counts = ", ".join(f"{len(report.of(verdict))} {verdict}" for verdict in ("wrong", "warning", "ok"))
    looked = f"Checked for {report.seconds:.1f} s without training, episodes from seed {report.first_seed} on."
    page = Page(
        title=f"Check of {report.environment}",
        heading=report.environment,
        under=f"{report.verdict}: {counts}. {looked}",
        sections=tuple(_sections(report)),
    )
    return render_page(page, {"returns": _returns(report), "terms": _terms(report)})


def _sections(report: CheckReport) -> Iterator[Section]:
    rows: Rows = [
        [
            Cell(text=line.verdict, verdict=line.verdict),
            line.name,
            " → ".join(filter(None, (line.finding, line.suggestion))),
        ]
        for line in report.lines
    ]
    verdicts = Table(heads=("", "question", "finding and suggestion"), rows=rows)
    yield Section(key="verdicts", title="Verdicts", blocks=(verdicts,))
    if report.policies:
        figures: Rows = [[row.policy, *map(_cell, cells(row)[1:])] for row in report.policies]
        table = Table(heads=COLUMNS, rows=figures)
        picture = Picture(name="returns", caption="Mean return; the bar spans the lowest to the highest episode.")
        yield Section(key="policies", title="Policies", blocks=(table, picture))
    if report.terms:
        heads = ("policy", "term", "an episode", "share")
        terms: Rows = [
            [row.policy, row.term, _cell(f"{shown(row.per_episode):.3g}"), _cell(f"{row.share:.0%}")]
            for row in report.terms
        ]
        picture = Picture(name="terms", caption="Share of each term in the mean absolute reward of a step.")
        yield Section(key="terms", title="Reward terms", blocks=(Table(heads=heads, rows=terms), picture))


def _cell(text: str) -> Cell:
    return Cell(text=text)


def _returns(report: CheckReport) -> go.Figure:
    rows = [row for row in reversed(report.policies) if row.mean_return is not None]
    means = [shown(row.mean_return or 0.0) for row in rows]
    spread = {
        "type": "data",
        "symmetric": False,
        "array": [(row.highest or 0.0) - mean for row, mean in zip(rows, means, strict=True)],
        "arrayminus": [mean - (row.lowest or 0.0) for row, mean in zip(rows, means, strict=True)],
        "color": INK,
    }
    marker = {"size": 11, "color": TUNED}
    names = [row.policy for row in rows]
    figure = go.Figure(go.Scatter(x=means, y=names, mode="markers", marker=marker, error_x=spread))
    return styled(figure, 90 + 40 * len(rows), xaxis={"title": {"text": "return of an episode"}}, showlegend=False)


def _terms(report: CheckReport) -> go.Figure:
    figure = go.Figure()
    for term in dict.fromkeys(row.term for row in report.terms):
        own = [row for row in report.terms if row.term == term]
        figure.add_bar(x=[row.share for row in own], y=[row.policy for row in own], name=term, orientation="h")
    across = {"title": {"text": "share"}, "tickformat": ".0%", "range": [0, 1]}
    policies = len({row.policy for row in report.terms})
    return styled(figure, 110 + 40 * policies, xaxis=across, barmode="stack", showlegend=True)


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


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else format(shown(value), form)


def shown(value: float) -> float:
    """The value, 0 if it is so small that it is rounding."""
    return 0.0 if abs(value) < NOTHING else value
