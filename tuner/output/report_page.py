"""The report of a study as an HTML page, with all its plots."""

from collections.abc import Mapping

import plotly.graph_objects as go

from tuner.config.algorithms import title
from tuner.output import plots
from tuner.output.html_page import Page, render
from tuner.output.optuna_plots import optuna_plots
from tuner.output.report_sections import sections
from tuner.results.report_data import StudyReport
from tuner.study.reader import StudyReader


def report_page(reader: StudyReader, report: StudyReport, videos: Mapping[str, bytes]) -> str:
    """The HTML of the page.

    Args:
        reader: The study, for Optuna's own plots.
        report: The report.
        videos: MP4 files by their labels.
    """
    what = f"{title(report.algorithm)} in {report.environment}"
    page = Page(
        title=f"{report.study}: {what}",
        heading=report.study,
        under=f"{what}, space {report.space}; {report.made}",
        sections=sections(report),
    )
    return render(page, draw(reader, report), videos)


Figures = dict[str, go.Figure]


def draw(reader: StudyReader, report: StudyReport) -> Figures:
    """All plots for which there are data."""
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
