"""Finals in a real study: when they begin, what they repeat, and that interruptions change nothing."""

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import write_study
from optuna.trial import FrozenTrial, TrialState
from study.test_search_source import DONE, FAILED, STEPS, evaluations

from tuner.config.load import find, load_study
from tuner.records import TrialJob, TrialOutcome
from tuner.study.finals_schedule import TimeLimit
from tuner.study.rows import configurations, make_row
from tuner.study.search_source import SearchSource
from tuner.study.storage import open_to_write, parse_url
from tuner.study.writer import StudyWriter


class Run:
    """A run of a study whose score is one of the parameters and the seed; may be broken off and begun again."""

    def __init__(self, folder: Path, trials: int, limit: TimeLimit | None = None, **changes: Any) -> None:
        changes = {"sampler": "random", "pruner": "none", "seed": 3, **changes}
        spec = load_study(find("studies", str(write_study(folder, **changes))), changes={"trials": trials})
        storage = open_to_write(parse_url(f"sqlite:///{folder}/toy.db"))
        self.spec = spec
        self.writer, _ = StudyWriter.open(storage, spec, folder / "artifacts")
        self.writer.recover()
        self.writer.enqueue_baselines()
        self.source = SearchSource(self.writer, spec, trials, limit=limit)
        self.jobs: list[TrialJob] = []

    def work(self, workers: int = 1, most: int = 10_000) -> None:
        """Runs at most so many jobs, so many at a time; the one that began last ends first."""
        for _ in range(most):
            while len(self.jobs) < workers and (job := self.source.next_job()) is not None:
                self.jobs.append(job)
            if not self.jobs:
                return
            self.end(self.jobs.pop())

    def end(self, job: TrialJob, outcome: TrialOutcome = DONE) -> None:
        score = score_of(job)
        for evaluation in evaluations([score] * len(STEPS)):
            self.source.on_evaluation(job.number, evaluation)
        self.source.on_outcome(job.number, outcome)

    @property
    def trials(self) -> list[FrozenTrial]:
        return self.writer.trials(TrialState.COMPLETE, TrialState.PRUNED)

    @property
    def repeats(self) -> list[FrozenTrial]:
        return [trial for trial in self.trials if "repeat_of" in trial.user_attrs]


def score_of(job: TrialJob) -> float:
    own, luck = float(job.params["learning_rate"]) * 1e4 % 1, job.seed * 0.7548776662 % 1
    return round((own + luck) / 2, 6)


def told(trials: list[FrozenTrial]) -> list[tuple[Any, ...]]:
    """What is the same in every way to run a study."""
    return [
        (t.params, t.value, *(t.user_attrs.get(key) for key in ("seed", "role", "place")), name_of(trials, t))
        for t in sorted(trials, key=lambda t: (t.user_attrs["seed"], str(t.params)))
    ]


def name_of(trials: list[FrozenTrial], trial: FrozenTrial) -> Any:
    """The seed of the trial that a trial repeats."""
    first = trial.user_attrs.get("repeat_of")
    return next((t.user_attrs["seed"] for t in trials if t.number == first), None)


def test_the_last_trials_repeat_the_leaders(tmp_path: Path) -> None:
    run = Run(tmp_path, 60)
    run.work()
    assert len(run.trials) == 60
    assert len(run.repeats) == 6 == run.spec.repeats
    assert [trial.number for trial in run.repeats] == list(range(54, 60))
    for trial in run.repeats:
        original = run.writer.trials()[trial.user_attrs["repeat_of"]]
        assert trial.params == original.params
        assert trial.user_attrs["seed"] == 14_000_000 + trial.user_attrs["place"]
        assert trial.user_attrs.get("role") == original.user_attrs.get("role")
        assert trial.intermediate_values == {}  # the median rule does not see them
    leader = configurations([make_row(trial, run.spec) for trial in run.writer.trials()])[0]
    assert leader.standing.repeated
    repeated = Counter(trial.user_attrs["repeat_of"] for trial in run.repeats)
    assert leader.first.number in repeated


def test_the_baselines_are_among_them(tmp_path: Path) -> None:
    run = Run(tmp_path, 60)
    run.work()
    assert {"baseline:current", "baseline:proposed"} <= {trial.user_attrs.get("role") for trial in run.repeats}


@pytest.mark.parametrize("finals", [False, "off", 0.0])
def test_without_finals_every_trial_is_of_the_search(tmp_path: Path, finals: Any) -> None:
    run = Run(tmp_path, 60, finals=finals)
    run.work()
    assert (len(run.trials), run.repeats) == (60, [])


def test_broken_off_anywhere_the_same_trials_run_each_once(tmp_path: Path) -> None:
    for name in ("whole", "broken", "two"):
        (tmp_path / name).mkdir()
    whole = Run(tmp_path / "whole", 60)
    whole.work()
    for _ in range(200):
        broken = Run(tmp_path / "broken", 60)
        broken.source.next_job()  # killed while it runs
        broken = Run(tmp_path / "broken", 60)
        broken.work(workers=2, most=7)
        if len(broken.trials) == 60:
            break
    two = Run(tmp_path / "two", 60)
    two.work(workers=2)
    assert told(broken.trials) == told(whole.trials) == told(two.trials)
    assert len({(t.user_attrs["repeat_of"], t.user_attrs["place"]) for t in broken.repeats}) == 6


def test_a_repeat_that_fails_runs_again_as_the_same_repeat(tmp_path: Path) -> None:
    run = Run(tmp_path, 60)
    run.work(most=55)
    job = run.source.next_job()
    assert job is not None
    run.end(job, FAILED)
    again = run.source.next_job()
    assert again is not None
    assert (again.seed, again.params) == (job.seed, job.params)
    run.end(again)
    run.work()
    assert (len(run.trials), len(run.repeats)) == (60, 6)


def test_more_trials_search_on_and_end_in_finals_again(tmp_path: Path) -> None:
    Run(tmp_path, 60).work()
    more = Run(tmp_path, 100)
    more.work()
    assert (len(more.trials), len(more.repeats)) == (100, more.spec.repeats)
    new = [trial for trial in more.repeats if trial.number >= 60]
    assert new
    assert min(trial.number for trial in new) == 100 - len(new)
    used = [(trial.user_attrs["repeat_of"], trial.user_attrs["place"]) for trial in more.repeats]
    assert len(used) == len(set(used))


def test_a_repeat_that_diverged_counts_as_the_lowest_score(tmp_path: Path) -> None:
    run = Run(tmp_path, 60)
    run.work(most=55)
    job = run.source.next_job()
    assert job is not None
    run.source.on_outcome(job.number, TrialOutcome(state="diverged", reason="loss is nan"))
    run.work()
    assert len(run.trials) == 60
    rows = [make_row(trial, run.spec) for trial in run.writer.trials()]
    found = next(one for one in configurations(rows) if any(row.number == job.number for row in one.rows))
    assert min(row.value for row in rows if row.value is not None) in found.standing.scores
    assert 0.0 in found.successes


def test_under_a_time_limit_finals_begin_while_there_is_time_for_them(tmp_path: Path) -> None:
    now = time.monotonic()
    run = Run(tmp_path, 200, limit=TimeLimit(last_start=now + 38.0, seconds=2.0, workers=2))
    run.work(most=10)
    assert not run.repeats
    run.source._finals._begun = now - 160.0  # most of the time is over
    run.work()
    plan = run.writer.study.user_attrs["finals"][-1]
    assert plan["trials"] == 200
    assert len(run.repeats) == plan["repeats"] == 38
    assert len(run.trials) == 48
