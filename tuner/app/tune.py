"""Tuning: a look at what is new, the trials that are missing, what the study has come to."""

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL

from tuner.app import events
from tuner.app.engine_options import EngineOptions, open_engine
from tuner.app.events import PlanRefused, SpeedMeasured
from tuner.app.limits import last_start
from tuner.app.looking import first_look, kept_look
from tuner.app.notify import Notifier, TrialsUnderWay
from tuner.app.resolve import open_study, refuse_few_trials, resolve, storage_url, warmed
from tuner.app.stages import refuse_stages, stages_of
from tuner.app.trackers import board_folder, refuse_untrackable
from tuner.app.trial_relay import telling
from tuner.arithmetic import SB3, arithmetic
from tuner.config.first_look import with_look
from tuner.config.model import StudySpec
from tuner.config.searched_environment import refuse_returns
from tuner.config.space import SpaceSpec
from tuner.config.staging import stage_name, stage_spec, staged
from tuner.config.study_keys import FirstLook
from tuner.coordinator import coordinate
from tuner.engines.base import Engine
from tuner.errors import UsageProblem
from tuner.planning import estimate
from tuner.planning.forecast import Forecast, forecast
from tuner.record_type import Record
from tuner.results.summary import Summary, summarise
from tuner.study import storage as databases
from tuner.study.extension import carried, refuse_incomparable
from tuner.study.finals_schedule import TimeLimit
from tuner.study.reader import find_reader
from tuner.study.search_source import SearchSource
from tuner.study.stored import differences_in_meaning, stored_names
from tuner.study.writer import StudyWriter


class TuneRequest(Record):
    """What is to be tuned, and how."""

    study: str  # a name, or the path of a study file
    storage: str | None = None  # URL of the database
    name: str | None = None  # the study's in the database, where it is not the file's
    changes: Mapping[str, Any] = field(default_factory=dict)  # keys of the study file
    environment: str | None = None
    space: SpaceSpec | None = None  # where it is in no file
    engine: EngineOptions = field(default_factory=EngineOptions)
    skip_check: bool = False
    staged: bool = False
    baselines: tuple[str, ...] = ()  # files
    from_study: str | None = None
    all_trials: bool = False  # of that study, for the sampler
    extend: bool = False  # widen the space of a stored study
    curves: Path | None = None  # where TensorBoard's curves go
    deadline: float | None = None  # on the monotonic clock
    stored: bool = False  # the database's study of that name, whatever file has it as well


class TuneResult(Record):
    """What a run has come to."""

    spec: StudySpec
    url: URL
    summaries: tuple[Summary, ...]  # the study's; of one in stages each stage's that has ended
    interrupted: bool = False

    @property
    def whole(self) -> Summary | None:
        """The study, or the last stage, once nothing is missing; None before."""
        if self.interrupted or len(self.summaries) < (len(self.spec.stages) or 1):
            return None
        last = self.summaries[-1]
        return last if not self.spec.stages or last.finished >= last.target else None


def tune(request: TuneRequest, notifier: Notifier) -> TuneResult:
    """Runs a study, or the stages of one, to its number of trials.

    Raises:
        TunerError: it cannot be done; see the message.
    """
    url = storage_url(request.storage)
    spec = announced(request, url, notifier)
    request = replace(request, curves=board_folder(spec, url, request.curves))
    if request.curves is not None:
        notifier.notify(events.CurvesAnnounced(folder=request.curves, shared=request.engine.engine == "ray"))
    done: list[Summary] = []
    try:
        with databases.storage_errors(url), open_engine(request.engine, spec, notifier) as engine:
            for number, made in enumerate(stages_of(spec, url, done, notifier)):
                known = kept_look(url, stage_name(spec, 1)) if number > 0 else None  # it has been looked at
                done.append(work(request, made, url, engine, notifier, known=known))
    except KeyboardInterrupt:
        return _interrupted(spec, url, done, notifier)
    return TuneResult(spec=spec, url=url, summaries=tuple(done))


def announced(request: TuneRequest, url: URL, notifier: Notifier) -> StudySpec:
    """The study that is asked for, once all that can be refused beforehand has been."""
    resolved = resolve(
        request.study,
        url,
        name=request.name,
        changes=request.changes,
        env=request.environment,
        space=request.space,
        stored=request.stored,
    )
    _refuse_pointless(request)
    refuse_untrackable(resolved.spec)
    spec = warmed(resolved.spec, request.baselines, request.from_study, request.storage, notifier)
    if request.from_study is not None and request.all_trials:
        refuse_incomparable(open_study(request.from_study, request.storage).spec, spec)
    if request.staged or spec.stages:
        spec = staged(spec, trials=request.changes.get("trials"))
        refuse_stages(spec, url, request.from_study)
    else:
        refuse_few_trials(spec)
    notifier.notify(
        events.StudyAnnounced(
            spec=spec, source=resolved.source, url=url, timesteps_asked=resolved.timesteps_asked, left=resolved.left
        )
    )
    return spec


def _refuse_pointless(request: TuneRequest) -> None:
    if request.all_trials and request.from_study is None:
        raise UsageProblem("--all: of which study? give --from STUDY as well")
    if request.staged and (request.all_trials or request.extend):
        raise UsageProblem("--staged: every stage is a study of its own space; leave out --all and --extend")
    if request.extend and request.from_study is not None:
        raise UsageProblem("--extend: widens the study itself, and --from starts another from it; give one of them")


def _interrupted(spec: StudySpec, url: URL, done: list[Summary], notifier: Notifier) -> TuneResult:
    reader = find_reader(url, stage_name(spec, 1) if spec.stages else spec.name)
    if reader is not None and not spec.stages:
        done = [summarise(reader)]
    notifier.notify(events.Interrupted(what="trial", kept=reader is not None))
    return TuneResult(spec=spec, url=url, summaries=tuple(done), interrupted=True)


def work(
    request: TuneRequest,
    spec: StudySpec,
    url: URL,
    engine: Engine,
    notifier: Notifier,
    *,
    known: FirstLook | None = None,
) -> Summary:
    """Runs what is missing of one study; returns what it has come to.

    Nothing is written before the spec, the environment and the database proved sound.
    """
    begun: _Begun | None = None
    if databases.is_there(url):
        databases.refuse_foreign(url)
    else:
        begun = _begin(request, spec, engine, notifier, known)
    databases.prepare_folder(url)
    with databases.study_lock(url, spec.name) as lock:
        storage = databases.open_to_write(url, lock)
        there = spec.name in stored_names(storage)
        if begun is None and not (there and storage.get_all_trials(storage.get_study_id_from_name(spec.name))):
            begun = _begin(request, spec, engine, notifier, known)
        if begun is None:
            begun = _Begun(spec=with_look(spec, kept_look(url, spec.name)), seconds=None)
        spec = begun.spec
        writer, changes = StudyWriter.open(storage, spec, databases.artifact_folder(url), extend=request.extend)
        if changes:
            notifier.notify(events.SettingsChanged(changes=tuple(changes)))
        now = SB3 if spec.trainer == "sb3" else arithmetic()
        if (before := writer.last_arithmetic()) not in (None, now):
            notifier.notify(events.ArithmeticChanged(before=str(before), now=now))
        if request.from_study is not None and request.all_trials:
            others = carried(open_study(request.from_study, request.storage), spec)
            notifier.notify(events.TrialsCarried(carried=others, new=writer.carry(others)))
        if retried := writer.recover():
            notifier.notify(events.Retried(count=retried, what="trial"))
        with telling(writer.reader(), url, notifier, curves=request.curves is not None) as told:
            _run(writer, spec, engine, begun.seconds, request, told)
        return summarise(writer.reader())


class _Begun(Record):
    """A study as it runs."""

    spec: StudySpec  # with what the look decided
    seconds: float | None  # of a full trial; None where it has trials that tell


def _begin(
    request: TuneRequest, spec: StudySpec, engine: Engine, notifier: Notifier, known: FirstLook | None
) -> _Begun:
    """What a new study is refused for, then the seconds of a full trial."""
    made = with_look(spec, known or first_look(request.engine, spec, notifier, skip_check=request.skip_check))
    refuse_returns(made)
    return _Begun(spec=made, seconds=_measure(request, made, engine, notifier))


def _measure(request: TuneRequest, spec: StudySpec, engine: Engine, notifier: Notifier) -> float:
    engine.prepare(spec.trials)
    notifier.notify(events.SpeedMeasured(on_node=request.engine.engine == "ray"))
    return estimate.measure(engine, spec).seconds


def _run(
    writer: StudyWriter,
    spec: StudySpec,
    engine: Engine,
    seconds: float | None,
    request: TuneRequest,
    notifier: Notifier,
) -> None:
    writer.enqueue_baselines()
    done = writer.count_finished()
    missing = max(spec.trials - done, 0)
    if not missing:
        waiting = tuple(writer.waiting())
        notifier.notify(events.NothingToRun(what="trial", finished=done, target=spec.trials, waiting=waiting))
        return
    engine.prepare(missing)
    full = estimate.typical_seconds(writer.full_trial_seconds())
    known = full or seconds or _measure(request, spec, engine, notifier)
    guess = estimate.minutes(missing, engine.workers, spec, known)
    notifier.notify(events.RunEstimated(missing=missing, workers=engine.workers, estimate=guess))
    last = last_start(request.deadline, known)
    limit = TimeLimit(last_start=last, seconds=known, workers=engine.workers)
    source = SearchSource(writer, spec, spec.trials, request.curves, limit)
    under_way = TrialsUnderWay(spec=spec, finished=done, estimate=guess, best=writer.best(), source=source)
    with notifier.progress(under_way) as listener:
        coordinate(source, engine, listener, last_start=last)
    if writer.count_finished() < spec.trials:
        notifier.notify(events.TimeOver(what="trial", seconds=known))


def plan_run(request: TuneRequest, notifier: Notifier) -> Forecast:
    """Looks at the environment and measures.

    Raises:
        TunerError: what the run would be refused for.
    """
    url = storage_url(request.storage)
    spec = announced(request, url, notifier)
    trials = _missing(spec, url, notifier)
    measured = stage_spec(spec, 1, {}) if spec.stages else spec
    with open_engine(request.engine, measured, notifier) as engine:
        measured = with_look(measured, first_look(request.engine, measured, notifier, skip_check=request.skip_check))
        refuse_returns(measured)
        notifier.notify(SpeedMeasured(on_node=False))
        engine.prepare(1)
        return forecast(engine, measured, trials)


def _missing(spec: StudySpec, url: URL, notifier: Notifier) -> int:
    """How many trials are still to run."""
    if spec.stages:
        return sum(stage.trials or spec.trials for stage in spec.stages)
    if (stored := find_reader(url, spec.name)) is None:
        return spec.trials
    if differences := differences_in_meaning(stored.spec, spec):
        notifier.notify(PlanRefused(study=spec.name, differences=tuple(differences)))
    return max(spec.trials - sum(row.finished for row in stored.rows), 0)
