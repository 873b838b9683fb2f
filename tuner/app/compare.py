"""Comparing algorithms: which one learns a task best in the same time."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL

from tuner.app import events
from tuner.app.engine_options import EngineOptions, open_engine
from tuner.app.limits import COMPARED_MINUTES, DEFAULT_STUDY
from tuner.app.looking import first_look, kept_look
from tuner.app.notify import ComparisonUnderWay, Notifier, SilentListener
from tuner.app.resolve import resolve, storage_url, study_name
from tuner.comparison.comparison_plan import ComparisonSource, SpeedSource, make_jobs, short_jobs
from tuner.comparison.comparison_records import Comparison, Contender
from tuner.config.algorithms import ALGORITHMS, unfit
from tuner.config.model import StudySpec
from tuner.config.sb3_algorithms import SB3
from tuner.config.searched_environment import typical_environment
from tuner.config.space import job_arguments
from tuner.coordinator import coordinate
from tuner.engines.base import Engine
from tuner.engines.processes import run_once
from tuner.errors import EnvironmentUnusable, UsageProblem, did_you_mean
from tuner.output import comparison_page
from tuner.record_type import Record
from tuner.study.reader import find_reader
from tuner.study.rows import Row, best
from tuner.training.making import action_space
from tuner.writing import refuse_no_file, write_whole

LONGEST_START = 10**6  # steps of a study in which any `learning_starts` of a packaged space fits


class CompareRequest(Record):
    """What is to be compared, and for how long."""

    study: str = DEFAULT_STUDY
    algorithms: tuple[str, ...] = ()  # none: all that can act in the environment
    minutes: float = COMPARED_MINUTES  # of training, for each run
    seeds: int = 1
    environment: str | None = None
    engine: EngineOptions = field(default_factory=EngineOptions)
    html: Path | None = None  # written anew after every run
    storage: str | None = None
    stored: bool = False  # the database's study of that name, whatever file has it as well

    def __post_init__(self) -> None:
        """Refuses an engine or a page that cannot be.

        Raises:
            UsageProblem: naming the option.
        """
        if self.engine.engine == "ray":
            raise UsageProblem("--engine ray: runs of so many minutes are compared on one machine; leave it out")
        if self.html is not None:
            refuse_no_file(self.html, "--html", "compare.html")


class CompareResult(Record):
    """What there is."""

    comparison: Comparison | None  # None before the first run has ended
    interrupted: bool = False


class _Field(Record):
    """Who takes part, and the study of each."""

    request: CompareRequest
    contenders: tuple[Contender, ...]
    specs: dict[str, StudySpec]  # by algorithm

    def comparison(self, source: ComparisonSource) -> Comparison:
        spec = self.specs[self.contenders[0].algorithm]
        return Comparison(
            study=self.request.study,
            environment=spec.environment.id,
            minutes=self.request.minutes,
            seeds=self.request.seeds,
            goals=spec.goals.early,
            arms=self.contenders,
            runs=tuple(source.runs),
        )


def compare(request: CompareRequest, notifier: Notifier) -> CompareResult:
    """Runs every algorithm for the same time.

    Raises:
        TunerError: it cannot be done; see the message.
    """
    url = storage_url(request.storage)
    there = _contenders(request, url, notifier)
    source: ComparisonSource | None = None
    try:
        with open_engine(request.engine, next(iter(there.specs.values())), notifier) as engine:
            speeds = _speeds(there, engine, notifier)
            source = _source(there, speeds)
            runs = len(there.contenders) * request.seeds
            notifier.notify(
                events.ComparisonEstimated(runs=runs, workers=min(engine.workers, runs), minutes=request.minutes)
            )
            under_way = ComparisonUnderWay(source=source, seconds=request.minutes * 60)
            with notifier.progress(under_way) as listener:
                coordinate(source, engine, listener, most_failures=None)
    except KeyboardInterrupt:
        notifier.notify(events.Interrupted(what="comparison", kept=bool(source and source.runs)))
        interrupted = True
    else:
        interrupted = False
    if source is None or not source.runs:
        return CompareResult(comparison=None, interrupted=interrupted)
    comparison = there.comparison(source)
    if request.html is not None:
        write_whole(request.html, comparison_page.render(comparison).encode(), "--html")
    return CompareResult(comparison=comparison, interrupted=interrupted)


def known_algorithms(said: str, names: Sequence[str], seeds: str) -> tuple[str, ...]:
    """The algorithms named.

    Args:
        said: What was given, as errors say it.
        names: The names in it.
        seeds: What to give instead of a name twice.

    Raises:
        UsageProblem: where one is unknown or stands twice.
    """
    for name in names:
        if name not in ALGORITHMS:
            hint = did_you_mean(name, ALGORITHMS)
            raise UsageProblem(f"{said}: unknown {name!r}{hint}; valid: {', '.join(ALGORITHMS)}")
        if names.count(name) > 1:
            raise UsageProblem(f"{said}: {name} stands twice; {seeds} gives each more runs")
    return tuple(names)


def _contenders(request: CompareRequest, url: URL, notifier: Notifier) -> _Field:
    made = [contender(request, url, algorithm) for algorithm in chosen(request, url)]
    for one, _ in made:
        notifier.notify(events.ContenderAnnounced(contender=one))
    study = _resolved(request, url, {})
    look = kept_look(url, study.name) or first_look(request.engine, study, notifier, skip_check=True)
    specs = {one.algorithm: spec.model_copy(update={"look": look}) for one, spec in made}  # one scale for all
    return _Field(request=request, contenders=tuple(one for one, _ in made), specs=specs)


def chosen(request: CompareRequest, url: URL) -> tuple[str, ...]:
    """The algorithms that take part: those wanted, or all that can act in the environment.

    Raises:
        EnvironmentUnusable: where one that is wanted cannot, or the environment cannot be made.
    """
    ref = typical_environment(_resolved(request, url, {}))
    kind = action_space(ref) if request.engine.inline else run_once(action_space, ref)
    for algorithm in request.algorithms:
        if (reason := unfit(algorithm, kind, ref.id, "--algorithms")) is not None:
            raise EnvironmentUnusable(reason)
    fitting = tuple(name for name, entry in SB3.items() if kind in entry.actions)
    if not fitting:
        raise EnvironmentUnusable(f"no algorithm can act in the {kind} space of {ref.id!r}")
    return request.algorithms or fitting


def contender(request: CompareRequest, url: URL, algorithm: str) -> tuple[Contender, StudySpec]:
    """An algorithm with its arguments, and its study.

    They are those of the best trial where the database has the algorithm's study of this environment, else those of
    the study's first baseline, else SB3's own with what the algorithm's default space fixes.
    """
    # The first steps of off-policy algorithms are not learned from, which a study of short trials is refused for.
    longer = {"timesteps": LONGEST_START} if ALGORITHMS[algorithm].off_policy else {}
    spec = _resolved(request, url, {"algorithm": algorithm, **longer})
    winner = _best(spec, url)
    if winner is not None:
        source, params = f"the best of study {spec.name!r}, {winner.label}", winner.arguments
    elif spec.baselines:
        role, values = next(iter(spec.baselines.items()))
        of_study = f" of study {spec.name!r}" if spec.name == study_name(request.study) else ""
        source, params = f"baseline {role}{of_study}", job_arguments(spec.space, {}, values)
    else:
        params = job_arguments(spec.space, {}, ALGORITHMS[algorithm].starting)
        listed = ", ".join(f"{name} {value}" for name, value in params.items())
        source = "Stable-Baselines3's defaults" + (f" with {listed}" if listed else "")
    return Contender(algorithm=algorithm, source=source, params=params), spec


def _resolved(request: CompareRequest, url: URL, changes: Mapping[str, Any]) -> StudySpec:
    found = resolve(request.study, url, name=None, changes=changes, env=request.environment, stored=request.stored)
    return found.spec


def _best(spec: StudySpec, url: URL) -> Row | None:
    """The best trial of the stored study of that name, where it is of the same algorithm and environment."""
    reader = find_reader(url, spec.name)
    if reader is None or _place(reader.spec) != _place(spec):
        return None
    return best(reader.rows)


def _place(spec: StudySpec) -> tuple[str, dict[str, Any]]:
    """The algorithm and the environment, wherever it was found."""
    return spec.algorithm, spec.environment.model_dump(exclude={"folder"})


def _speeds(there: _Field, engine: Engine, notifier: Notifier) -> dict[str, float]:
    """Steps a second of each, by runs of some seconds; they are the first look at what cannot run, too."""
    notifier.notify(events.SpeedMeasured(on_node=False))
    measuring = SpeedSource(short_jobs(there.contenders, there.specs))
    coordinate(measuring, engine, SilentListener(), most_failures=None)
    return measuring.speeds


def _source(there: _Field, speeds: dict[str, float]) -> ComparisonSource:
    request, seconds = there.request, there.request.minutes * 60
    jobs = make_jobs(there.contenders, there.specs, speeds, seconds, request.seeds)

    def booked(source: ComparisonSource) -> None:
        if request.html is not None:
            write_whole(request.html, comparison_page.render(there.comparison(source)).encode(), "--html")

    return ComparisonSource(jobs, seconds, booked)
