"""Checks in the database that no trial was lost, doubled or left running. For SQLite and PostgreSQL."""

import statistics
from collections import Counter
from dataclasses import dataclass

import optuna
from optuna.trial import FrozenTrial, TrialState

FIRST_OF_FINALS = 14_000_000
LATE = 3  # evaluations that a trial's value is the mean of
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
OPEN = (TrialState.RUNNING, TrialState.WAITING)


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The trials of a study."""

    states: dict[str, int]
    values: dict[int, float | None]  # of the finished trials, by number


def audit(storage: str, study: str, finished: int) -> Audit:
    """Checks counts, seeds, baselines, retries and values against each other.

    Raises:
        AssertionError: naming the first violation.
    """
    trials = optuna.load_study(storage=storage, study_name=study).get_trials(deepcopy=False)
    done = [trial for trial in trials if trial.state in FINISHED]
    assert len(done) == finished, f"{len(done)} finished trials, {finished} were asked for"
    left = [trial.number for trial in trials if trial.state in OPEN]
    assert not left, f"trials {left} are left running or waiting"
    _prove_seeds([trial for trial in done if not _repeats(trial)])
    _prove_baselines([trial for trial in done if not _repeats(trial)])
    _prove_repeats(trials, [trial for trial in done if _repeats(trial)])
    _prove_retries(trials)
    for trial in done:
        _prove_value(trial)
    states = Counter(trial.state.name for trial in trials)
    return Audit(states=dict(states), values={trial.number: trial.value for trial in done})


def _repeats(trial: FrozenTrial) -> bool:
    return "repeat_of" in trial.user_attrs


def _prove_repeats(trials: list[FrozenTrial], repeats: list[FrozenTrial]) -> None:
    """Every repeat has the parameters of its original and a seed of its own, and ran once."""
    once = Counter((trial.user_attrs["repeat_of"], trial.user_attrs["place"]) for trial in repeats)
    assert all(count == 1 for count in once.values()), f"repeats ran more than once: {once}"
    for trial in repeats:
        original = trials[trial.user_attrs["repeat_of"]]
        assert original.params == trial.params, f"trial {trial.number} has other parameters than {original.number}"
        assert trial.user_attrs["seed"] == FIRST_OF_FINALS + trial.user_attrs["place"]


def _prove_seeds(done: list[FrozenTrial]) -> None:
    seeds = Counter(trial.user_attrs["seed"] for trial in done)
    twice = [seed for seed, count in seeds.items() if count > 1]
    assert not twice, f"seeds {twice} were trained twice"


def _prove_baselines(done: list[FrozenTrial]) -> None:
    roles = Counter(trial.user_attrs["role"] for trial in done if "role" in trial.user_attrs)
    assert all(count == 1 for count in roles.values()), f"baselines finished more than once: {roles}"


def _prove_retries(trials: list[FrozenTrial]) -> None:
    """Every retry has the parameters and the seed of the trial that it replaces; one of a chain finished at most."""
    chains: Counter[int] = Counter()
    for trial in trials:
        first = trial
        while (before := first.user_attrs.get("retry_of")) is not None:
            replaced = trials[before]
            assert replaced.params == trial.params, f"trial {trial.number} has other parameters than {before}"
            assert replaced.user_attrs["seed"] == trial.user_attrs["seed"], f"trial {trial.number} has another seed"
            assert replaced.state == TrialState.FAIL, f"trial {before} ran again and had not failed"
            first = replaced
        chains[first.number] += trial.state in FINISHED
    doubled = [number for number, count in chains.items() if count > 1]
    assert not doubled, f"trials {doubled} finished more than once"


def _prove_value(trial: FrozenTrial) -> None:
    curve = [point["score"] for point in trial.system_attrs.get("tuner:record:curve", [])]
    if trial.state == TrialState.COMPLETE:
        assert trial.value is not None
        wanted = statistics.fmean(curve[-LATE:])
        assert abs(trial.value - wanted) < 1e-9, f"trial {trial.number} has value {trial.value}, its curve {wanted}"
    reported = len(curve) if _repeats(trial) else len(trial.intermediate_values)  # the pruner hears of no repeat
    assert reported == len(curve), f"trial {trial.number} has {reported} reports and {len(curve)} points"
