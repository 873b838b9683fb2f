"""A study's note for the dashboard, in Markdown: the answer so far in the report's words, videos, the next command."""

import shlex
from collections.abc import Iterator, Mapping, Sequence

from tuner.output.blocks import Block, Code, Table, Text
from tuner.output.markdown import block_lines, inline, table_row
from tuner.output.report_sections import answer, compared
from tuner.results.report_data import StudyReport


def study_note(report: StudyReport, videos: Mapping[str, str], storage: Sequence[str]) -> str:
    """The note of a study.

    Args:
        report: The study's report.
        videos: Addresses of videos by the names of their configurations.
        storage: `--storage URL` as words, if it is not the default database.
    """
    tested = [block for block in compared(report) if isinstance(block, Table)] if report.confirmed else []
    lines = _blocks([*(block for block in answer(report) if not isinstance(block, Code)), *tested[:1]])
    if videos:
        lines += _videos(videos)
    lines += ["### Next", "", *_blocks([Code(text="\n".join(_next(report, storage)))])]
    lines += ["### How far to trust it", "", *(f"- {inline(line)}" for line in _caveats(report))]
    return "\n".join(lines).rstrip() + "\n"


def confirmation_note(report: StudyReport) -> str:
    """The note of the study that stores a confirmation.

    Args:
        report: Of the study that it confirms.
    """
    what = (
        f"The confirmation of study {report.study}: each trial is a run of one of its configurations on a new training "
        "seed, with evaluation episodes that tuning did not use. Validation runs choose the tuned configuration to "
        "test, test runs give the answer. Nothing is searched here."
    )
    answer_so_far = Text(text=report.headline, kind="lead")
    return "\n".join([*_blocks([answer_so_far]), inline(what), "", *_blocks(list(compared(report)))]).rstrip() + "\n"


def _blocks(blocks: Sequence[Block]) -> list[str]:
    return [line for block in blocks if (found := [*block_lines(block)]) for line in (*found, "")]


def _videos(videos: Mapping[str, str]) -> list[str]:
    """Videos side by side, of the same episodes."""
    cells = [f"![episode.mp4 of {inline(name)}]({address})" for name, address in videos.items()]
    return [table_row([inline(name) for name in videos]), table_row(["---"] * len(videos)), table_row(cells), ""]


def _next(report: StudyReport, storage: Sequence[str]) -> Iterator[str]:
    """The commands that lead on."""
    if report.finished < report.target:
        yield shlex.join(["tuner", "run", report.study, *storage])
    if report.confirm_command:
        yield report.confirm_command
    elif report.best is not None:
        yield shlex.join(["tuner", "export", report.study, *storage, "-o", "best.yml"])
    yield shlex.join(["tuner", "report", report.study, *storage])


def _caveats(report: StudyReport) -> Iterator[str]:
    """What the page's own plots do not say."""
    found = report.importances
    if not found.parameters:
        yield (
            f"The page's importances are computed from {found.completed} complete trials: below {found.needed} they "
            "are mostly noise, whatever their order."
        )
    else:
        above = [one.name for one in found.parameters if one.standing != "noise"]
        yield (
            f"Of the page's importances, those of {', '.join(above)} are above the noise."
            if above
            else "None of the page's importances is above the noise of a parameter without effect."
        )
    if report.health is not None:
        counts = ", ".join(f"{count:,} {verdict}" for verdict, count in report.health.verdicts.items() if count)
        first = next(iter(report.health.problems), None)
        most = "" if first is None else f"; most common: {first.name} {first.symptom} ({first.suggestion})"
        yield f"Health of {report.health.judged:,} trials: {counts}{most}."
    if report.pruning.pruned and report.pruning.share_saved is not None:
        yield f"Pruning saved {report.pruning.share_saved:.0%} of the steps that {report.finished:,} whole trials take."
