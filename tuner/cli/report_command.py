"""`tuner report`: a study as one page, as Markdown or as JSON."""

from pathlib import Path
from typing import Annotated

import typer

from tuner.app.limits import DEFAULT_STUDY, REPORT_FORMATS
from tuner.cli.options import StorageOption, StudyArgument, one_of
from tuner.cli.standard_files import write


def report(
    study: StudyArgument = DEFAULT_STUDY,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Output file. Default: STUDY-report.html; md and json: standard output.",
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="|".join(REPORT_FORMATS), help="Default: by the file's ending, else html."),
    ] = None,
    videos: Annotated[
        bool,
        typer.Option(
            "--videos",
            help="Put videos of the best tuned trial and the current configuration (or SB3's defaults) into the page.",
        ),
    ] = False,
    storage: StorageOption = None,
) -> None:
    """Write a study as one page: results, uncertainty, reproduction."""
    one_of(form, REPORT_FORMATS, "--format")
    from tuner.app.report import ReportRequest
    from tuner.app.report import report as make_report
    from tuner.cli.render.notifier import TerminalNotifier
    from tuner.cli.standard_files import say

    request = ReportRequest(study=study, storage=storage, output=output, form=form, videos=videos)
    with TerminalNotifier() as notifier:
        made = make_report(request, notifier)
    if made.path is None:
        write(made.text)
    else:
        say(f"Wrote {made.path} ({len(made.text.encode()) / 1e6:.1f} MB)")
