"""A study's report as a page."""

from collections.abc import Mapping

from tuner.output.html_page import Page, render
from tuner.output.report_plots import draw
from tuner.output.report_sections import sections
from tuner.results.report_data import StudyReport
from tuner.study.reader import StudyReader


def report_page(reader: StudyReader, report: StudyReport, films: Mapping[str, bytes]) -> str:
    """The page's text, with its plots.

    Args:
        reader: The study, for Optuna's own plots.
        report: What it says.
        films: MP4 files by their labels.
    """
    what = f"{report.algorithm.upper()} in {report.environment}"
    page = Page(
        title=f"{report.study}: {what}",
        heading=report.study,
        under=f"{what}, space {report.space}; {report.made}",
        sections=sections(report),
    )
    return render(page, draw(reader, report), films)
