"""All pictures of a report, by the names that its sections call them by."""

import plotly.graph_objects as go
from optuna import Study

from tuner.report import drawings
from tuner.report.optuna_drawings import optuna_drawings
from tuner.report.records import Report

Pictures = dict[str, go.Figure]


def draw(study: Study, report: Report) -> Pictures:
    """Those that there is something to draw for."""
    pictures: Pictures = dict(optuna_drawings(study, report))
    if report.confirmed is not None and report.confirmed.arms:
        pictures["arms"] = drawings.arms(report.confirmed.arms, report.measure)
    if report.curves:
        pictures["curves"] = drawings.curves(report.curves, report.measure)
    if any(trial.steps for trial in report.trials):
        pictures["ends"] = drawings.ends(report.trials, report.pruning.full_steps)
    if report.importances.parameters:
        pictures["importances"] = drawings.importance(report.importances)
    if any(trial.value is not None and trial.seconds is not None for trial in report.trials):
        pictures["seconds"] = drawings.seconds(report)
    return pictures
