"""Which arguments PPO takes, and with which values."""

import inspect
from collections.abc import Mapping
from typing import Any

import pytest

from tuner.config.algorithms import ALGORITHMS
from tuner.config.algorithms import argument_faults as faults
from tuner.config.arguments import HER, NETS, NOISE, NORMALIZE, POLICY
from tuner.config.schedules import EXAMPLES
from tuner.training.make_model import model_class

ELSEWHERE = {*POLICY, *NOISE, *NORMALIZE, *HER}  # arguments that the algorithm's class does not take itself


def signature(algorithm: str) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(model_class(algorithm).__init__).parameters


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_argument_is_one_of_the_algorithm_or_of_its_policy(algorithm: str) -> None:
    kind = model_class(algorithm).policy_aliases[ALGORITHMS[algorithm].policies["flat"]]
    policy = inspect.signature(kind.__init__).parameters
    assert ALGORITHMS[algorithm].arguments.keys() - ELSEWHERE <= signature(algorithm).keys()
    assert ALGORITHMS[algorithm].arguments.keys() & POLICY.keys() <= policy.keys()
    assert ALGORITHMS[algorithm].arguments.keys() >= NETS.keys()


@pytest.mark.parametrize("algorithm", ["sac", "td3"])
def test_noise_is_of_those_that_take_it(algorithm: str) -> None:
    assert ALGORITHMS[algorithm].arguments.keys() >= NOISE.keys()
    assert "action_noise" in signature(algorithm)


def test_the_guides_eight_are_among_them() -> None:
    guide = ["learning_rate", "n_steps", "batch_size", "n_epochs", "gamma", "gae_lambda", "clip_range", "ent_coef"]
    assert ALGORITHMS["ppo"].arguments.keys() >= set(guide)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_algorithms_own_defaults_are_allowed(algorithm: str) -> None:
    names = ALGORITHMS[algorithm].arguments.keys() - ELSEWHERE
    defaults = {name: signature(algorithm)[name].default for name in names}
    assert list(faults(defaults, "fixed", algorithm)) == []


@pytest.mark.parametrize(
    ("algorithm", "name", "value"),
    [
        ("sac", "ent_coef", "auto"),
        ("sac", "ent_coef", "auto_0.1"),
        ("sac", "ent_coef", 0.2),
        ("sac", "target_entropy", -3.0),
        ("sac", "gradient_steps", -1),
        ("td3", "noise_type", "ornstein-uhlenbeck"),
        ("a2c", "n_steps", 1),
        ("dqn", "exploration_final_eps", 0),
    ],
)
def test_a_good_value_of_another_algorithm_passes(algorithm: str, name: str, value: object) -> None:
    assert list(faults({name: value}, "fixed", algorithm)) == []


@pytest.mark.parametrize(
    ("algorithm", "name", "value", "rule"),
    [
        ("sac", "ent_coef", "automatic", "'automatic' must be auto, auto_NUMBER or a number"),
        ("sac", "ent_coef", "auto_", "'auto_' must be auto, auto_NUMBER or a number"),
        ("sac", "ent_coef", "auto_0", "'auto_0' must be auto, auto_NUMBER or a number"),
        ("sac", "ent_coef", "auto_nan", "'auto_nan' must be auto, auto_NUMBER or a number"),
        ("sac", "ent_coef", -0.1, "-0.1 must be at least 0"),
        ("sac", "ent_coef", True, "True must be a finite number"),
        ("sac", "target_entropy", "auto_1", "'auto_1' must be auto or a number"),
        ("sac", "train_freq", [1, "episode"], "[1, 'episode'] must be a whole number"),
        ("sac", "gradient_steps", -2, "-2 must be at least -1"),
        ("sac", "buffer_size", 0, "0 must be at least 1"),
        ("td3", "tau", 0, "0 must be greater than 0"),
        ("td3", "noise_type", "white", "'white' must be one of normal, ornstein-uhlenbeck"),
        ("td3", "noise_sd", 0.1, "unknown TD3 argument, did you mean 'noise_std'"),
        ("sac", "clip_range", 0.1, "unknown SAC argument"),
        ("dqn", "noise_std", 0.1, "unknown DQN argument"),
        ("dqn", "exploration_fraction", 0, "0 must be greater than 0"),
        ("a2c", "batch_size", 64, "unknown A2C argument"),
    ],
)
def test_a_bad_value_of_another_algorithm_is_refused(algorithm: str, name: str, value: object, rule: str) -> None:
    (fault,) = faults({name: value}, "fixed", algorithm)
    assert fault.startswith(f"fixed.{name}: {rule}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 3e-4),
        ("learning_rate", 1),
        ("learning_rate", "lin_3e-4"),
        ("learning_rate", "lin_3e-4_1e-5"),
        ("clip_range", "lin_0.2_0.1"),
        ("clip_range_vf", "lin_0.2"),
        ("ent_coef", "lin_0_0.01"),
        ("learning_rate_schedule", "linear"),
        ("clip_range_final", 0.1),
        ("n_steps", 2),
        ("gamma", 0),
        ("gamma", 1.0),
        ("ent_coef", 0.0),
        ("clip_range_vf", None),
        ("target_kl", 0.02),
        ("normalize_advantage", False),
        ("net_arch", [64, 64]),
        ("net_arch", []),
        ("net_arch", "256x256"),
        ("activation_fn", "relu"),
        ("log_std_init", -2),
        ("ortho_init", False),
    ],
)
def test_a_good_value_passes(name: str, value: object) -> None:
    assert list(faults({name: value}, "fixed", "ppo")) == []


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("learning_rate", 0.0, "0.0 must be greater than 0"),
        ("learning_rate", -1e-4, "-0.0001 must be greater than 0"),
        ("learning_rate", float("nan"), "nan must be a finite number"),
        ("learning_rate", float("inf"), "inf must be a finite number"),
        ("learning_rate", "lin_0", "'lin_0': 0.0 must be greater than 0"),
        ("learning_rate", "lin_3e-4_2", "'lin_3e-4_2': 2.0 must be at most 1"),
        ("learning_rate", "fast", f"'fast' must be a finite number, or a schedule: {EXAMPLES}"),
        ("ent_coef", "lin_0.01_-1", f"'lin_0.01_-1' must be a finite number, or a schedule: {EXAMPLES}"),
        ("ent_coef", "lin_1e999", f"'lin_1e999' must be a finite number, or a schedule: {EXAMPLES}"),
        ("gamma", "lin_0.9", "'lin_0.9' must be a finite number"),
        ("learning_rate_schedule", "cosine", "'cosine' must be one of constant, linear"),
        ("clip_range_final", -0.1, "-0.1 must be at least 0"),
        ("learning_rate", None, "must not be empty"),
        ("learning_rate", [3e-4], "[0.0003] must be a finite number"),
        ("n_steps", 1, "1 must be at least 2"),
        ("n_steps", 512.0, "512.0 must be a whole number"),
        ("batch_size", 1, "1 must be at least 2"),
        ("n_epochs", 0, "0 must be at least 1"),
        ("n_epochs", True, "True must be a whole number"),
        ("gamma", 1.01, "1.01 must be at most 1"),
        ("gamma", -0.1, "-0.1 must be at least 0"),
        ("gae_lambda", True, "True must be a finite number"),
        ("clip_range", 0, "0 must be greater than 0"),
        ("clip_range_vf", 0, "0 must be greater than 0"),
        ("ent_coef", -0.01, "-0.01 must be at least 0"),
        ("normalize_advantage", 1, "1 must be true or false"),
        ("normalize_advantage", "yes", "'yes' must be true or false"),
        ("net_arch", [64, 0], "[64, 0] must be a list of up to 8 widths from 1 to 4096, such as [64, 64] or '64x64'"),
        ("net_arch", "64,64", "'64,64' must be a list of up to 8 widths from 1 to 4096, such as [64, 64] or '64x64'"),
        ("net_arch", [True], "[True] must be a list of up to 8 widths from 1 to 4096, such as [64, 64] or '64x64'"),
        ("net_arch", 64, "64 must be a list of up to 8 widths from 1 to 4096, such as [64, 64] or '64x64'"),
        ("activation_fn", "Tanh", "'Tanh' must be one of tanh, relu, elu, leaky_relu, gelu, silu"),
        ("activation_fn", ["tanh"], "['tanh'] must be one of tanh, relu, elu, leaky_relu, gelu, silu"),
        ("log_std_init", 5, "5 must be at most 3"),
    ],
)
def test_a_bad_value_is_refused_with_its_rule(name: str, value: object, rule: str) -> None:
    assert list(faults({name: value}, "baselines.current", "ppo")) == [f"baselines.current.{name}: {rule}"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("learning_rte", "learning_rate"), ("nsteps", "n_steps"), ("cliprange", "clip_range"), ("lambda", "gae_lambda")],
)
def test_an_unknown_argument_is_met_with_the_nearest(name: str, hint: str) -> None:
    (fault,) = faults({name: 1}, "fixed", "ppo")
    assert fault.startswith(f"fixed.{name}: unknown PPO argument, did you mean {hint!r}?; valid: learning_rate, ")


def test_all_problems_are_reported_at_once() -> None:
    values: dict[str, Any] = {"gamma": 2, "zzz": 1, "n_steps": 2048, "n_epochs": 0}
    found = list(faults(values, "fixed", "ppo"))
    assert [fault.split(":")[0] for fault in found] == ["fixed.gamma", "fixed.zzz", "fixed.n_epochs"]
