"""The coordinator's overhead as a study grows, and the speed-up from a second worker.

`coordinator`: the coordinator's milliseconds per trial, in studies with more and more finished trials. Everything is
real (an SQLite file, writer, source, loop, TPE, median pruner, the default study) except the workers, which answer at
once, so that all the time is the coordinator's, and the history, which is written directly into the tables
(`synthetic.py`). Every measured trial passes all checkpoints, the most expensive case; the figures are medians over
the trials, and a share of a trial's length (`--trial-seconds`). `rows` is how many trials were read from the database
for each new one: the running ones, but not the history, which is read once, when the study is opened.

`workers`: environment steps per second (training and evaluation) of `tuner run --workers 2` against two parallel
`tuner run --workers 1` with separate databases, alternating, with the same trials in total and without pruning. Steps
are counted by `counted.py`; the time is that of the whole command.
"""

import argparse
import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pairs import alternate, parser, spread, table, write_json
from runs import CURRENT, ENVIRONMENT, Run, run_tuner
from synthetic import InstantEngine, fill

from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.coordinator import coordinate
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome
from tuner.study.history import HistoryStorage
from tuner.study.search_source import SearchSource
from tuner.study.storage import artifact_folder, open_to_write, parse_url
from tuner.study.stored import create, write_spec
from tuner.study.writer import StudyWriter

SIZES, QUICK_SIZES = (0, 1000, 5000, 10_000), (0, 200)
LIMIT = 900.0  # s, time limit of a run of part `workers`
PARTS = ("ask", "report", "tell", "rest")


class Stopwatch:
    """Wraps a source and measures the time of its methods for each trial."""

    def __init__(self, source: SearchSource) -> None:
        self._source = source
        self.spent = dict.fromkeys(PARTS, 0.0)
        self.trials: list[dict[str, float]] = []
        self._since = time.perf_counter()

    @contextlib.contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.spent[part] += time.perf_counter() - begun

    def next_job(self) -> TrialJob | None:
        """The source's."""
        with self._timed("ask"):
            return self._source.next_job()

    def on_evaluation(self, number: int, evaluation: Evaluation) -> Decision:
        """The source's."""
        with self._timed("report"):
            return self._source.on_evaluation(number, evaluation)

    def on_outcome(self, number: int, outcome: TrialOutcome) -> None:
        """The source's; ends the trial's measurement."""
        with self._timed("tell"):
            self._source.on_outcome(number, outcome)
        now = time.perf_counter()
        self.spent["rest"] = now - self._since - self.spent["ask"] - self.spent["report"] - self.spent["tell"]
        self.trials.append(self.spent)
        self.spent, self._since = dict.fromkeys(PARTS, 0.0), now

    def interrupt(self) -> None:
        """The source's."""
        self._source.interrupt()


class Silent:
    """A listener that shows nothing."""

    def started(self, job: TrialJob) -> None:
        """A job began."""

    def evaluated(self, number: int, evaluation: Evaluation, decision: Decision) -> None:
        """A job reached a checkpoint."""

    def finished(self, number: int, outcome: TrialOutcome) -> None:
        """A job ended."""

    def tick(self) -> None:
        """Time passed."""


@contextlib.contextmanager
def counted_rows() -> Iterator[list[int]]:
    """Records how many trials each read of the database returns, inside the context."""
    read: list[int] = []
    original = HistoryStorage._get_trials

    def counting(self: HistoryStorage, *args: Any, **kwargs: Any) -> Any:
        trials = original(self, *args, **kwargs)
        read.append(len(trials))
        return trials

    HistoryStorage._get_trials = counting  # type: ignore[method-assign]
    try:
        yield read
    finally:
        HistoryStorage._get_trials = original  # type: ignore[method-assign]


def coordinator_cost(spec: StudySpec, size: int, trials: int, trial_seconds: float) -> dict[str, Any]:
    """One row: adds `trials` trials to a study of `size` trials."""
    with tempfile.TemporaryDirectory() as folder, counted_rows() as read:
        url = parse_url(f"sqlite:///{folder}/study.db")
        study = create(open_to_write(url), spec.name)
        write_spec(study, spec)
        fill(url, study, spec, size, np.random.default_rng(size))
        begun = time.perf_counter()
        writer, _ = StudyWriter.open(open_to_write(url), spec, artifact_folder(url))
        writer.recover()
        done = writer.count_finished()
        opening = time.perf_counter() - begun
        if done != size:
            raise RuntimeError(f"the study holds {done} finished trials, not {size}")
        read.clear()
        watch = Stopwatch(SearchSource(writer, spec, done + trials))
        coordinate(watch, InstantEngine(1), Silent())
    parts = {part: 1e3 * statistics.median(trial[part] for trial in watch.trials) for part in PARTS}
    each = [1e3 * sum(trial.values()) for trial in watch.trials]
    total = statistics.median(each)
    return {
        "held": size,
        "trials": trials,
        **{f"{part} ms": value for part, value in parts.items()},
        "total ms": total,
        "min": min(each),
        "max": max(each),
        f"% of {trial_seconds:g} s": 100 * total / (1e3 * trial_seconds),
        "rows": sum(read) / trials,
        "opening s": opening,
    }


def workers_gain(*, trials: int, timesteps: int, rounds: int) -> list[dict[str, Any]]:
    """Two rows: one run with two workers, and two runs with one worker each; every trial has the same arguments."""

    def study(count: int) -> dict[str, Any]:
        values = {"environment": {"id": f"roarm_envs:{ENVIRONMENT}"}, "space": "ppo_guide", "pruner": "none"}
        baselines = {f"given{index}": CURRENT for index in range(count)}
        return {**values, "timesteps": timesteps, "trials": count, "baselines": baselines}

    runs: dict[str, list[Run]] = {"one run, two workers": [], "two runs, one worker": []}

    def together() -> None:
        with tempfile.TemporaryDirectory() as folder:
            run = run_tuner(Path(folder), [study(trials)], workers=2, limit=LIMIT)
        runs["one run, two workers"].append(run)

    def apart() -> None:
        with tempfile.TemporaryDirectory() as folder:
            run = run_tuner(Path(folder), [study(trials // 2)] * 2, workers=1, limit=LIMIT)
        runs["two runs, one worker"].append(run)

    alternate({"together": together, "apart": apart}, rounds, warm_up=False)
    ratio = spread([one.speed / two.speed for one, two in zip(*runs.values(), strict=True)])
    return [
        {
            "who": name,
            "steps/s": spread([run.speed for run in done]).median,
            "seconds": spread([run.seconds for run in done]).median,
            "training steps": sum(run.training for run in done),
            "evaluation steps": sum(run.evaluation for run in done),
            "finished": sum(run.finished for run in done),
            "ratio": ratio.median,
            "min": ratio.min,
            "max": ratio.max,
        }
        for name, done in runs.items()
    ]


def main() -> None:
    """Measures both."""
    options = _options()
    results: list[dict[str, Any]] = []
    if options.part in ("coordinator", "both"):
        spec = load_study(find("studies", "reach")).model_copy(update={"baselines": {}})
        sizes, trials = (QUICK_SIZES, 10) if options.quick else (SIZES, options.trials)
        rows = [coordinator_cost(spec, size, trials, options.trial_seconds) for size in sizes]
        print(table(rows))
        results += [{"what": "coordinator", **row} for row in rows]
    if options.part in ("workers", "both"):
        small = {"trials": 2, "timesteps": 8192, "rounds": 1}
        full = {"trials": 4, "timesteps": 98_304, "rounds": options.rounds}
        rows = workers_gain(**(small if options.quick else full))
        print(table(rows))
        results += [{"what": "workers", **row} for row in rows]
    if options.json:
        write_json(options.json, results)


def _options() -> argparse.Namespace:
    made = parser(__doc__, rounds=2)
    made.add_argument("--part", choices=("coordinator", "workers", "both"), default="both", help="what to measure")
    made.add_argument("--trials", type=int, default=30, help="trials measured in each study (default 30)")
    made.add_argument("--trial-seconds", type=float, default=15.0, help="what a trial takes (default 15)")
    return made.parse_args()


if __name__ == "__main__":
    main()
