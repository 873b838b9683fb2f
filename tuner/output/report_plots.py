"""All plots of a report, by the names that its sections call them by."""

import plotly.graph_objects as go

from tuner.output import plots
from tuner.output.optuna_plots import optuna_plots
from tuner.results.report_data import StudyReport
from tuner.study.reader import StudyReader

Figures = dict[str, go.Figure]


def draw(reader: StudyReader, report: StudyReport) -> Figures:
    """Those that there is something to draw for."""
    figures: Figures = dict(optuna_plots(reader, report))
    if report.confirmed is not None and report.confirmed.arms:
        figures["arms"] = plots.arms(report.confirmed.arms, report.measure)
    if report.curves:
        figures["curves"] = plots.curves(report.curves, report.measure)
    if any(trial.steps for trial in report.trials):
        figures["ends"] = plots.ends(report.trials, report.pruning.full_steps)
    if report.importances.parameters:
        figures["importances"] = plots.importance(report.importances)
    if any(trial.value is not None and trial.seconds is not None for trial in report.trials):
        figures["seconds"] = plots.seconds(report)
    return figures
