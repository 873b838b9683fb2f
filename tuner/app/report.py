"""A study as one page, as Markdown or as JSON."""

import json
import tempfile
from pathlib import Path

import numpy as np

from tuner import seeds
from tuner.app.events import RecordingBegan
from tuner.app.limits import DEFAULT_STUDY, PLAYED_EPISODES, REPORT_FORMATS
from tuner.app.notify import Notifier
from tuner.app.play import PlayRequest, cast
from tuner.app.resolve import open_study
from tuner.errors import TunerError, UsageProblem
from tuner.playing.playback import play
from tuner.record_type import Record
from tuner.results.confirmation_reading import read_confirmation
from tuner.results.report_build import build_report
from tuner.results.report_data import VideoLine
from tuner.statistics.answer_records import KEPT
from tuner.study.reader import StudyReader
from tuner.study.rows import Row, baselines, best
from tuner.writing import refuse_no_file, write_whole

ENDINGS = {".md": "md", ".json": "json"}
IN_REPORT = 640, 480  # pixels of a video, which is written into the page
IMPORTANCE_SEED = 0  # of the resamples: the same study gives the same report


class ReportRequest(Record):
    """Which study, written how, and where to."""

    study: str = DEFAULT_STUDY
    storage: str | None = None
    output: Path | None = None
    form: str | None = None  # by the output's ending where None
    videos: bool = False

    @property
    def wanted(self) -> str:
        """The form that is asked for.

        Raises:
            UsageProblem: where there is no such form, or it cannot be had so.
        """
        wanted = self.form or ENDINGS.get(self.output.suffix if self.output else "", "html")
        if wanted not in REPORT_FORMATS:
            raise UsageProblem(f"--format {wanted!r}: must be one of {', '.join(REPORT_FORMATS)}")
        if self.videos and wanted != "html":
            raise UsageProblem(f"--videos: only for HTML; omit it for --format {wanted}")
        return wanted


class ReportText(Record):
    """The report, and the file that it went to; None where it is to go to standard output."""

    text: str
    path: Path | None


def report(request: ReportRequest, notifier: Notifier) -> ReportText:
    """Reads a study and writes its report.

    Raises:
        TunerError: where the study cannot be read, or the file not be written.
    """
    wanted = request.wanted
    if request.output is not None:
        refuse_no_file(request.output, "-o", "report.html")
    reader = open_study(request.study, request.storage)
    target = request.output or (Path(f"{reader.name}-report.html") if wanted == "html" else None)
    if target is not None:
        refuse_no_file(target, "-o", "report.html")
    text = render(reader, wanted, request, notifier)
    if target is not None:
        write_whole(target, text.encode(), "-o")
    return ReportText(text=text, path=target)


def render(reader: StudyReader, wanted: str, request: ReportRequest, notifier: Notifier) -> str:
    """The report's text in one of the forms."""
    videos = record_video(reader, request.storage, notifier) if request.videos else {}
    words = ["--storage", request.storage] if request.storage else []
    lines = [line for line, _ in videos.values()]
    made = build_report(reader, np.random.default_rng(IMPORTANCE_SEED), storage=words, videos=lines)
    if wanted == "json":
        return json.dumps(made.data(), indent=2) + "\n"
    from tuner.output import markdown
    from tuner.output.report_sections import sections

    if wanted == "md":
        return markdown.render(made, sections(made))
    from tuner.output.report_page import report_page

    return report_page(reader, made, {label: content for label, (_, content) in videos.items() if content})


def record_video(reader: StudyReader, storage: str | None, notifier: Notifier) -> dict[str, tuple[VideoLine, bytes]]:
    """A video of the best tuned trial and of the reference baseline on the same episodes, or why there is none."""
    return {row.label: _record_video(reader, row, storage, notifier) for row in _who(reader)}


def _who(reader: StudyReader) -> list[Row]:
    rows, reading = reader.rows, read_confirmation(reader)
    name = reading.confirmation.winner.name if reading is not None and reading.confirmation.winner else None
    tuned = [row for row in rows if row.role is None]
    winner = next((row for row in tuned if row.label == name), best(tuned))
    kept = [row for name in KEPT for row in baselines(rows) if row.label == name][:1]
    return [row for row in (winner, *kept) if row is not None]


def _record_video(reader: StudyReader, row: Row, storage: str | None, notifier: Notifier) -> tuple[VideoLine, bytes]:
    goals = seeds.play_goals(PLAYED_EPISODES)
    notifier.notify(RecordingBegan(label=row.label, episodes=PLAYED_EPISODES))
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "video.mp4"
        try:
            part = cast(PlayRequest(study=reader.name, trial=row.number, storage=storage))
            played = play(part.ref, part.actor, goals, target, lambda _: None, IN_REPORT)
        except TunerError as error:
            return VideoLine(label=row.label, goals=goals, success=None, why_not=str(error)), b""
        return VideoLine(label=row.label, goals=goals, success=played.success), target.read_bytes()
