"""The policies of a check."""

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


class Plain(planted_toys.Healthy):
    def make_expert(self) -> Any:  # type: ignore[override]
        return Controller()


@pytest.mark.parametrize("kind", [Static, OfTheClass, Plain])
def test_an_expert_is_made_for_the_environment_and_reset_at_each_episode(kind: type[planted_toys.Healthy]) -> None:
    expert = make_policies(kind(), 7)["expert"]
    for _ in range(2):
        expert.reset(seed=7)
        assert expert(np.zeros(4)).tolist() == [1, 1]  # made again, and reset


class Kept(planted_toys.Healthy):
    controller = Controller()

    def make_expert(self) -> Any:  # type: ignore[override]
        assert self._goal.any()  # an episode has begun
        return self.controller


def test_an_expert_that_is_kept_is_reset_at_every_episode() -> None:
    before = Kept.controller.episodes
    expert = make_policies(Kept(), 7)["expert"]
    expert.reset(seed=8)
    assert Kept.controller.episodes == before + 2


class Abstract(planted_toys.Healthy):
    def make_expert(self) -> Any:  # type: ignore[override]
        raise NotImplementedError


@pytest.mark.parametrize("kind", [planted_toys.Unaided, Abstract])
def test_most_environments_have_no_expert(kind: type[planted_toys.Healthy]) -> None:
    assert list(make_policies(kind(), 7)) == ["zero", "random"]


def test_random_actions_are_determined_by_the_seed() -> None:
    env = planted_toys.Healthy()
    one, other = (make_policies(env, 7)["random"] for _ in range(2))
    for policy in (one, other):
        policy.reset(3)
    first = [one(None).tolist() for _ in range(5)]
    assert first == [other(None).tolist() for _ in range(5)]
    one.reset(4)
    assert first != [one(None).tolist() for _ in range(5)]
