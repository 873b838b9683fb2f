"""Stages of a study: in the PPO guide's order, and those that a study defines."""

from pathlib import Path
from typing import Any

import pytest
from conftest import write_study

from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.config.parameters import FloatParameter, IntParameter
from tuner.config.space import job_arguments
from tuner.config.staging import GUIDE, stage_name, stage_spec, staged
from tuner.errors import SpecInvalid

RATE: dict[str, Any] = {"parameters": {"learning_rate": {"type": "float", "low": 1e-4, "high": 1e-3, "scale": "log"}}}
STEPS: dict[str, Any] = {
    "parameters": {"n_steps": {"type": "int", "low": 32, "high": 64, "scale": "power_of_two"}},
    "trials": 7,
}


@pytest.fixture
def reach() -> StudySpec:
    return load_study(find("studies", "reach"))


def toy(folder: Path, *stages: dict[str, Any], **changes: Any) -> StudySpec:
    return load_study(find("studies", str(write_study(folder, stages=list(stages), **changes))))


def test_the_guides_order_and_ranges() -> None:
    rate, steps, clip = [stage.parameters for stage in GUIDE]
    assert rate == {"learning_rate": FloatParameter(type="float", low=1e-4, high=1e-3, scale="log")}
    assert steps == {"n_steps": IntParameter(type="int", low=1024, high=4096, scale="power_of_two")}
    assert clip == {"clip_range": FloatParameter(type="float", low=0.1, high=0.3)}


def test_the_first_stage_leaves_the_rest_at_its_defaults_and_has_the_baselines(reach: StudySpec) -> None:
    first = stage_spec(staged(reach, trials=None), 1, {})
    assert first.name == "reach-1-learning_rate"
    assert [*first.space.parameters] == ["learning_rate"]
    assert first.space.fixed == {
        "n_steps": 2048,
        "batch_size": 64,
        "clip_range": 0.2,
        "ent_coef": 0.0,
        **reach.space.fixed,
    }
    assert first.baselines == reach.baselines
    assert (first.trials, first.stages, first.timesteps) == (reach.trials, (), reach.timesteps)


def test_a_later_stage_starts_from_the_best_before(reach: StudySpec) -> None:
    start = {"learning_rate": 5e-4, "n_steps": 2048, "batch_size": 128, "n_epochs": 15, "max_grad_norm": 0.5}
    second = stage_spec(staged(reach, trials=9), 2, start)
    assert second.baselines == {"before": start}
    assert second.space.fixed["learning_rate"] == 5e-4
    assert second.space.fixed["n_epochs"] == 15
    assert "n_steps" not in second.space.fixed
    assert second.trials == 9


def test_a_studys_own_stages_and_their_trials(tmp_path: Path) -> None:
    spec = toy(tmp_path, RATE, STEPS)
    names = [stage_spec(staged(spec, trials=None), number, {}).name for number in (1, 2)]
    assert names == ["toy-1-learning_rate", "toy-2-n_steps"]
    assert [stage_spec(staged(spec, trials=None), number, {}).trials for number in (1, 2)] == [4, 7]
    assert [stage_spec(staged(spec, trials=5), number, {}).trials for number in (1, 2)] == [5, 5]


def test_stages_are_not_part_of_the_meaning(reach: StudySpec) -> None:
    assert staged(reach, trials=None).meaning() == reach.meaning()


@pytest.mark.parametrize(
    ("stages", "changes", "said"),
    [
        ((RATE, RATE), {}, "stage 2: learning_rate: is searched by an earlier stage as well"),
        (
            (RATE, {"parameters": {"n_steps": {**STEPS["parameters"]["n_steps"], "low": 64, "high": 128}}}),
            {},
            "stage 2: n_steps: baselines.current: 32 is outside the space's range 64 … 128, so",
        ),
        (({"parameters": {"learning_rat": RATE["parameters"]["learning_rate"]}},), {}, "did you mean 'learning_rate'"),
        (({"parameters": {}},), {}, "stages"),
        (({"parameter": {}},), {}, "stages"),
    ],
    ids=["twice", "no start", "unknown parameter", "nothing searched", "unknown key"],
)
def test_stages_that_cannot_be(
    tmp_path: Path, stages: tuple[dict[str, Any], ...], changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(SpecInvalid) as caught:
        stage_spec(staged(toy(tmp_path, *stages, **changes), trials=None), 1, {})
    assert said in str(caught.value)


def test_stages_go_through_a_space_with_schedules() -> None:
    spec = staged(load_study(find("studies", "reach"), changes={"space": "ppo_schedules"}), trials=None)
    assert stage_spec(spec, 1, {}).space.fixed.items() >= {"learning_rate_schedule": "constant"}.items()
    start = {"learning_rate": "lin_0.0005_1e-05", "n_steps": 2048, "batch_size": 64, "clip_range": "lin_0.2_0.1"}
    second = stage_spec(spec, 2, start)
    assert second.space.fixed.items() >= {"learning_rate": "lin_0.0005_1e-05", "clip_range": "lin_0.2_0.1"}.items()
    assert not {"learning_rate_schedule", "learning_rate_final", "clip_range_final"} & second.space.fixed.keys()
    third = stage_spec(spec, 3, start)
    assert third.space.fixed.items() >= {"clip_range_schedule": "linear", "clip_range_final": 0.1}.items()
    assert job_arguments(third.space, {"clip_range": 0.3}, {})["clip_range"] == "lin_0.3_0.1"


def test_a_stage_may_search_the_form_of_a_schedule(tmp_path: Path) -> None:
    forms = {"learning_rate_schedule": {"type": "choice", "choices": ["constant", "linear"]}}
    spec = staged(toy(tmp_path, RATE, {"parameters": forms}), trials=None)
    for value in (3e-4, "lin_0.0003"):
        second = stage_spec(spec, 2, {"learning_rate": value, "n_steps": 32, "batch_size": 8})
        assert [*second.space.parameters] == ["learning_rate_schedule"]
        assert second.space.fixed["learning_rate"] == 3e-4
        assert job_arguments(second.space, {"learning_rate_schedule": "linear"}, {})["learning_rate"] == "lin_0.0003"


def test_a_choice_has_the_librarys_default_before_it_is_searched(tmp_path: Path) -> None:
    nets = {"parameters": {"net_arch": {"type": "choice", "choices": ["16x16", "64x64"]}}}
    spec = staged(toy(tmp_path, RATE, nets), trials=None)
    assert stage_spec(spec, 1, {}).space.fixed["net_arch"] == "64x64"


@pytest.mark.parametrize("length", [40, 60, 64])
def test_long_names_keep_their_stages_apart(tmp_path: Path, length: int) -> None:
    spec = toy(tmp_path, RATE, STEPS).model_copy(update={"name": "n" * length})
    names = [stage_name(spec, number) for number in (1, 2)]
    assert all(len(name) <= 64 for name in names)
    assert [name.partition("-")[2] for name in names] == ["1-learning_rate", "2-n_steps"]
