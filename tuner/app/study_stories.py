"""What the dashboard tells of studies: notes, plots, curves, videos, and attributes in words."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sqlalchemy.engine import URL

from tuner.app.episode_videos import EpisodeVideos, WantedVideo
from tuner.app.report import IMPORTANCE_SEED
from tuner.dashboard.story import Data, StoryFile
from tuner.errors import TunerError
from tuner.output.curve_picture import curve_table, picture
from tuner.output.page_plots import arms_plots, page_plots
from tuner.output.study_note import confirmation_note, study_note
from tuner.output.trial_note import CURVE, VIDEO, Beside, trial_note
from tuner.results.report_build import build_report
from tuner.results.report_data import StudyReport
from tuner.results.told_lines import OPEN, Lines, rounded, study_lines, trial_lines
from tuner.study.kept_models import EARLIER
from tuner.study.page_storage import PageStorage
from tuner.study.reader import StudyReader
from tuner.study.rows import Row, baselines, configurations
from tuner.study.told_studies import ToldStudies, ToldStudy

logger = logging.getLogger(__name__)

TABLE = "curve.csv"
MADE = {CURVE: ("a-1", "image/png"), TABLE: ("a-2", "text/csv"), VIDEO: ("a-3", "video/mp4")}  # artifacts: id and type
WAIT = 3.0  # s that a page waits for the report of its study, without which it has no note and no plots yet
QUICK = 1000  # trials of which a report is built in that time; the page of a longer study gets it when it asks again
PATIENCE = 20  # how many times as long as a report took to build it is shown before it is built again


@dataclass(kw_only=True)
class _Known:
    """What is known of a study."""

    state: Hashable = None
    rows: Mapping[int, Row] = field(default_factory=dict)  # by number
    beside: Beside | None = None
    models: Mapping[int, str] = field(default_factory=dict)  # artifacts of kept models, by trials
    trial_ids: Sequence[int] = ()
    videos: Mapping[str, int] = field(default_factory=dict)  # trials whose videos are in the note, by configuration
    report: StudyReport | None = None
    plots: Sequence[tuple[str, str]] = ()
    reported: Hashable = None  # the state of the report
    builder: threading.Thread | None = None  # which builds it
    due: float = 0.0  # on the monotonic clock: when it may be built again
    names: dict[str, bool] = field(default_factory=dict)  # attributes, and whether one can sort by them
    leader: Data | None = None  # as the page shows it


class StudyStories:
    """Tells of every study of a database, from what is stored when a page asks."""

    def __init__(
        self,
        pages: PageStorage,
        url: URL,
        folder: Path,
        videos: EpisodeVideos | None = None,
        storage: Sequence[str] = (),
    ) -> None:
        """Tells of the studies in `pages`, which are those of `url`.

        Args:
            pages: What the dashboard reads.
            url: The database.
            folder: Where files go that a page asks for.
            videos: Makes videos; None for none.
            storage: `--storage URL` as words for the commands that notes name.
        """
        self._studies = ToldStudies(pages, url)
        self._videos = videos
        self._storage = storage
        self._known: dict[str, _Known] = {}
        self._lock = threading.RLock()  # also matplotlib's, which draws for one thread at a time
        self._folder = folder

    def summary(self, data: Data) -> None:
        """Puts the attributes of a study into words."""
        if (told := self._studies.find(data["study_name"])) is not None:
            data["user_attrs"] = _attributes(study_lines(told.spec, told.attributes, confirms=told.confirms))

    def detail(self, study_id: int, data: Data) -> None:
        """Adds notes, plots and files, and puts attributes into words."""
        if (told := self._studies.find(data["name"])) is None:
            return
        with self._lock:
            known = self._knowledge(told)
            data["user_attrs"] = _attributes(study_lines(told.spec, told.attributes, confirms=told.confirms))
            for trial in data["trials"]:
                self._add(study_id, told, known, trial)
            data["union_user_attrs"] = [{"key": name, "sortable": sorts} for name, sorts in known.names.items()]
            self._lead(data, told, known)
            _note(data, self._study_note(study_id, told, known))
            own = [{"id": name, "graph_object": plot} for name, plot in known.plots]
            data["plotly_graph_objects"] = [*own, *data["plotly_graph_objects"]]

    def file(self, study_id: int, trial_id: int, artifact_id: str) -> StoryFile | None:
        """A trial's learning curve as a picture or a table, or its video."""
        kind = next((name for name, (own, _) in MADE.items() if own == artifact_id), None)
        name = self._studies.name_of(study_id)
        told = None if kind is None or name is None else self._studies.find(name)
        number = None if told is None else self._studies.number(told.name, trial_id)
        if kind is None or told is None or number is None:
            return None
        with self._lock:
            known = self._knowledge(told)
            if kind == VIDEO:
                return self._video(told, known, number)
            return self._curve(known, number, kind)

    def _knowledge(self, told: ToldStudy) -> _Known:
        """What is known of a study, read again where it has changed."""
        known, state = self._known.setdefault(told.name, _Known()), self._studies.state(told.study)
        if known.state != state:
            self._read(told, known)
            known.state = state
        if known.reported != state and known.builder is None and time.monotonic() >= known.due:
            builder = threading.Thread(target=self._report, args=(told, known, state), name="report", daemon=True)
            known.builder = builder
            builder.start()
            builder.join(WAIT if len(known.rows) <= QUICK else 0.0)
        return known

    def _read(self, told: ToldStudy, known: _Known) -> None:
        reader = self._studies.reader(told.study)
        found = configurations(reader.rows)
        leads = [found[0].first] if found else []
        columns = {row.label: row for row in (*leads, *baselines(reader.rows))}
        known.beside = Beside(
            spec=told.spec,
            measure=told.spec.objective.measure(told=any(row.success is not None for row in reader.rows)),
            columns=list(columns.values()),
            leader=leads[0].label if leads else None,
            of_trial={} if told.confirms else {number: one for one in found for number in one.standing.trials},
        )
        rows = self._studies.runs(told) if told.confirms else reader.rows
        known.rows = {row.number: row for row in rows}
        known.trial_ids = self._studies.trial_ids(told.name)
        known.models = {} if told.confirms else self._studies.models(told.name)
        shown = (
            {} if told.confirms else {label: _with_model(reader, row, known.models) for label, row in columns.items()}
        )
        known.videos = {label: number for label, number in shown.items() if number is not None}

    def _report(self, told: ToldStudy, known: _Known, state: Hashable) -> None:
        """Builds the report that note and plots are made of."""
        begun = time.monotonic()
        try:
            reader = self._studies.reader(told.study)
            report = build_report(reader, np.random.default_rng(IMPORTANCE_SEED), storage=self._storage)
            found = configurations(reader.rows)
            known.plots = list(arms_plots(report) if told.confirms else page_plots(report, reader.rows, found))
            known.report = report
        except TunerError as error:
            logger.warning("study %r: %s", told.study, error)
        finally:
            known.reported, known.due = state, begun + PATIENCE * (time.monotonic() - begun)
            known.builder = None

    def _study_note(self, study_id: int, told: ToldStudy, known: _Known) -> str:
        if known.report is None:
            return ""
        if told.confirms:
            return confirmation_note(known.report)
        numbers = {name: number for name, number in known.videos.items() if self._possible(told, known, number)}
        videos = {name: _address(study_id, known.trial_ids[number], VIDEO) for name, number in numbers.items()}
        return study_note(known.report, videos, self._storage)

    def _lead(self, data: Data, told: ToldStudy, known: _Known) -> None:
        """Names the study's leader its best trial, which need not be of the highest value; of runs none is the best."""
        if told.confirms:
            data["best_trials"] = []
            return
        leader = known.beside.columns[0] if known.beside and known.beside.leader else None
        if leader is None:
            return
        found = next((one for one in data["trials"] if one["number"] == leader.number), None)
        if found is None and known.leader is not None and known.leader["number"] == leader.number:
            found = known.leader
        if found is not None:
            known.leader, data["best_trials"] = found, [found]

    def _add(self, study_id: int, told: ToldStudy, known: _Known, trial: Data) -> None:
        """Adds to a trial what the page shows of it."""
        number = trial["number"]
        if (row := known.rows.get(number)) is None or known.beside is None:
            return
        _round(trial)
        lines = trial_lines(row, told.spec)
        known.names |= {name: not isinstance(value, str) for name, value in lines.items()}
        trial["user_attrs"] = _attributes(lines)
        if row.state in OPEN:
            return
        names = [*([CURVE, TABLE] if "return" in row.attributes else [])]
        video = [VIDEO] if self._possible(told, known, number) else []
        files = {name: _address(study_id, trial["trial_id"], name) for name in (*names, *video)}
        _note(trial, trial_note(row, known.beside, files))
        made = [name for name in video if self._wanted(told, known, number)[1]]
        kept = [one for one in trial["artifacts"] if not one["filename"].endswith(EARLIER)]  # that is for `tuner play`
        trial["artifacts"] = [*map(_artifact, (*made, *names)), *kept]

    def _possible(self, told: ToldStudy, known: _Known, number: int) -> bool:
        """Whether there is a video of a trial, or may be."""
        wanted, there = self._wanted(told, known, number)
        return there is not None or (
            wanted is not None and self._videos is not None and not self._videos.impossible(wanted)
        )

    def _wanted(self, told: ToldStudy, known: _Known, number: int) -> tuple[WantedVideo | None, Path | None]:
        """The video of a trial, and its file once that is made."""
        if self._videos is None or (model := known.models.get(number)) is None:
            return None, None
        wanted = WantedVideo(study=told.name, trial=number, model=model)
        place = self._videos.place(wanted)
        return wanted, place if place.is_file() else None

    def _video(self, told: ToldStudy, known: _Known, number: int) -> StoryFile:
        wanted, place = self._wanted(told, known, number)
        if wanted is not None and self._videos is not None and place is None:
            self._videos.ask(wanted)
        pending = place is None and self._possible(told, known, number)
        return StoryFile(path=place, mimetype=MADE[VIDEO][1], pending=pending)

    def _curve(self, known: _Known, number: int, kind: str) -> StoryFile:
        """Draws or writes a learning curve."""
        row, measure = known.rows.get(number), known.beside.measure if known.beside else "score"
        curve = [] if row is None else row.attributes.get("curve", [])
        points = [point for point in curve if point.get(measure) is not None]
        content = curve_table(curve) if kind == TABLE else picture([{"curve": points}], measure, "png")
        if not curve or content is None:
            return StoryFile(path=None, mimetype=MADE[kind][1])
        path = self._folder / f"{known.trial_ids[number]}-{kind}"
        (unfinished := path.with_name(f"unfinished-{path.name}")).write_bytes(content)
        unfinished.replace(path)
        return StoryFile(path=path, mimetype=MADE[kind][1])


def _with_model(reader: StudyReader, row: Row, models: Mapping[int, str]) -> int | None:
    """A trial of the row's configuration whose model was kept."""
    same = (one.number for one in reader.rows if one.label == row.label)
    return next((number for number in (row.number, *same) if number in models), None)


def _address(study_id: int, trial_id: int, name: str) -> str:
    return f"/artifacts/{study_id}/{trial_id}/{MADE[name][0]}"


def _artifact(name: str) -> Data:
    own, kind = MADE[name]
    return {"artifact_id": own, "filename": name, "mimetype": kind, "encoding": None}


def _attributes(lines: Lines) -> list[dict[str, str]]:
    return [{"key": name, "value": str(value)} for name, value in lines.items()]


def _round(trial: Data) -> None:
    """Shows scores in four digits."""
    if "values" in trial:
        trial["values"] = [one if isinstance(one, str) else rounded(one) for one in trial["values"]]
    for point in trial["intermediate_values"]:
        point["value"] = point["value"] if isinstance(point["value"], str) else rounded(point["value"])


def _note(data: Data, body: str) -> None:
    """Shows a note where nobody has written one."""
    if not data["note"]["body"]:
        data["note"] = {**data["note"], "body": body}


@contextlib.contextmanager
def stories(
    url: URL, *, named: bool, allowed: tuple[str, ...] | None = None
) -> Iterator[Callable[[PageStorage], StudyStories]]:
    """What makes the stories of a database, and the folder of their files.

    Args:
        url: The database.
        named: Whether commands must name it.
        allowed: What may be run to record videos, see `refuse_code`; None for everything.
    """
    storage = ["--storage", url.render_as_string(hide_password=True)] if named else []
    with TemporaryDirectory(prefix="tuner-dashboard-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        shelf = EpisodeVideos(url, folder, allowed=allowed)
        yield lambda pages: StudyStories(pages, url, folder, shelf, storage)
