"""Proposals are Optuna's own, digit for digit, whatever the study holds."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import optuna
import pytest
from optuna import Study, Trial
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from tuner.study.history import History
from tuner.study.tpe import KeepingTPESampler, Observed

SPACE = {
    "learning_rate": FloatDistribution(1e-5, 1e-2, log=True),
    "n_steps": IntDistribution(64, 4096, log=True),
    "clip": FloatDistribution(0.1, 0.3),
    "epochs": IntDistribution(1, 20),
    "net": CategoricalDistribution(("small", "large")),
}
STARTUP = 10


def optunas(group: bool, seed: int) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return TPESampler(multivariate=True, group=group, constant_liar=True, n_startup_trials=STARTUP, seed=seed)


def keeping(observed: Observed, group: bool, seed: int) -> BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return KeepingTPESampler(observed, seed=seed, n_startup_trials=STARTUP, group=group)


def suggest(trial: Trial, conditional: bool) -> dict[str, Any]:
    trial.suggest_float("learning_rate", 1e-5, 1e-2, log=True)
    trial.suggest_int("n_steps", 64, 4096, log=True)
    net = trial.suggest_categorical("net", ("small", "large"))
    if not conditional or net == "large":
        trial.suggest_float("clip", 0.1, 0.3)
    if not conditional or net == "small":
        trial.suggest_int("epochs", 1, 20)
    return trial.params


def end(study: Study, trial: Trial, rng: np.random.Generator) -> None:
    """Any of the ways in which a trial can end, ties included."""
    kind = rng.choice(["complete", "pruned", "unheard", "nan", "failed"], p=[0.4, 0.3, 0.1, 0.1, 0.1])
    if kind == "complete":
        study.tell(trial, float(rng.integers(0, 6)) / 8)
        return
    if kind == "pruned":
        for step in range(1, int(rng.integers(2, 5))):
            trial.report(float(rng.integers(0, 4)) / 8, step)
    if kind == "nan":
        trial.report(float("nan"), 1)
    study.tell(trial, state=TrialState.FAIL if kind == "failed" else TrialState.PRUNED)


def play(make: Callable[[int], BaseSampler], trials: int, conditional: bool, afresh: bool) -> list[dict[str, Any]]:
    """The proposals of a study with up to four trials at once, some of which are never told."""
    rng = np.random.default_rng(5)
    study = optuna.create_study(direction="maximize", sampler=make(1))
    under_way: list[Trial] = []
    found = []
    for number in range(trials):
        if afresh:
            study.sampler = make(number)
        trial = study.ask()
        found.append(suggest(trial, conditional))
        under_way.append(trial)
        if len(under_way) == 4:
            end(study, under_way.pop(int(rng.integers(0, 4))), rng)
    return found


@pytest.mark.parametrize("conditional", [False, True], ids=["plain", "conditional"])
@pytest.mark.parametrize("afresh", [False, True], ids=["one sampler", "one a trial"])
def test_every_proposal_is_optunas(conditional: bool, afresh: bool) -> None:
    observed = Observed()
    theirs = play(lambda seed: optunas(conditional, seed), 90, conditional, afresh)
    ours = play(lambda seed: keeping(observed, conditional, seed), 90, conditional, afresh)
    assert ours == theirs
    assert len({str(params) for params in ours}) == 90


def frozen(number: int, rng: np.random.Generator) -> FrozenTrial:
    values = {
        "learning_rate": float(10.0 ** rng.uniform(-5, -2)),
        "n_steps": int(rng.integers(64, 4097)),
        "clip": float(rng.uniform(0.1, 0.3)),
        "epochs": int(rng.integers(1, 21)),
        "net": ("small", "large")[rng.integers(0, 2)],
    }
    complete = rng.random() < 0.5
    return optuna.trial.create_trial(
        state=TrialState.COMPLETE if complete else TrialState.PRUNED,
        value=float(rng.normal()),
        params=values,
        distributions=SPACE,
        intermediate_values={1: 0.5, 2: float(rng.normal())},
        system_attrs={"constraints": [1.0]} if number % 50 == 7 else {},
    )


def long_study(sampler: BaseSampler) -> Study:
    rng = np.random.default_rng(0)
    study = optuna.create_study(direction="maximize", sampler=RandomSampler())
    study.add_trials([frozen(number, rng) for number in range(700)])
    study.sampler = sampler
    return study


def test_a_long_history_is_taken_up_alike() -> None:
    found = []
    for sampler in (optunas(group=False, seed=3), keeping(Observed(), group=False, seed=3)):
        study = long_study(sampler)
        found.append([study.ask(SPACE).params for _ in range(8)])
    assert found[0] == found[1]


def test_a_finished_trial_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    study = long_study(keeping(Observed(), group=False, seed=3))
    study.ask(SPACE)
    read: list[float] = []
    original = FloatDistribution.to_internal_repr

    def reading(self: FloatDistribution, value: float) -> float:
        read.append(value)
        return original(self, value)

    monkeypatch.setattr(FloatDistribution, "to_internal_repr", reading)
    study.tell(study.ask(SPACE), 0.5)
    study.ask(SPACE)
    assert 0 < len(read) < 40


def numbers(trials: Sequence[FrozenTrial]) -> list[int]:
    return [trial.number for trial in trials]


def test_history_tells_each_finished_trial_once() -> None:
    study, history = optuna.create_study(), History()
    first, second = study.ask(), study.ask()
    assert history.finished_since(study.get_trials(deepcopy=False)) == []
    study.tell(second, 1.0)
    assert numbers(history.finished_since(study.get_trials(deepcopy=False))) == [1]
    assert history.unfinished() == [0]
    study.tell(study.ask(), 1.0)
    study.tell(first, state=TrialState.FAIL)
    assert numbers(history.finished_since(study.get_trials(deepcopy=False))) == [0, 2]
    assert (history.finished_since(study.get_trials(deepcopy=False)), history.unfinished()) == ([], [])
