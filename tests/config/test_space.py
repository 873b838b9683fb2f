"""Search spaces: invalid ones, and how sampled values become the arguments that run."""

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuner.config.load import validate
from tuner.config.parameters import nearest_power
from tuner.config.space import SpaceSpec, allows, job_arguments, snap
from tuner.errors import SpecInvalid

check = settings(max_examples=200, deadline=None, derandomize=True, database=None)

RATE = {"type": "float", "low": 1e-5, "high": 1e-3, "scale": "log"}
STEPS = {"type": "int", "low": 512, "high": 8192, "scale": "power_of_two"}
BATCH = {"type": "int", "low": 32, "high": 512, "scale": "power_of_two", "below": "n_steps"}
GAMMA = {"type": "float", "low": 0.9, "high": 0.9999}
LINEAR_EPOCHS = {"type": "int", "low": 3, "high": 30}


def make_space(*, fixed: dict[str, Any] | None = None, **parameters: Any) -> SpaceSpec:
    return validate(SpaceSpec, {"parameters": parameters, "fixed": fixed or {}}, "space.yaml")


def faults_of(*, fixed: dict[str, Any] | None = None, **parameters: Any) -> tuple[str, ...]:
    with pytest.raises(SpecInvalid) as refused:
        make_space(fixed=fixed, **parameters)
    return refused.value.faults


GUIDE = make_space(learning_rate=RATE, n_steps=STEPS, batch_size=BATCH, gamma=GAMMA, n_epochs=LINEAR_EPOCHS)
steps = st.floats(512, 8192)
batches = st.floats(32, 512)


@pytest.mark.parametrize(
    ("name", "parameter", "fault"),
    [
        ("gamma", {**GAMMA, "low": 1, "high": 0.9}, "parameters.gamma: low 1 must be less than high 0.9"),
        ("gamma", {**GAMMA, "high": 0.9}, "parameters.gamma: low 0.9 must be less than high 0.9"),
        ("n_epochs", {**LINEAR_EPOCHS, "high": 3}, "parameters.n_epochs: low 3 must be less than high 3"),
        ("n_steps", {**STEPS, "low": 500}, "parameters.n_steps: 500 must be a power of two; nearest: 512"),
        ("n_steps", {**STEPS, "high": 10_000}, "parameters.n_steps: 10000 must be a power of two; nearest: 8192"),
        ("n_steps", {**STEPS, "low": 0}, "parameters.n_steps: low 0 must be greater than 0"),
        ("n_steps", {**STEPS, "low": 512.0}, "parameters.n_steps.low: must be a whole number, not 512.0"),
        ("ent_coef", {**RATE, "low": 0}, "parameters.ent_coef: low 0 must be greater than 0 on a log scale"),
        ("learning_rate", {**RATE, "low": "1e-5"}, "parameters.learning_rate.low: must be a number, not '1e-5'"),
        ("vf_coef", {**GAMMA, "high": math.inf}, "parameters.vf_coef.high: must be finite, not inf"),
        ("gamma", {**GAMMA, "low": False}, "parameters.gamma.low: must be a number, not False"),
        ("gamma", {**GAMMA, "high": 1.1}, "parameters.gamma: 1.1 must be at most 1"),
        ("gamma", {**GAMMA, "scale": "logg"}, "parameters.gamma.scale: must be 'linear' or 'log', not 'logg'"),
        ("gamma", {"low": 0.9, "high": 1}, "parameters.gamma: needs a `type`: float, int or choice"),
        ("gamma", {"type": "float", "low": 0.9}, "parameters.gamma.high: is required"),
        ("gamma", {**GAMMA, "hihg": 1}, "parameters.gamma.hihg: unknown key, did you mean 'high'?; valid: type, low"),
        ("gamma", None, "parameters.gamma: must be a mapping, not None"),
        ("gama", GAMMA, "parameters.gama: unknown PPO argument, did you mean 'gamma'?"),
        ("gamma", {"type": "choice", "choices": [0.9, 2]}, "parameters.gamma: 2 must be at most 1"),
        ("normalize_advantage", {"type": "choice", "choices": ["a", True]}, "parameters.normalize_advantage: 'a' must"),
        ("batch_size", {**BATCH, "below": "n_stpes"}, "parameters.batch_size.below: 'n_stpes' is neither a parameter"),
    ],
)
def test_a_bad_range_is_refused_with_its_rule(name: str, parameter: Any, fault: str) -> None:
    assert any(line.startswith(fault) for line in faults_of(**{name: parameter}))


def test_a_batch_that_cannot_stay_below_the_steps_is_refused() -> None:
    (fault,) = faults_of(n_steps={**STEPS, "low": 32}, batch_size=BATCH)
    assert fault == "parameters.batch_size.below: low 32 leaves no room under the lowest n_steps, 32"


def test_a_space_without_parameters_is_refused() -> None:
    assert faults_of() == ("parameters: needs at least one entry",)


def test_a_name_both_searched_and_fixed_is_refused() -> None:
    (fault,) = faults_of(gamma=GAMMA, fixed={"gamma": 0.99})
    assert fault.startswith("fixed.gamma: is searched as well")


def test_several_problems_are_reported_at_once() -> None:
    found = faults_of(gamma={**GAMMA, "low": 2}, n_steps={**STEPS, "low": 500}, n_epochs={"type": "int", "lw": 3})
    assert {"parameters.gamma", "parameters.n_steps", "parameters.n_epochs.lw"} <= {
        line.split(":")[0] for line in found
    }


def test_a_real_range_for_a_whole_number_is_refused() -> None:
    """The algorithm would get 700.3 steps."""
    assert faults_of(n_steps={"type": "float", "low": 512, "high": 1024})[0].startswith("parameters.n_steps")


def test_a_choice_with_one_value_is_refused() -> None:
    (fault,) = faults_of(gamma={"type": "choice", "choices": [0.9]})
    assert "2" in fault
    assert "empty" not in fault


@check
@given(n_steps=steps, batch_size=batches)
def test_snapped_values_lie_in_the_space(n_steps: float, batch_size: float) -> None:
    found = snap(GUIDE, {"n_steps": n_steps, "batch_size": batch_size})
    assert all(allows(GUIDE, name, value) is None for name, value in found.items())
    assert all(value & (value - 1) == 0 for value in found.values())
    assert found["batch_size"] < found["n_steps"]


@check
@given(n_steps=st.integers(512, 8192), batch_size=st.integers(32, 512))
def test_snapping_twice_is_snapping_once(n_steps: int, batch_size: int) -> None:
    once = snap(GUIDE, {"n_steps": n_steps, "batch_size": batch_size})
    assert snap(GUIDE, once) == once


@check
@given(batch_size=st.integers(4, 512), ceiling=st.integers(8, 600))
def test_a_batch_stays_below_fixed_steps_of_any_size(batch_size: int, ceiling: int) -> None:
    space = make_space(batch_size={**BATCH, "low": 4}, fixed={"n_steps": ceiling})
    found = snap(space, {"batch_size": batch_size})["batch_size"]
    assert 4 <= found < ceiling
    assert found & (found - 1) == 0
    assert found >= min(nearest_power(batch_size) // 2, ceiling // 4)


@check
@given(values=st.fixed_dictionaries({"n_steps": steps, "batch_size": batches, "gamma": st.floats(0.9, 0.9999)}))
def test_the_order_of_sampled_values_does_not_matter(values: dict[str, float]) -> None:
    found = [snap(GUIDE, {name: values[name] for name in order}) for order in itertools.permutations(values)]
    assert all(one == found[0] for one in found)


def test_a_chain_of_ceilings_is_refused() -> None:
    between = {"type": "int", "low": 8, "high": 128, "below": "n_steps"}
    with pytest.raises(SpecInvalid, match=r"batch_size\.below: 'n_epochs' has a `below` of its own"):
        make_space(n_steps={**STEPS, "low": 16}, n_epochs=between, batch_size={**BATCH, "low": 4, "below": "n_epochs"})


@pytest.mark.parametrize(("name", "powers"), [("n_steps", 5), ("batch_size", 5)])
def test_every_power_is_equally_likely(name: str, powers: int) -> None:
    parameter = GUIDE.parameters[name]
    low, high = parameter.bounds
    even = low * (high / low) ** ((np.arange(1000) + 0.5) / 1000)  # uniform on the log scale
    counts = Counter(snap(GUIDE, {name: float(value)})[name] for value in even)
    assert sorted(counts) == [int(low) * 2**k for k in range(powers)]
    assert set(counts.values()) == {1000 // powers}


def test_a_parameter_without_powers_of_two_is_left_as_sampled() -> None:
    values = {"learning_rate": 2.5e-4, "gamma": 0.97, "n_epochs": 7}
    assert snap(GUIDE, values) == values


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("learning_rate", 3e-4, None),
        ("learning_rate", 1e-3, None),
        ("learning_rate", 2e-3, "0.002 is outside the space's range 1e-05 … 0.001"),
        ("n_steps", 2048, None),
        ("n_steps", 2000, "2000 is not a power of two, which the space requires; nearest: 2048"),
        ("n_steps", 256, "256 is outside the space's range 512 … 8192"),
        ("n_epochs", True, "True is outside the space's range 3 … 30"),
        ("gamma", "0.99", "'0.99' is outside the space's range 0.9 … 0.9999"),
    ],
)
def test_what_a_space_allows(name: str, value: object, fault: str | None) -> None:
    assert allows(GUIDE, name, value) == fault


def test_a_choice_allows_its_members() -> None:
    space = make_space(gamma={"type": "choice", "choices": [0.95, 0.99]})
    assert allows(space, "gamma", 0.99) is None
    assert allows(space, "gamma", 0.97) == "0.97 is not among [0.95, 0.99]"


def test_overrides_go_over_sampled_go_over_fixed() -> None:
    space = make_space(n_steps=STEPS, fixed={"gamma": 0.99, "n_epochs": 10, "gae_lambda": 0.95})
    found = job_arguments(space, {"n_steps": 1024, "gamma": 0.98}, {"n_epochs": 15, "gamma": 0.97})
    assert found == {"n_steps": 1024, "n_epochs": 15, "gamma": 0.97, "gae_lambda": 0.95}


def test_the_least_and_the_greatest_value_of_an_argument() -> None:
    space = make_space(n_steps=STEPS, gamma={"type": "choice", "choices": [0.99, 0.9]}, fixed={"n_epochs": 10})
    ends = {name: (space.lowest(name), space.highest(name)) for name in ("n_steps", "gamma", "n_epochs", "vf_coef")}
    assert ends == {"n_steps": (512, 8192), "gamma": (0.9, 0.99), "n_epochs": (10, 10), "vf_coef": (None, None)}
