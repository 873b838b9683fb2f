"""Optuna's own plots of a study, in the style of the report and small enough for a page."""

import itertools
import math
import warnings
from collections.abc import Iterator, Sequence

import plotly.graph_objects as go
from optuna import Study
from optuna.trial import FrozenTrial, TrialState
from optuna.visualization import (
    plot_contour,
    plot_intermediate_values,
    plot_optimization_history,
    plot_parallel_coordinate,
    plot_slice,
)

from tuner.output.palette import CURRENT, SCALE, SOFT, TUNED, colours, faded, styled
from tuner.results.report_data import ParameterLine, StudyReport
from tuner.results.report_parts import MOST_CROSSED
from tuner.study.reader import StudyReader
from tuner.study.sample import Sample, thinned

MOST_POINTS, MOST_COURSES, MOST_LINES, MOST_CROSSINGS = 1500, 150, 300, 80  # trials in a plot
MARGIN = 0.06  # share of a range, on either side of it


def optuna_plots(reader: StudyReader, report: StudyReport) -> Iterator[tuple[str, go.Figure]]:
    """Every plot for which the study has trials, by its name."""
    study = reader.optuna_study
    trials = study.get_trials(deepcopy=False)
    done = [trial for trial in trials if trial.state == TrialState.COMPLETE and math.isfinite(trial.value or 0.0)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if done:
            yield "history", history(study, report)
        reported = [trial for trial in trials if trial.intermediate_values and trial.state.is_finished()]
        if reported:
            yield "courses", courses(Sample(study, thinned(reported, MOST_COURSES)), report.scored)
        if len(done) < 2:
            return
        drawn = [line for line in report.parameters if line.drawn]
        for line in drawn:
            yield f"slice {line.name}", cut(Sample(study, thinned(done, MOST_POINTS)), line, report.scored)
        enough = report.importances.parameters  # a contour through a few points shows nothing
        crossed = [line for line in drawn if line.kind != "choice"][:MOST_CROSSED] if enough else []
        for first, second in itertools.combinations(crossed, 2):
            both = [trial for trial in done if first.name in trial.params and second.name in trial.params]
            if len(both) >= 3:
                name = f"contour {first.name} {second.name}"
                yield name, contour(Sample(study, thinned(both, MOST_CROSSINGS)), first, second, report.scored)
        varied = [line.name for line in report.parameters if line.varied]
        if len(varied) > 1:
            yield "parallel", parallel(study, done, varied, report.scored)


def history(study: Study, report: StudyReport) -> go.Figure:
    """Scores by trial number, the best so far, and the baselines as stars."""
    figure = plot_optimization_history(study, target_name=report.scored)
    kept = {trial.number for trial in thinned(study.get_trials(deepcopy=False), MOST_POINTS)}
    for trace in figure.data:
        points = [point for point in zip(trace.x or (), trace.y or (), strict=False) if point[0] in kept]
        trace.update(x=[x for x, _ in points], y=[y for _, y in points])
    figure.update_traces(marker={"color": faded(TUNED, 0.5), "size": 7}, selector={"mode": "markers"})
    best_so_far = {"color": SOFT, "width": 1.5, "shape": "hv"}
    figure.update_traces(line=best_so_far, mode="lines", name="best so far", selector={"name": "Best Value"})
    colour = colours([trial.label for trial in report.baselines])
    for trial in report.baselines:
        if trial.value is not None:
            marker = {"symbol": "star", "size": 14, "color": colour[trial.label]}
            figure.add_scatter(x=[trial.number], y=[trial.value], mode="markers", marker=marker, name=trial.label)
    return styled(
        figure, 360, xaxis={"title": {"text": "trial"}}, yaxis={"title": {"text": report.scored}}, showlegend=True
    )


def courses(study: Study, scored: str) -> go.Figure:
    """Intermediate values of each trial, which the pruner judges."""
    figure = plot_intermediate_values(study)
    states = [
        trial.state for trial in study.get_trials(states=(TrialState.PRUNED, TrialState.COMPLETE, TrialState.RUNNING))
    ]
    for trace, state in zip([one for one in figure.data if one.name], states, strict=False):
        shade = faded(TUNED, 0.55) if state == TrialState.COMPLETE else faded(SOFT, 0.35)
        trace.update(mode="lines", line={"color": shade, "width": 1.2})
    across = {"title": {"text": "environment steps"}, "nticks": 6}
    up = {"title": {"text": f"{scored} as reported"}}
    return styled(figure, 340, xaxis=across, yaxis=up, showlegend=False)


def cut(study: Study, line: ParameterLine, scored: str) -> go.Figure:
    """Scores by one parameter, with its range."""
    figure = plot_slice(study, params=[line.name], target_name=scored)
    figure.update_traces(
        marker={"size": 7, "colorscale": SCALE, "showscale": False, "line": {"width": 0.5, "color": SOFT}},
        selector={"type": "scatter"},
    )
    styled(figure, 270, showlegend=False, margin={"l": 50, "r": 10, "t": 10, "b": 42})
    figure.update_xaxes(title={"text": line.name}, nticks=5)
    figure.update_yaxes(title={"text": scored})
    _mark_range(figure, line)
    return figure


def _mark_range(figure: go.Figure, line: ParameterLine) -> None:
    if line.low is None or line.high is None:
        return
    for end in (line.low, line.high):
        figure.add_vline(x=end, line={"color": CURRENT, "width": 1.5, "dash": "dash"})
    figure.update_xaxes(range=list(_beyond(line)), **_ticks(line))


def _beyond(line: ParameterLine) -> tuple[float, float]:
    """The range with margins, in Plotly's units on the parameter's scale."""
    low, high = line.low or 0.0, line.high or 0.0
    if line.scale != "linear":
        low, high = math.log10(low), math.log10(high)
    return low - MARGIN * (high - low), high + MARGIN * (high - low)


def _ticks(line: ParameterLine) -> dict[str, object]:
    """Ticks at powers of two or ten, as plain numbers."""
    low, high = line.low or 0.0, line.high or 0.0
    if line.scale == "power_of_two":
        values: Sequence[float] = [low * 2**octave for octave in range(round(math.log2(high / low)) + 1)]
        values = values[:: -(-len(values) // 5)]
    elif line.scale == "log":
        decades = range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)
        values = [10.0**decade for decade in decades] if len(decades) > 1 else [low, high]
    else:
        return {}
    return {"tickmode": "array", "tickvals": list(values), "ticktext": [f"{value:g}" for value in values]}


def contour(study: Study, first: ParameterLine, second: ParameterLine, scored: str) -> go.Figure:
    """Scores by two parameters."""
    figure = plot_contour(study, params=[first.name, second.name], target_name=scored)
    figure.update_traces(colorscale=SCALE, reversescale=False, selector={"type": "contour"})
    figure.update_traces(
        colorbar={"thickness": 10, "title": {"text": scored}, "len": 0.9}, selector={"type": "contour"}
    )
    styled(figure, 330, showlegend=False, margin={"l": 54, "r": 10, "t": 10, "b": 42})
    by_name = {line.name: line for line in (first, second)}
    for update, axis in ((figure.update_xaxes, figure.layout.xaxis), (figure.update_yaxes, figure.layout.yaxis)):
        if axis.title.text in by_name:
            update(range=list(_beyond(by_name[axis.title.text])), nticks=5, **_ticks(by_name[axis.title.text]))
    return figure


def parallel(study: Study, done: Sequence[FrozenTrial], names: Sequence[str], scored: str) -> go.Figure:
    """The parameters of each trial as a line, darker for better scores."""
    figure = plot_parallel_coordinate(Sample(study, thinned(done, MOST_LINES)), params=list(names), target_name=scored)
    figure.for_each_annotation(lambda one: one.update(text=_plain(one.text)))
    return styled(figure, 380, margin={"l": 40, "r": 10, "t": 24, "b": 60})


def _plain(text: str) -> str:
    """`8.19e+03` as 8190."""
    try:
        value = float(text)
    except ValueError:
        return text
    return f"{value:.0f}" if 1000 <= abs(value) < 100_000 else text
