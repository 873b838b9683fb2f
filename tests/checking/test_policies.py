"""Who acts in a check."""

from typing import Any

import numpy as np
import planted_toys
import pytest

from tuner.checking.policies import make_policies


class Controller:
    """Counts its episodes."""

    episodes = 0

    def reset(self) -> None:
        self.episodes += 1

    def __call__(self, observation: Any) -> Any:
        return np.full(2, self.episodes, np.float32)


class Static(planted_toys.Healthy):
    @staticmethod
    def make_expert(env: Any) -> Any:
        assert isinstance(env, Static)
        return Controller()


class OfTheClass(planted_toys.Healthy):
    @classmethod
    def make_expert(cls, env: Any) -> Any:
        assert isinstance(env, cls)
        return Controller()


@pytest.mark.parametrize("kind", [Static, OfTheClass])
def test_an_expert_is_made_for_the_environment_and_hears_of_its_episodes(kind: type[planted_toys.Healthy]) -> None:
    expert = make_policies(kind())["expert"]
    for episode in (1, 2):
        expert.reset(seed=7)
        assert expert(np.zeros(4)).tolist() == [episode, episode]


def test_none_is_offered_by_most() -> None:
    assert list(make_policies(planted_toys.Unaided())) == ["zero", "random"]


def test_random_follows_from_the_episodes_seed() -> None:
    env = planted_toys.Healthy()
    one, other = make_policies(env)["random"], make_policies(env)["random"]
    for policy in (one, other):
        policy.reset(3)
    first = [one(None).tolist() for _ in range(5)]
    assert first == [other(None).tolist() for _ in range(5)]
    one.reset(4)
    assert first != [one(None).tolist() for _ in range(5)]
