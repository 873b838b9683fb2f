"""The cost of training by its arguments."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import SPACE, write_study

from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.planning.estimate import largest_buffer, short_runs, updates_a_step

RATE = {"learning_rate": {"type": "float", "low": 1e-5, "high": 1e-2, "scale": "log"}}
FREQ = {"train_freq": {"type": "int", "low": 1, "high": 4, "scale": "power_of_two"}}
STEPS = {"n_steps": {"type": "int", "low": 8, "high": 16, "scale": "power_of_two"}}


def study(folder: Path, space: dict[str, Any], n_envs: int = 1, **changes: Any) -> StudySpec:
    environment = {"id": "tuner_toys:ToyLine-v0", "n_envs": n_envs}
    path = write_study(folder, **{"baselines": {}, "environment": environment, "timesteps": 4096, **changes})
    (folder / "toy_space.yaml").write_text(yaml.safe_dump(space))
    return load_study(find("studies", str(path)))


SPACES: dict[str, dict[str, Any]] = {
    "ppo": SPACE,
    "a2c": {"algorithm": "a2c", "parameters": STEPS},
    "sac": {"algorithm": "sac", "parameters": FREQ, "fixed": {"net_arch": [8]}},
    "dqn": {"algorithm": "dqn", "parameters": RATE},
}


@pytest.mark.parametrize("n_envs", [1, 3, 100])
@pytest.mark.parametrize("algorithm", SPACES)
def test_the_short_runs_differ_in_their_updates_alone(tmp_path: Path, algorithm: str, n_envs: int) -> None:
    few, many = short_runs(study(tmp_path, SPACES[algorithm], n_envs, timesteps=64 * 300))
    assert few.steps == many.steps
    assert few.steps % (8 * n_envs) == 0
    assert few.updates < many.updates


def test_the_spaces_nets_are_measured(tmp_path: Path) -> None:
    few, many = short_runs(study(tmp_path, SPACES["sac"]))
    assert few.params["net_arch"] == many.params["net_arch"] == [8]


@pytest.mark.parametrize(
    ("space", "n_envs", "rate"),
    [
        pytest.param(SPACE, 1, (1 / 4 + 1 / 8 + 1 / 16 + 1 / 32) / 4, id="ppo"),
        pytest.param(SPACES["a2c"], 2, (1 / 8 + 1 / 16) / 2 / 2, id="a2c"),
        pytest.param(SPACES["sac"], 1, (1 + 1 / 2 + 1 / 4) / 3, id="sac"),
        pytest.param({**SPACES["sac"], "fixed": {"gradient_steps": -1}}, 2, 1.0, id="one for every step"),
        pytest.param(SPACES["dqn"], 1, 1 / 4, id="the library's own"),
    ],
)
def test_updates_a_step(tmp_path: Path, space: dict[str, Any], n_envs: int, rate: float) -> None:
    assert updates_a_step(study(tmp_path, space, n_envs)) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("space", "size"),
    [
        pytest.param(SPACE, 0, id="none"),
        pytest.param(SPACES["sac"], 4096, id="no more than the trial's steps"),
        pytest.param({**SPACES["sac"], "fixed": {"buffer_size": 500}}, 500, id="as fixed"),
    ],
)
def test_the_largest_buffer(tmp_path: Path, space: dict[str, Any], size: int) -> None:
    assert largest_buffer(study(tmp_path, space)) == size
