"""Schedules as text and as separate parameters: parsing, formatting, joining, splitting, and the errors."""

from typing import Any

import pytest
from config.test_space import check, faults_of, make_space
from hypothesis import given
from hypothesis import strategies as st

from tuner.config.rules import baseline_faults, in_terms_of
from tuner.config.schedules import Linear, parse, put_together, taken_apart
from tuner.config.space import job_arguments

RATE = {"type": "float", "low": 1e-5, "high": 1e-3, "scale": "log"}
FORM = {"type": "choice", "choices": ["constant", "linear"]}
LAST = {"type": "float", "low": 1e-6, "high": 1e-4, "scale": "log", "when": {"learning_rate_schedule": "linear"}}
IN_PARTS = make_space(learning_rate=RATE, learning_rate_schedule=FORM, learning_rate_final=LAST)
START_ALONE = make_space(learning_rate=RATE)
WHOLE = make_space(learning_rate={"type": "choice", "choices": [3e-4, "lin_3e-4", "lin_3e-4_1e-5"]})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("lin_3e-4", Linear(start=3e-4)),
        ("lin_0.2_0.1", Linear(start=0.2, end=0.1)),
        ("lin_0.01_0", Linear(start=0.01)),
        ("lin_1", Linear(start=1.0)),
        ("lin_", None),
        ("lin_1_2_3", None),
        ("lin_-1", None),
        ("lin_1e999", None),
        ("const_1", None),
        ("lin_3e-4 ", None),
        (3e-4, None),
        (None, None),
    ],
)
def test_a_notation_is_read(text: object, line: Linear | None) -> None:
    assert parse(text) == line


@check
@given(start=st.floats(0, 1e6), end=st.floats(0, 1e6))
def test_a_written_schedule_reads_back_exactly(start: float, end: float) -> None:
    line = Linear(start=start, end=end)
    assert parse(str(line)) == line


def test_four_digits_are_shown() -> None:
    assert Linear(start=0.000293847561, end=1e-5).shown() == "lin_0.0002938_1e-05"


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        pytest.param({}, 3e-4, id="a number"),
        pytest.param({"learning_rate_schedule": "constant"}, 3e-4, id="constant"),
        pytest.param(
            {"learning_rate_schedule": "constant", "learning_rate_final": 1e-5}, 3e-4, id="constant, end idle"
        ),
        pytest.param({"learning_rate_schedule": "linear"}, "lin_0.0003", id="to zero"),
        pytest.param({"learning_rate_schedule": "linear", "learning_rate_final": 1e-5}, "lin_0.0003_1e-05", id="to b"),
        pytest.param({"learning_rate_final": 1e-5}, "lin_0.0003_1e-05", id="an end alone"),
        pytest.param({"learning_rate_final": 3e-4}, 3e-4, id="nowhere"),
    ],
)
def test_parts_are_put_together(parts: dict[str, Any], whole: object) -> None:
    assert put_together({"learning_rate": 3e-4, "gamma": 0.9, **parts}) == {"learning_rate": whole, "gamma": 0.9}


def test_a_trial_runs_its_sampled_parts_as_one_argument() -> None:
    space = make_space(learning_rate=RATE, fixed={"learning_rate_schedule": "linear", "gamma": 0.9})
    assert job_arguments(space, {"learning_rate": 2e-4}, {}) == {"learning_rate": "lin_0.0002", "gamma": 0.9}
    assert job_arguments(space, {"learning_rate": 2e-4}, {"learning_rate": "lin_0.1_0.01"})["learning_rate"] == (
        "lin_0.1_0.01"
    )


@pytest.mark.parametrize(
    ("space", "given_value", "terms"),
    [
        pytest.param(
            IN_PARTS, 3e-4, {"learning_rate": 3e-4, "learning_rate_schedule": "constant"}, id="a number stays"
        ),
        pytest.param(
            IN_PARTS,
            "lin_3e-4_1e-5",
            {"learning_rate": 3e-4, "learning_rate_schedule": "linear", "learning_rate_final": 1e-5},
            id="in parts",
        ),
        pytest.param(START_ALONE, 3e-4, {"learning_rate": 3e-4}, id="nothing to say"),
        pytest.param(
            START_ALONE,
            "lin_3e-4",
            {"learning_rate": 3e-4, "learning_rate_schedule": "linear", "learning_rate_final": 0.0},
            id="the start is searched, the rest is an override",
        ),
        pytest.param(WHOLE, "lin_0.0003", {"learning_rate": "lin_3e-4"}, id="as the choice spells it"),
        pytest.param(WHOLE, 3e-4, {"learning_rate": 3e-4}, id="a choice"),
        pytest.param(
            make_space(learning_rate=RATE, learning_rate_final={**LAST, "when": {}}),
            3e-5,
            {"learning_rate": 3e-5, "learning_rate_final": 3e-5},
            id="an end without a form",
        ),
        pytest.param(
            make_space(gamma={"type": "float", "low": 0.9, "high": 1}), "lin_1e-3", {"learning_rate": "lin_1e-3"}
        ),
    ],
)
def test_a_baselines_schedules_are_written_as_in_the_space(
    space: Any, given_value: object, terms: dict[str, Any]
) -> None:
    values = {"learning_rate": given_value}
    found = in_terms_of(space, values)
    assert found == terms
    assert parse(put_together(found)["learning_rate"]) == parse(given_value)


def test_layers_are_written_as_in_the_space() -> None:
    space = make_space(net_arch={"type": "choice", "choices": ["64x64", "256x256"]})
    assert in_terms_of(space, {"net_arch": [256, 256]}) == {"net_arch": "256x256"}


def test_parts_that_a_baseline_gives_are_kept() -> None:
    values = {"learning_rate": 3e-4, "learning_rate_schedule": "linear"}
    assert taken_apart(values, IN_PARTS.parameters, {}) == values


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        (
            {"learning_rate": "lin_3e-4"},
            "baselines.a.learning_rate_final: 0.0 is outside the space's range 1e-06 … 0.0001",
        ),
        ({"learning_rate": "lin_1_1e-5"}, "baselines.a.learning_rate: 1.0 is outside the space's range 1e-05 … 0.001"),
        (
            {"learning_rate": "lin_3e-4", "learning_rate_schedule": "linear"},
            (
                "baselines.a.learning_rate_schedule: learning_rate already is a whole schedule, 'lin_3e-4'; use one or "
                "the other"
            ),
        ),
        ({"learning_rate_schedule": "linear"}, "baselines.a.learning_rate: is required, since the space searches it"),
        (
            {"learning_rate": 3e-4, "learning_rate_schedule": "linear"},
            "baselines.a.learning_rate_final: is required, since the space searches it",
        ),
    ],
)
def test_a_baseline_outside_the_space_is_refused(values: dict[str, Any], fault: str) -> None:
    assert fault in list(baseline_faults(IN_PARTS, {"a": values}))


@pytest.mark.parametrize("values", [{"learning_rate": 3e-4}, {"learning_rate": "lin_3e-4_1e-5"}])
def test_a_baseline_in_the_space_passes(values: dict[str, Any]) -> None:
    assert list(baseline_faults(IN_PARTS, {"a": values})) == []


@pytest.mark.parametrize(
    ("parameters", "fixed", "fault"),
    [
        pytest.param(
            {"learning_rate_schedule": FORM},
            {},
            "parameters.learning_rate_schedule: needs learning_rate as well, the value that the schedule starts from",
            id="no start",
        ),
        pytest.param(
            {"gamma": {"type": "float", "low": 0.9, "high": 1}},
            {"clip_range_final": 0.1},
            "fixed.clip_range_final: needs clip_range as well, the value that the schedule starts from",
            id="no fixed start",
        ),
        pytest.param(
            {"learning_rate": {"type": "choice", "choices": [1e-3, "lin_1e-3"]}, "learning_rate_schedule": FORM},
            {},
            "parameters.learning_rate_schedule: learning_rate already is a whole schedule, 'lin_1e-3'; use one or "
            "the other",
            id="twice",
        ),
        pytest.param(
            {"learning_rate": RATE, "learning_rate_schedule": FORM, "learning_rate_final": {**LAST, "when": {}}},
            {},
            "parameters.learning_rate_final: is of use only where learning_rate_schedule is linear; add "
            "`when: {learning_rate_schedule: [linear]}`",
            id="an idle end",
        ),
        pytest.param(
            {"learning_rate": RATE, "learning_rate_final": {**LAST, "when": {}}},
            {"learning_rate_schedule": "constant"},
            "parameters.learning_rate_final: is never used, since learning_rate_schedule is constant",
            id="never used",
        ),
        pytest.param(
            {"learning_rate": RATE, "learning_rate_schedule": RATE},
            {},
            "parameters.learning_rate_schedule: 1e-05 must be one of constant, linear",
            id="a form is a word",
        ),
    ],
)
def test_parts_that_make_no_sense_are_refused(parameters: Any, fixed: dict[str, Any], fault: str) -> None:
    assert fault in faults_of(fixed=fixed, **parameters)
