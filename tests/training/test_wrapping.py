"""Wrappers of single environments: applied in order, everywhere, refused by name; spaces that are shifted to 0."""

from typing import Any

import numpy as np
import pytest

from tuner.checking.check_report import full
from tuner.checking.run_check import run_check
from tuner.errors import EnvironmentFailed, EnvironmentUnusable
from tuner.records import EnvironmentRef
from tuner.training.environments import VecGuard, make_vec_env
from tuner.training.lean_vec_env import LeanVecEnv
from tuner.training.making import make_bare
from tuner.training.stepping import advance, begin

RESCALED = {"gymnasium.wrappers.RescaleAction": {"min_action": -1, "max_action": 1}}


def ref(*wrappers: Any, name: str = "wrapped_toys:Wide", **options: Any) -> EnvironmentRef:
    return EnvironmentRef(id=name, wrappers=wrappers, **options)


def moved(environment: EnvironmentRef, action: float) -> float:
    """Where the point is after a step, and its reward."""
    env = make_bare(environment)
    begin(env, 1)
    observation, *_ = advance(env, np.array([action], np.float32))
    env.close()
    return float(observation[0])


def test_they_are_applied_in_their_order() -> None:
    assert moved(ref(), 0.5) == pytest.approx(0.075)
    assert moved(ref(RESCALED), 0.5) == pytest.approx(0.15)
    assert moved(ref(RESCALED, "wrapped_toys.Doubled"), 0.5) == pytest.approx(0.3)


@pytest.mark.parametrize("wrapper", [{"wrapped_toys.Scaled": {"factor": 4.0}}, "wrapped_toys.scaled_twice"])
def test_a_class_with_arguments_or_a_function(wrapper: Any) -> None:
    rewards = []
    for environment in (ref(), ref(wrapper)):
        env = make_bare(environment)
        begin(env, 1)
        rewards.append(advance(env, np.array([1.0], np.float32))[1])
    assert rewards[1] == pytest.approx(4 * rewards[0])


@pytest.mark.parametrize(
    ("wrapper", "words"),
    [
        ("no_such_module.Wrapper", "cannot import 'no_such_module' (ModuleNotFoundError"),
        ("gymnasium.wrappers.FlatenObservation", "has no 'FlatenObservation', did you mean 'FlattenObservation'?"),
        ("tuner_toys.Line", "is another class; it must be a class derived from gymnasium's Wrapper, or a function"),
        ("tuner_toys.EPISODE", "is of type int"),
        ("gymnasium.wrappers.RescaleAction", "missing 2 required positional arguments"),
        ({"wrapped_toys.Scaled": {"fctor": 1.0}}, "cannot be applied with {'fctor': 1.0}"),
        ({"wrapped_toys.Scaled": {"fctor": 1.0}}, "; it takes factor"),
        ({"wrapped_toys.Raises": {"at_once": True}}, "ValueError: no motor"),
        ("wrapped_toys.nothing", "returned NoneType, no environment"),
    ],
)
def test_one_that_cannot_be_applied_is_named_in_one_line(wrapper: Any, words: str) -> None:
    with pytest.raises(EnvironmentUnusable) as caught:
        make_bare(ref(wrapper))
    path = wrapper if isinstance(wrapper, str) else next(iter(wrapper))
    assert str(caught.value).startswith(f"wrapper {path!r}")
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_one_that_raises_in_a_step_is_named() -> None:
    with pytest.raises(EnvironmentFailed, match=r"raised in step: .* off \(in the wrapper Raises\)"):
        run_check(ref("wrapped_toys.Raises"), full(2))


@pytest.mark.parametrize("vec_env", ["dummy", "subproc"])
def test_every_copy_has_them_whatever_the_class_offers(vec_env: str) -> None:
    own = ref(name="tuner_toys:ToyOwn-v0", n_envs=2)
    assert isinstance(make_vec_env(own), VecGuard)
    env = make_vec_env(ref(RESCALED, n_envs=2, vec_env=vec_env))
    assert env.action_space.high == 1.0  # type: ignore[attr-defined]
    env.close()
    assert type(make_vec_env(ref("wrapped_toys.Doubled", name="tuner_toys:ToyOwn-v0", n_envs=2))) is LeanVecEnv


def test_a_vector_environment_that_counts_from_elsewhere_is_not_used() -> None:
    env = make_vec_env(ref(name="wrapped_toys:Counting", n_envs=2))
    assert str(env.action_space) == "Discrete(3)"
    assert {*np.asarray(env.reset()).tolist()} <= {0, 1, 2}
    env.step(np.array([0, 2]))
    env.close()


@pytest.mark.parametrize("name", ["wrapped_toys:Counting", "wrapped_toys:make_counting"])
def test_the_check_says_what_is_shifted_and_its_expert_sees_the_environment_itself(name: str) -> None:
    report = run_check(ref(name=name), full(20))
    line = next(line for line in report.lines if line.name == "spaces")
    assert line.verdict == "ok"
    assert line.finding.startswith("Discrete(5, start=5) and Discrete(3, start=1) are shifted to begin at 0")
    assert report.shifted
    assert {row.policy: row.success for row in report.policies}["expert"] == 1.0


def test_an_expert_acts_past_wrappers() -> None:
    report = run_check(ref(RESCALED, "wrapped_toys.Doubled"), full(20))
    assert not report.shifted
    assert {row.policy: row.success for row in report.policies}["expert"] == 1.0


def test_bounds_that_are_not_those_of_the_first_policy_come_with_the_line_that_rescales() -> None:
    line = next(line for line in run_check(ref(), full(5)).lines if line.name == "action bounds")
    assert "`environment: {wrappers: [{gymnasium.wrappers.RescaleAction: {min_action" in line.suggestion
    line = next(line for line in run_check(ref(RESCALED), full(5)).lines if line.name == "action bounds")
    assert line.verdict == "ok"
