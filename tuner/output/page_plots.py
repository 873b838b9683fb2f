"""The plots that the dashboard shows of a study beside its own, in the order in which they are read."""

from collections.abc import Iterator, Sequence
from typing import Any

import plotly.graph_objects as go

from tuner.output import plots
from tuner.output.palette import SOFT, STATES, TUNED, colours, faded, styled
from tuner.results.report_data import StudyReport
from tuner.statistics.answer_records import Measure
from tuner.study.rows import Configuration, Row, baselines

HEIGHT = 450  # px, that of the page's cards
MOST_CURVES = 150  # the last trials, beside the leader's and the baselines'
MOST_CONFIGURATIONS = 6


def page_plots(report: StudyReport, rows: Sequence[Row], found: Sequence[Configuration]) -> Iterator[tuple[str, str]]:
    """The plots as JSON, by their ids.

    Args:
        report: The study's report.
        rows: Its trials.
        found: Its configurations, the leader first.
    """
    measure = report.measure
    if curves := _curves(rows, found, measure):
        yield "tuner-1-curves", _json(curves, f"{_capital(measure)} during training, by outcome")
    if report.confirmed is not None and report.confirmed.arms:
        yield "tuner-2-arms", _json(plots.arms(report.confirmed.arms, measure), "Confirmation: a dot per test seed")
    elif found:
        yield "tuner-2-seeds", _json(_seeds(found, measure), "Configurations: a dot per training seed")
    if any(trial.steps for trial in report.trials):
        saved = report.pruning.share_saved or 0.0
        title = f"Where trials ended: pruning saved {saved:.0%} of the steps"
        yield "tuner-3-pruning", _json(plots.ends(report.trials, report.pruning.full_steps), title)
    if any(trial.value is not None and trial.seconds is not None for trial in report.trials):
        yield "tuner-4-seconds", _json(plots.seconds(report), f"{_capital(report.scored)} against seconds of a trial")


def arms_plots(report: StudyReport) -> Iterator[tuple[str, str]]:
    """The plots of a confirmation."""
    if report.confirmed is not None and report.confirmed.arms:
        yield "tuner-1-arms", _json(plots.arms(report.confirmed.arms, report.measure), "A dot per test seed")
    if report.curves and report.curves_of == "confirmation":
        yield "tuner-2-curves", _json(plots.curves(report.curves, report.measure), "Median and quartiles of test seeds")


def _json(figure: go.Figure, title: str) -> str:
    figure.update_layout(title={"text": title, "x": 0.02, "y": 0.97, "font": {"size": 16}}, height=HEIGHT)
    figure.update_layout(margin={"t": 84}, legend={"y": 1.01})
    return str(figure.to_json())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _curves(rows: Sequence[Row], found: Sequence[Configuration], measure: Measure) -> go.Figure | None:
    """A line per trial: pruned ones grey, complete ones in colour, the leader's and the baselines' above them."""
    leads = [found[0].first] if found else []
    named = {row.number: row for row in (*leads, *baselines(rows))}
    others = [row for row in rows if row.finished and row.number not in named][-MOST_CURVES:]
    figure, colour = go.Figure(), colours([row.label for row in named.values()])
    for state, name in (("pruned", "pruned"), ("complete", "complete")):
        line = {"width": 1.2, "color": faded(STATES[state] if state == "complete" else SOFT, 0.45)}
        _lines(figure, [row for row in others if row.state == state], measure, name=name, line=line)
    for row in named.values():
        title = f"{row.label} (leader)" if row in leads else row.label
        _lines(figure, [row], measure, name=title, line={"width": 3, "color": colour[row.label]})
    across = {"title": {"text": "environment steps"}, "rangemode": "tozero", "nticks": 6}
    return styled(figure, HEIGHT, xaxis=across, yaxis=_axis(measure), showlegend=True) if figure.data else None


def _lines(figure: go.Figure, rows: Sequence[Row], measure: Measure, **look: Any) -> None:
    """One trace with a line for each of the trials that recorded a curve."""
    across: list[int | None] = []
    up: list[float | None] = []
    text: list[str] = []
    for row in rows:
        points = [point for point in row.attributes.get("curve", []) if point.get(measure) is not None]
        across += [*(point["step"] for point in points), None]
        up += [*(point[measure] for point in points), None]
        text += [f"trial {row.number}"] * (len(points) + 1)
    if any(value is not None for value in up):
        hover = "%{text}: %{y} at %{x:,} steps<extra></extra>"
        figure.add_scatter(x=across, y=up, text=text, mode="lines", hovertemplate=hover, **look)


def _seeds(found: Sequence[Configuration], measure: Measure) -> go.Figure:
    """A row per configuration: a dot per training seed, a bar at their mean."""
    shown = [found[0], *(one for one in found[1:] if one.first.role is not None)][:MOST_CONFIGURATIONS]
    figure, colour = go.Figure(), colours([one.first.label for one in shown])
    for place, one in enumerate(reversed(shown)):
        values = one.successes if measure == "success" else one.standing.scores
        name, shade = one.first.label, colour[one.first.label]
        figure.add_scatter(
            x=list(values),
            y=[place] * len(values),
            mode="markers",
            marker={"size": 10, "color": faded(shade, 0.5), "line": {"width": 1, "color": shade}},
            text=[f"trial {row.number}" for row in one.rows],
            hovertemplate=f"{name}, %{{text}}: %{{x}}<extra></extra>",
        )
        mean = sum(values) / len(values) if values else 0.0
        figure.add_scatter(x=[mean, mean], y=[place - 0.25, place + 0.25], mode="lines", line={"color": shade or TUNED})
    names = [f"{one.first.label} (leader)" if one is found[0] else one.first.label for one in reversed(shown)]
    ticks = {"tickvals": list(range(len(names))), "ticktext": names, "range": [-0.6, len(names) - 0.4]}
    figure = styled(figure, HEIGHT, showlegend=False, xaxis=_axis(measure), yaxis=ticks)
    return figure.update_yaxes(showgrid=False, ticks="")


def _axis(measure: Measure) -> dict[str, Any]:
    return {"title": {"text": measure}, **({**plots.SHARE, "range": [-0.03, 1.03]} if measure == "success" else {})}
