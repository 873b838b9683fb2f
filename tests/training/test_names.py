"""What environments are called, and who brings them."""

import gymnasium as gym
import pytest

from tuner.errors import EnvironmentUnusable
from tuner.training.names import full_id, offered


def test_the_arm_is_offered() -> None:
    assert offered()["RoArmReach-v0"] == "roarm_envs"


@pytest.mark.parametrize(
    ("name", "full"),
    [
        pytest.param("RoArmReach-v0", "roarm_envs:RoArmReach-v0", id="bare id that a package offers"),
        pytest.param("roarm_envs:RoArmReach-v0", "roarm_envs:RoArmReach-v0", id="module and id"),
        pytest.param("tuner_toys:ToyLine-v0", "tuner_toys:ToyLine-v0", id="a module on the path"),
        pytest.param("CartPole-v1", "CartPole-v1", id="one of Gymnasium's own"),
    ],
)
def test_a_known_id_becomes_what_gymnasium_takes(name: str, full: str) -> None:
    bare = full.rpartition(":")[2]
    assert full_id(name) in (full, bare if bare == name else full)  # bare where its package is imported already
    assert bare in gym.registry


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param(
            "RoArmReech-v0", ["'RoArmReech-v0'", "did you mean 'RoArmReach-v0'", "tuner list envs"], id="typo"
        ),
        pytest.param("roarm_envs:RoArmReach-v9", ["RoArmReach-v9", "did you mean"], id="version"),
        pytest.param("tuner_toys:Nothing-v0", ["tuner_toys:Nothing-v0"], id="not in its module"),
        pytest.param("not an id at all", ["not an id at all"], id="malformed"),
        pytest.param("no_such_module:Thing-v0", ["cannot import 'no_such_module'", "install its package"], id="module"),
    ],
)
def test_an_unknown_id_is_refused_with_the_way_out(name: str, words: list[str]) -> None:
    with pytest.raises(EnvironmentUnusable) as caught:
        full_id(name)
    assert [word for word in words if word not in str(caught.value)] == []
