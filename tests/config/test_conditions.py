"""Conditional parameters: which are searched when, and which conditions are invalid."""

from typing import Any

import pytest
from config.test_space import faults_of, make_space

from tuner.config.conditions import in_order, searched
from tuner.config.load import validate
from tuner.config.rules import baseline_faults
from tuner.config.space import SpaceSpec, job_arguments
from tuner.errors import SpecInvalid

NORMALIZE = {"type": "choice", "choices": [True, False]}
NETS = {"type": "choice", "choices": ["64x64", "256x256", "64x64x64"]}
GAMMA = {"type": "float", "low": 0.9, "high": 0.99}
CHAIN = make_space(
    vf_coef={"type": "float", "low": 0.1, "high": 1, "when": {"normalize_advantage": True, "net_arch": ["256x256"]}},
    normalize_advantage={**NORMALIZE, "when": {"net_arch": ["256x256", "64x64x64"]}},
    net_arch=NETS,
    gamma=GAMMA,
)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"net_arch": "64x64"}, ["net_arch", "gamma"]),
        ({"net_arch": "64x64x64"}, ["normalize_advantage", "net_arch", "gamma"]),
        ({"net_arch": "64x64x64", "normalize_advantage": True}, ["normalize_advantage", "net_arch", "gamma"]),
        ({"net_arch": "256x256", "normalize_advantage": False}, ["normalize_advantage", "net_arch", "gamma"]),
        ({"net_arch": "256x256", "normalize_advantage": True}, ["vf_coef", "normalize_advantage", "net_arch", "gamma"]),
        ({"net_arch": "256x256", "normalize_advantage": 1}, ["normalize_advantage", "net_arch", "gamma"]),
        ({"net_arch": "64x64", "normalize_advantage": True}, ["net_arch", "gamma"]),
    ],
)
def test_a_parameter_is_searched_where_its_condition_holds(values: dict[str, Any], names: list[str]) -> None:
    assert searched(CHAIN.parameters, values) == names


def test_parameters_in_conditions_come_first() -> None:
    order = in_order(CHAIN.parameters)
    assert order.index("net_arch") < order.index("normalize_advantage") < order.index("vf_coef")


def test_a_fixed_value_is_used_if_the_condition_does_not_hold() -> None:
    space = make_space(net_arch=NETS, gamma={**GAMMA, "when": {"net_arch": "64x64"}}, fixed={"gamma": 0.5})
    assert job_arguments(space, {"net_arch": "256x256"}, {}) == {"gamma": 0.5, "net_arch": "256x256"}
    assert job_arguments(space, {"net_arch": "64x64", "gamma": 0.95}, {})["gamma"] == 0.95


def test_a_baseline_needs_the_parameters_whose_conditions_hold() -> None:
    complete = {"net_arch": "256x256", "normalize_advantage": True, "gamma": 0.95}
    assert list(baseline_faults(CHAIN, {"a": {"net_arch": [64, 64], "gamma": 0.95}})) == []
    assert list(baseline_faults(CHAIN, {"a": complete})) == [
        "baselines.a.vf_coef: is required, since the space searches it"
    ]


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        ({"net_rch": ["64x64"]}, "when.net_rch: unknown parameter, did you mean 'net_arch'?; valid: gamma, net_arch, "),
        ({"net_arch": ["32x32"]}, "when.net_arch: '32x32' is not a choice of net_arch; valid: ['64x64', '256x256', "),
        ({"net_arch": ["64x64", 1]}, "when.net_arch: 1 is not a choice of net_arch; valid: ["),
        ({"normalize_advantage": 1}, "when.normalize_advantage: 1 is not a choice of normalize_advantage; "),
        ({"vf_coef": [0.5]}, "when.vf_coef: must be of type choice, since a condition names values"),
        ({"gamma": [0.5]}, "when.gamma: must be of type choice, since a condition names values"),
        ({"net_arch": []}, "when.net_arch: needs at least one value"),
        ({"net_arch": [[64]]}, "when.net_arch.0: must be a number, text, true or false, not [64]"),
        ("net_arch", "when: must be a mapping, not 'net_arch'"),
        (["net_arch"], "when: must be a mapping, not ['net_arch']"),
        ({1: ["64x64"]}, "when.1: must be text, not 1"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(when: Any, fault: str) -> None:
    found = faults_of(
        gamma={**GAMMA, "when": when},
        net_arch=NETS,
        normalize_advantage=NORMALIZE,
        vf_coef={"type": "float", "low": 0.1, "high": 1},
    )
    assert [line for line in found if line.startswith(f"parameters.gamma.{fault}")]
    assert len(found) == 1


def test_a_circular_condition_is_refused() -> None:
    words = {"type": "choice", "choices": ["tanh", "relu"], "when": {"net_arch": "64x64"}}
    found = faults_of(net_arch={**NETS, "when": {"activation_fn": "relu"}}, activation_fn=words, gamma=GAMMA)
    assert found == ("parameters.net_arch.when: is circular: net_arch, activation_fn; one of them must have no `when`",)


def test_the_rollout_cannot_come_and_go() -> None:
    steps = {"type": "int", "low": 512, "high": 1024, "scale": "power_of_two", "when": {"net_arch": "64x64"}}
    (fault,) = faults_of(net_arch=NETS, n_steps=steps)
    assert fault.startswith("parameters.n_steps.when: sets at which steps every trial is evaluated")


def test_a_parameter_named_by_below_is_unconditional() -> None:
    epochs = {"type": "int", "low": 16, "high": 30, "when": {"net_arch": "64x64"}}
    (fault,) = faults_of(
        net_arch=NETS, n_epochs=epochs, batch_size={"type": "int", "low": 8, "high": 16, "below": "n_epochs"}
    )
    assert fault == "parameters.batch_size.below: 'n_epochs' has a `when`, so it does not always have a value"


def test_null_may_be_a_choice() -> None:
    space = make_space(target_kl={"type": "choice", "choices": [None, 0.02]})
    assert job_arguments(space, {"target_kl": None}, {}) == {"target_kl": None}


def test_both_halves_of_action_noise_come_and_go_together() -> None:
    kinds = {"type": "choice", "choices": ["normal", "ornstein-uhlenbeck"]}
    spread = {"type": "float", "low": 0.05, "high": 0.2}
    when = {"when": {"train_freq": 1}}
    steps = {"type": "choice", "choices": [1, 2]}
    fault = "parameters.noise_std: goes with noise_type, and both need the same `when`"

    def faults(**parameters: Any) -> list[str]:
        data = {"algorithm": "td3", "parameters": {"train_freq": steps, **parameters}}
        try:
            validate(SpaceSpec, data, "space.yaml")
        except SpecInvalid as error:
            return list(error.faults)
        return []

    assert faults(noise_type=kinds, noise_std={**spread, **when}) == [fault]
    assert faults(noise_type={**kinds, **when}, noise_std={**spread, **when}) == []


def test_the_rollout_of_every_algorithm_is_always_there() -> None:
    frequency = {"type": "int", "low": 1, "high": 4, "scale": "power_of_two", "when": {"net_arch": "64x64"}}
    with pytest.raises(SpecInvalid, match=r"parameters\.train_freq\.when: sets at which steps"):
        validate(SpaceSpec, {"algorithm": "sac", "parameters": {"net_arch": NETS, "train_freq": frequency}}, "it")
