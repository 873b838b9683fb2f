"""Which arguments PPO takes, and with which values."""

import inspect
from typing import Any

import pytest
import stable_baselines3
from stable_baselines3.common.policies import ActorCriticPolicy

from tuner.spec.arguments import POLICY, PPO, faults
from tuner.spec.schedules import EXAMPLES

SIGNATURE = inspect.signature(stable_baselines3.PPO.__init__).parameters


def test_every_argument_is_one_of_the_algorithm_or_of_its_policy() -> None:
    policy = inspect.signature(ActorCriticPolicy.__init__).parameters
    assert PPO.keys() - POLICY.keys() <= SIGNATURE.keys()
    assert POLICY.keys() <= policy.keys()


def test_the_guides_eight_are_among_them() -> None:
    guide = ["learning_rate", "n_steps", "batch_size", "n_epochs", "gamma", "gae_lambda", "clip_range", "ent_coef"]
    assert PPO.keys() >= set(guide)


def test_the_algorithms_own_defaults_are_allowed() -> None:
    defaults = {name: SIGNATURE[name].default for name in PPO.keys() - POLICY.keys()}
    assert list(faults(defaults, "fixed")) == []


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
    assert list(faults({name: value}, "fixed")) == []


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
    assert list(faults({name: value}, "baselines.current")) == [f"baselines.current.{name}: {rule}"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("learning_rte", "learning_rate"), ("nsteps", "n_steps"), ("cliprange", "clip_range"), ("lambda", "gae_lambda")],
)
def test_an_unknown_argument_is_met_with_the_nearest(name: str, hint: str) -> None:
    (fault,) = faults({name: 1}, "fixed")
    assert fault.startswith(f"fixed.{name}: unknown PPO argument, did you mean {hint!r}?; valid: learning_rate, ")


def test_all_faults_are_told_at_once() -> None:
    values: dict[str, Any] = {"gamma": 2, "zzz": 1, "n_steps": 2048, "n_epochs": 0}
    found = list(faults(values, "fixed"))
    assert [fault.split(":")[0] for fault in found] == ["fixed.gamma", "fixed.zzz", "fixed.n_epochs"]
