"""`--algorithm`: what is refused, and the command to continue with."""

from pathlib import Path

import pytest
from conftest import Tuner


def test_what_comes_next_names_it(tuner: Tuner, finished: Path) -> None:
    said = tuner("run toy.yaml --algorithm ppo --engine inline")
    assert "Nothing to do" in said.err
    assert "tuner run toy.yaml --algorithm ppo --trials 8" in said.out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("run --algorithm ddpg", "--algorithm 'ddpg': must be one of ppo, a2c, sac, td3, dqn"),
        ("run --algorithm sac --space td3_robot", "algorithm: 'sac', but the space td3_robot is for td3"),
        (
            "run --algorithm sac --timesteps 32",
            "timesteps: 32 is less than one largest rollout (train_freq x n_envs = 64)",
        ),
        ("run --algorithm sac --timesteps 8000", "learning_starts: 10,000 of 8,000 timesteps leave none"),
    ],
)
def test_usage_is_refused_in_a_line_before_anything_is_written(
    tuner: Tuner, tmp_path: Path, line: str, words: str
) -> None:
    said = tuner(line)
    assert said.code == 2
    assert words in said.err
    assert not list(tmp_path.iterdir())
