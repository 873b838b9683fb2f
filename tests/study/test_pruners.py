"""Pruners, simulated over checkpoints in a real study."""

from pathlib import Path

import optuna
import pytest
from optuna import Study

from tuner.config.model import Pruner
from tuner.study.pruners import STARTUP_TRIALS, make_pruner
from tuner.study.storage import open_to_write, parse_url

TIMESTEPS = 1000
STEPS = range(100, TIMESTEPS + 1, 100)


def make_study(folder: Path, kind: Pruner, completed: int, value: float = 1.0) -> Study:
    """A study in which `completed` trials reported `value` at every checkpoint."""
    storage = open_to_write(parse_url(f"sqlite:///{folder}/toy.db"))
    study = optuna.create_study(storage=storage, direction="maximize", pruner=make_pruner(kind, TIMESTEPS))
    for _ in range(completed):
        trial = study.ask()
        for step in STEPS:
            trial.report(value, step)
        study.tell(trial, value)
    return study


def pruned_at(study: Study, value: float) -> int | None:
    """The step at which a trial that always reports `value` is stopped."""
    trial = study.ask()
    for step in STEPS:
        trial.report(value, step)
        if trial.should_prune():
            return step
    return None


@pytest.mark.parametrize(
    ("completed", "value", "expected"),
    [
        pytest.param(STARTUP_TRIALS, 0.1, 400, id="clearly worse: right after the warm-up"),
        pytest.param(STARTUP_TRIALS - 1, 0.1, None, id="too few completed trials"),
        pytest.param(STARTUP_TRIALS, 1.0, None, id="as good as the median"),
        pytest.param(STARTUP_TRIALS, 2.0, None, id="better"),
    ],
)
def test_median(completed: int, value: float, expected: int | None, tmp_path: Path) -> None:
    assert pruned_at(make_study(tmp_path, "median", completed), value) == expected


def test_median_counts_completed_trials_only(tmp_path: Path) -> None:
    study = make_study(tmp_path, "median", STARTUP_TRIALS - 1)
    trial = study.ask()
    for step in STEPS:
        trial.report(1.0, step)
    study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    assert pruned_at(study, 0.1) is None


def test_halving_judges_at_its_rungs(tmp_path: Path) -> None:
    study = make_study(tmp_path, "halving", 0)
    stopped = [pruned_at(study, value) for value in (9.0, 8.0, 7.0, 6.0, 5.0)]
    assert stopped[0] is None
    assert stopped[3:] == [100, 100]  # behind the best third of those at the first rung
    assert set(stopped) <= {None, 100, 300, 900}


def test_none_never_prunes(tmp_path: Path) -> None:
    assert pruned_at(make_study(tmp_path, "none", STARTUP_TRIALS), -1e9) is None


@pytest.mark.parametrize("kind", ["median", "halving", "none"])
def test_the_smallest_budget_has_a_pruner(kind: Pruner) -> None:
    assert isinstance(make_pruner(kind, 2), optuna.pruners.BasePruner)
