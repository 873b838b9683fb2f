"""Environment names as text."""

from pathlib import Path

import pytest

from tuner.config.environment_ids import is_class, one_spelling, same_environment


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("arm.py:Arm", "arm.py:Arm"),
        ("./envs/../envs/arm.py:Arm", "envs/arm.py:Arm"),
        ("{here}/envs/arm.py:Arm", "envs/arm.py:Arm"),
        ("../elsewhere/arm.py:Arm", "{above}/elsewhere/arm.py:Arm"),
        ("roarm_envs:RoArmReach-v0", "roarm_envs:RoArmReach-v0"),
        ("CartPole-v1", "CartPole-v1"),
    ],
)
def test_a_file_has_one_spelling(name: str, spelling: str, tmp_path: Path) -> None:
    here = tmp_path.resolve()
    assert one_spelling(name.format(here=here)) == spelling.format(above=here.parent)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("arm.py:Arm", "./arm.py:Arm", True),
        ("arm.py:Arm", "other.py:Arm", False),
        ("roarm_envs:RoArmReach-v0", "RoArmReach-v0", True),
        ("roarm_envs:RoArmReach-v0", "mine:RoArmReach-v0", False),
        ("roarm_envs:RoArmReach-v0", None, False),
    ],
)
def test_two_spellings_of_one_environment(one: str, other: object, same: bool) -> None:
    assert same_environment(one, other) is same


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("arm.py:Arm", True),
        ("envs.arm:Arm", True),
        ("roarm_envs:RoArmReach-v0", False),
        ("CartPole-v1", False),
        ("Unversioned", False),
        ("metaworld:Meta-World/MT1", False),
        ("gymnasium:Unversioned-Id", False),
    ],
)
def test_classes_are_told_from_ids(name: str, found: bool) -> None:
    assert is_class(name) is found
