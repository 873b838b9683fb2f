"""Plots of the report that Optuna does not have."""

from collections.abc import Sequence

import plotly.graph_objects as go

from tuner.output.palette import INK, SOFT, STATES, TUNED, colours, faded, styled
from tuner.results.report_data import ArmLine, Band, Importances, StudyReport, TrialLine
from tuner.statistics.answer_records import Measure

SHARE = {"tickformat": ".0%"}
MOST_DOTS = 1500
SPREAD = 0.22  # of a row, the height over which the dots of a configuration spread


def arms(found: Sequence[ArmLine], measure: Measure) -> go.Figure:
    """A row per configuration: a dot per seed, the IQM and its interval."""
    colour, figure = colours([arm.name for arm in found]), go.Figure()
    for row, arm in enumerate(reversed(found)):
        levels = [row - SPREAD + 2 * SPREAD * (place % 3) / 2 for place in range(len(arm.values))]
        hover = [f"seed {place + 1}" for place in range(len(arm.values))]
        figure.add_scatter(
            x=list(arm.values),
            y=levels,
            mode="markers",
            marker={"size": 9, "color": faded(colour[arm.name], 0.5), "line": {"width": 1, "color": colour[arm.name]}},
            text=hover,
            hovertemplate=f"{arm.name}, %{{text}}: %{{x}}<extra></extra>",
        )
        if arm.iqm is not None:
            figure.add_scatter(x=[arm.iqm], y=[row], **_diamond(arm, colour[arm.name]))
    names = [arm.name for arm in reversed(found)]
    ticks = {"tickvals": list(range(len(names))), "ticktext": names, "range": [-0.6, len(names) - 0.4]}
    across = {
        "title": {"text": f"{measure}, test"},
        **({**SHARE, "range": [-0.03, 1.03]} if measure == "success" else {}),
    }
    styled(figure, 90 + 70 * len(names), showlegend=False, xaxis=across, yaxis=ticks)
    return figure.update_yaxes(showgrid=False, ticks="")


def _diamond(arm: ArmLine, colour: str) -> dict[str, object]:
    span, iqm = arm.iqm_interval, arm.iqm or 0.0
    error = {"type": "data", "symmetric": False, "thickness": 3, "width": 9, "color": colour}
    if span is not None:
        error |= {"array": [span.high - iqm], "arrayminus": [iqm - span.low]}
    return {
        "mode": "markers",
        "marker": {"symbol": "diamond", "size": 15, "color": colour, "line": {"width": 1.5, "color": "white"}},
        "error_x": error if span is not None else None,
        "hovertemplate": f"{arm.name}, IQM: %{{x}}<extra></extra>",
    }


def curves(bands: Sequence[Band], measure: Measure) -> go.Figure:
    """Medians over the seeds, quartiles as a band, each seed as a thin line."""
    colour, figure = colours([band.name for band in bands]), go.Figure()
    for band in bands:
        shade = colour[band.name]
        if band.seeds > 1:
            steps = [*band.steps, *reversed(band.steps)]
            area = {"fill": "toself", "fillcolor": faded(shade, 0.16), "line": {"width": 0}}
            figure.add_scatter(
                x=steps, y=[*band.high, *reversed(band.low)], **area, mode="lines", showlegend=False, hoverinfo="skip"
            )
            for line in band.lines:
                thin = {"color": faded(shade, 0.25), "width": 1}
                figure.add_scatter(x=band.steps, y=line, mode="lines", line=thin, showlegend=False, hoverinfo="skip")
    for band in bands:
        figure.add_scatter(
            x=band.steps,
            y=band.median,
            name=band.name,
            mode="lines+markers",
            line={"color": colour[band.name], "width": 3},
            marker={"size": 6},
        )
    up = {"title": {"text": measure}, **({**SHARE, "range": [-0.03, 1.03]} if measure == "success" else {})}
    across = {"title": {"text": "environment steps"}, "rangemode": "tozero", "nticks": 6}
    return styled(figure, 380, xaxis=across, yaxis=up, showlegend=True)


def ends(trials: Sequence[TrialLine], full_steps: int) -> go.Figure:
    """The step at which each trial ended, coloured by its state."""
    figure = go.Figure()
    shown = [trial for trial in trials if trial.state in ("complete", "pruned", "fail") and trial.steps > 0]
    stride = -(-len(shown) // MOST_DOTS) or 1
    for state in ("pruned", "complete", "fail"):
        some = [trial for trial in shown[::stride] if trial.state == state]
        if some:
            figure.add_scatter(
                x=[trial.number for trial in some],
                y=[trial.steps for trial in some],
                name={"complete": "complete", "pruned": "pruned", "fail": "failed"}[state],
                mode="markers",
                marker={"size": 6, "color": STATES[state], "line": {"width": 0.5, "color": "white"}},
                text=[trial.label for trial in some],
                hovertemplate="%{text}: %{y:,} steps<extra></extra>",
            )
    figure.add_hline(y=full_steps, line={"color": SOFT, "width": 1, "dash": "dot"})
    up = {"title": {"text": "steps at the end"}, "rangemode": "tozero"}
    return styled(figure, 320, xaxis={"title": {"text": "trial"}}, yaxis=up, showlegend=True)


def importance(found: Importances) -> go.Figure:
    """Medians with 90 % intervals, and the importance of a parameter without effect as noise."""
    rows = list(reversed(found.parameters))
    paint = {"matters": TUNED, "perhaps": faded(TUNED, 0.55), "noise": "#adb5bd"}
    figure = go.Figure(
        go.Bar(
            x=[one.median for one in rows],
            y=[one.name for one in rows],
            orientation="h",
            marker={"color": [paint[one.standing] for one in rows]},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [one.interval.high - one.median for one in rows],
                "arrayminus": [one.median - one.interval.low for one in rows],
                "color": INK,
                "thickness": 1.5,
                "width": 5,
            },
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    )
    if found.floor is not None:
        figure.add_vrect(x0=0, x1=found.floor.high, fillcolor="#f08c00", opacity=0.14, line_width=0, layer="below")
        figure.add_vline(x=found.floor.high, line={"color": "#f08c00", "width": 1.5, "dash": "dash"})
    across = {"title": {"text": "share of importance; shaded: noise"}, **SHARE, "rangemode": "tozero"}
    return styled(figure, 100 + 34 * len(rows), xaxis=across, bargap=0.35, showlegend=False)


def seconds(report: StudyReport) -> go.Figure:
    """Duration against score of each trial."""
    figure = go.Figure()
    done = [trial for trial in report.trials if trial.value is not None and trial.seconds is not None]
    stride = -(-len(done) // MOST_DOTS) or 1
    tuned = [trial for trial in done if trial.role is None][::stride]
    if tuned:
        figure.add_scatter(name="tuned", **_dots(tuned, TUNED, "circle", 7))
    colour = colours([trial.label for trial in report.baselines])
    for trial in report.baselines:
        if trial.value is not None and trial.seconds is not None:
            figure.add_scatter(name=trial.label, **_dots([trial], colour[trial.label], "star", 14))
    across = {"title": {"text": "seconds of a full trial"}}
    return styled(figure, 340, xaxis=across, yaxis={"title": {"text": report.scored}}, showlegend=True)


def _dots(trials: Sequence[TrialLine], colour: str, symbol: str, size: int) -> dict[str, object]:
    return {
        "x": [trial.seconds for trial in trials],
        "y": [trial.value for trial in trials],
        "mode": "markers",
        "marker": {"size": size, "symbol": symbol, "color": colour, "opacity": 0.75},
        "text": [trial.label for trial in trials],
        "hovertemplate": "%{text}: %{y:.3f} in %{x:.1f} s<extra></extra>",
    }
