"""The limits of one coordinator: how many workers it keeps busy, trials per second, and the latency of its answers.

Everything is real (database, lock, writer, source, loop, TPE, median pruner, the default study) except the workers,
whose training takes simulated time (`simulated.py`): the coordinator's work takes real time, and waiting for the next
event is skipped. The history is written directly into the tables (`synthetic.py`).

A row starts with all workers requesting a trial at once. Each first trial starts partway through, so that the steady
state follows at once. It is measured from when the coordinator is first idle (at the latest `--settle` seconds after
the last worker got a trial) for `--seconds` of real time, or for the length of two whole trials. Workers without a
trial after `--idle-after` seconds get none and are counted as idle.

`trial s` is the mean length of a whole trial, 0 for workers that answer at once; `held`, the number of finished trials
in the study before; `stopped`, whether the median pruner stops about two thirds of the trials, most of them early, or
none. `busy %` is the share of the workers' time in training, and `first %` the same over the first whole trial,
including the wait for it; `work %`, the share of time in which the coordinator worked; `answer` and `99 %`, how long a
trial waits for its answer at a checkpoint (median and 99th percentile); `next`, how long a worker waits for its next
trial (median); `all given s`, when the last worker got its first trial. PostgreSQL is a server started by this script,
or the one of `--postgres URL`, where databases can be created.
"""

import argparse
import contextlib
import cProfile
import itertools
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy
from bench_scaling import Silent
from bench_storage import own_server
from pairs import parser, table, write_json
from simulated import Course, Enough, SimulatedEngine, Until, within
from sqlalchemy.engine import URL
from synthetic import fill

from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.coordinator import coordinate
from tuner.study.search_source import SearchSource
from tuner.study.storage import open_to_write, parse_url, study_lock
from tuner.study.stored import create, write_spec
from tuner.study.writer import StudyWriter

DATABASES = ("SQLite", "PostgreSQL")
TURNS = 2  # maximum length of a measurement, in whole trials


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row's setting."""

    workers: int
    seconds: float  # of a whole trial
    held: int
    stopped: bool = True


CASES = (
    Case(workers=16, seconds=0, held=0),
    Case(workers=16, seconds=0, held=10_000),
    Case(workers=10, seconds=30, held=10_000),
    Case(workers=100, seconds=30, held=0),
    Case(workers=100, seconds=30, held=1000),
    Case(workers=100, seconds=30, held=10_000),
    Case(workers=1000, seconds=30, held=0),
    Case(workers=1000, seconds=30, held=10_000),
    Case(workers=1000, seconds=600, held=0),
    Case(workers=1000, seconds=600, held=1000),
    Case(workers=1000, seconds=600, held=10_000),
    Case(workers=1000, seconds=600, held=10_000, stopped=False),
)
QUICK = (Case(workers=4, seconds=0, held=50), Case(workers=20, seconds=30, held=50))


class Window:
    """Decides when a simulation is in its steady state, and when that has been measured for long enough."""

    def __init__(self, engine: SimulatedEngine, case: Case, options: argparse.Namespace) -> None:
        self._engine = engine
        self._case = case
        self._options = options
        self._real = time.perf_counter
        self._start = self._given = self._real()
        self._giving = True
        self.begin: float | None = None  # s of the engine's time

    def enough(self) -> bool:
        """Whether the measurement is complete. Reads the clock, so it must be called often."""
        course, now = self._engine.course, self._real()
        if self._giving and len(course.begun) < self._case.workers and now - self._start < self._options.idle_after:
            self._given = now
            return False
        if self._giving:
            self._giving = False
            self._engine.workers = min(self._case.workers, len(course.begun) + 1)  # one trial is being requested
        if self.begin is None:
            caught_up = bool(course.idle) and course.idle[-1][0] > course.begun[-1]
            if caught_up or now - self._given > self._options.settle:
                self.begin, self._start = self._engine.now(), now
            return False
        limit = TURNS * self._case.seconds
        passed = self._engine.now() - self.begin
        return now - self._start > self._options.seconds or bool(limit and passed > limit)


def measure(name: str, url: URL, spec: StudySpec, case: Case, options: argparse.Namespace) -> dict[str, Any]:
    """One row: runs a study of `case.held` trials until the measurement is complete."""
    with tempfile.TemporaryDirectory() as artifacts, study_lock(url, spec.name) as lock:
        writer, _ = StudyWriter.open(open_to_write(url, lock), spec, Path(artifacts))
        writer.recover()
        if (done := writer.count_finished()) != case.held:
            raise RuntimeError(f"the study holds {done} finished trials, not {case.held}")
        engine = SimulatedEngine(case.workers, case.seconds, stopped=case.stopped, seed=case.held)
        window = Window(engine, case, options)
        source = Until(SearchSource(writer, spec, 10**9), window.enough)
        with contextlib.suppress(Enough), _profiled(options.profile):
            coordinate(source, engine, Silent())
        end = engine.now()
    assert window.begin is not None  # noqa: S101 - there is no other way out
    return {"database": name, **_figures(engine.course, case, window.begin, end)}


@contextlib.contextmanager
def _profiled(path: Path | None) -> Iterator[None]:
    if path is None:
        yield
        return
    with cProfile.Profile() as profile:
        try:
            yield
        finally:
            profile.dump_stats(path)


def _figures(course: Course, case: Case, begin: float, end: float) -> dict[str, Any]:
    """The figures of a simulation between two times."""
    span = end - begin
    ends = [whole for at, whole in course.ends if at >= begin]
    late = [seconds for at, seconds in course.answers if at >= begin]
    gaps = [seconds for at, seconds in course.gaps if at >= begin]
    busy = within(course.trained, begin, end) / (case.workers * span)
    waited = sum(min(at, case.seconds) for at in course.begun) + case.seconds * (case.workers - len(course.begun))
    return {
        "workers": case.workers,
        "trial s": case.seconds,
        "held": case.held,
        "stopped": "yes" if case.stopped else "no",
        "trials/s": len(ends) / span,
        "busy %": 100 * busy if case.seconds else None,
        "first %": 100 * busy * (1 - waited / (case.workers * case.seconds)) if case.seconds else None,
        "work %": 100 * (1 - within(course.idle, begin, end) / span),
        "answer ms": 1e3 * statistics.median(late),
        "99 % ms": 1e3 * float(np.percentile(late, 99)),
        "next ms": 1e3 * statistics.median(gaps) if gaps else None,
        "given": len(course.begun),
        "all given s": course.begun[-1],
        "answers": len(late),
        "trials": len(ends),
        "whole %": 100 * statistics.fmean(ends) if ends else None,
        "seconds": span,
    }


class Files:
    """SQLite files, with each history written once for all rows."""

    def __init__(self, folder: Path, spec: StudySpec) -> None:
        self._folder = folder
        self._spec = spec
        self._count = itertools.count()

    def filled(self, held: int) -> URL:
        """A database of its own with `held` trials."""
        model = self._folder / f"held-{held}.db"
        if not model.exists():
            write_history(parse_url(f"sqlite:///{model}"), self._spec, held)
        path = self._folder / f"row-{next(self._count)}.db"
        shutil.copy(model, path)
        return parse_url(f"sqlite:///{path}")


class Server:
    """Databases of a PostgreSQL server, a history written once for all rows."""

    def __init__(self, url: URL, spec: StudySpec) -> None:
        self._url = url
        self._spec = spec
        self._made: list[str] = []
        self._engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")

    def filled(self, held: int) -> URL:
        """A database of its own with `held` trials."""
        model = f"bench_held_{held}"
        if model not in self._made:
            self._make(model, "template1")
            write_history(self._url.set(database=model), self._spec, held)
        name = f"bench_row_{len(self._made)}"
        self._make(name, model)
        return self._url.set(database=name)

    def close(self) -> None:
        """Drops all that was made."""
        for name in self._made:
            self._say(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._engine.dispose()

    def _make(self, name: str, template: str) -> None:
        self._say(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        self._made.append(name)

    def _say(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(sqlalchemy.text(statement))


def write_history(url: URL, spec: StudySpec, held: int) -> None:
    """A study of `held` finished trials."""
    with study_lock(url, spec.name) as lock:
        storage = open_to_write(url, lock)
        study = create(storage, spec.name)
        write_spec(study, spec)
    if held:
        fill(url, study, spec, held, np.random.default_rng(held))
    storage._storage._backend.engine.dispose()  # type: ignore[attr-defined]


def main() -> None:
    """Measures row by row."""
    options = _options()
    spec = load_study(find("studies", "reach")).model_copy(update={"baselines": {}, "sampler": options.sampler})
    cases = [case for case in (QUICK if options.quick else CASES) if _wanted(case, options)]
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench") as name, contextlib.ExitStack() as stack:
        for database in options.database:
            if database == "SQLite":
                place: Files | Server = Files(Path(name), spec)
            else:
                url = parse_url(options.postgres) if options.postgres else stack.enter_context(own_server(Path(name)))
                place = Server(url, spec)
                stack.callback(place.close)
            for case in cases:
                rows.append(measure(database, place.filled(case.held), spec, case, options))
                print(table(rows[-1:]) if len(rows) == 1 else table(rows[-1:]).splitlines()[-1], flush=True)
    print(f"\n{table(rows)}")
    if options.json:
        write_json(options.json, rows)


def _wanted(case: Case, options: argparse.Namespace) -> bool:
    """Whether a row is among those asked for."""
    asked = {"workers": options.workers, "seconds": options.trial_seconds, "held": options.held}
    return all(not values or getattr(case, key) in values for key, values in asked.items())


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--database", nargs="+", choices=DATABASES, default=DATABASES, help="default: both")
    made.add_argument("--workers", nargs="+", type=int, help="only rows with these numbers of workers")
    made.add_argument("--trial-seconds", nargs="+", type=float, help="only rows with trials of these lengths")
    made.add_argument("--held", nargs="+", type=int, help="only rows with these numbers of finished trials")
    made.add_argument("--seconds", type=float, default=10.0, help="seconds of real time to measure a row (default 10)")
    made.add_argument("--settle", type=float, default=10.0, help="seconds of real time to settle (default 10)")
    made.add_argument(
        "--idle-after", type=float, default=100.0, help="seconds of real time to give all workers a trial (default 100)"
    )
    made.add_argument("--sampler", choices=("tpe", "random"), default="tpe", help="sampler (default tpe)")
    made.add_argument(
        "--postgres", metavar="URL", help="a database on a server (default: a server started by this script)"
    )
    made.add_argument("--profile", type=Path, metavar="FILE", help="write cProfile's figures of the last row there")
    options = made.parse_args()
    if options.quick:
        options.seconds, options.settle = 1.0, 1.0
    return options


if __name__ == "__main__":
    main()
