"""The checkpoints of a study, and which settings make its trial values comparable."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import BASELINES, write_study

from tuner.config.load import find, load_study
from tuner.config.model import StudySpec, largest_rollout
from tuner.config.study_keys import CurriculumSpec


def load(folder: Path, **changes: Any) -> StudySpec:
    return load_study(find("studies", str(write_study(folder, **changes))))


def steps(spec: StudySpec) -> list[int]:
    return [checkpoint.step for checkpoint in spec.plan()]


def goals(spec: StudySpec) -> list[int]:
    return [checkpoint.goals for checkpoint in spec.plan()]


@pytest.fixture
def spec(tmp_path: Path) -> StudySpec:
    return load(tmp_path)


def test_checkpoints_are_k_twelfths_where_the_budget_allows(tmp_path: Path) -> None:
    assert steps(load(tmp_path, timesteps=12 * 64, checkpoints=12)) == [64 * k for k in range(1, 13)]
    assert steps(load(tmp_path, timesteps=36 * 64, checkpoints=12)) == [192 * k for k in range(1, 13)]


@pytest.mark.parametrize("rollouts", [1, 2, 5, 7, 12, 13, 20, 23])
@pytest.mark.parametrize("count", [1, 4, 6, 12])
def test_checkpoints_are_the_nearest_whole_rollouts(tmp_path: Path, rollouts: int, count: int) -> None:
    budget = rollouts * 64
    found = steps(load(tmp_path, timesteps=budget, checkpoints=count))
    assert all(step % 64 == 0 for step in found)
    assert found == sorted(set(found))
    assert found[-1] == budget
    assert len(found) == min(count, rollouts)
    wanted = [budget * k / count for k in range(1, count + 1)]
    assert all(min(abs(step - want) for want in wanted) <= 32 for step in found if step > 64)


@pytest.mark.parametrize(
    ("rollouts", "expected"),
    [(1, [4]), (2, [4, 4]), (3, [4, 4, 4]), (4, [3, 4, 4, 4]), (6, [3, 3, 3, 4, 4, 4])],
)
def test_the_last_three_have_the_late_number_of_episodes(tmp_path: Path, rollouts: int, expected: list[int]) -> None:
    assert goals(load(tmp_path, timesteps=rollouts * 64)) == expected


def test_several_environments_make_a_rollout_larger(tmp_path: Path) -> None:
    spec = load(tmp_path, environment={"id": "X-v0", "n_envs": 3}, timesteps=1000)
    assert spec.timesteps == 1152
    assert steps(spec) == [192 * k for k in range(1, 7)]


def test_a_baselines_rollout_counts_where_the_space_has_less(tmp_path: Path) -> None:
    spec = load(tmp_path, timesteps=100)
    small = spec.space.model_copy(update={"parameters": {}, "fixed": {"n_steps": 16}})
    assert largest_rollout(spec.space, {}, 2) == 128
    assert largest_rollout(small, {}, 1) == 16
    assert largest_rollout(small, BASELINES, 2) == 128


MEANINGFUL: dict[str, Callable[[Path], StudySpec]] = {
    "environment.id": lambda folder: load(folder, environment={"id": "Other-v0"}),
    "environment.kwargs": lambda folder: load(
        folder, environment={"id": "tuner_toys:ToyLine-v0", "kwargs": {"scale": 2.0}}
    ),
    "environment.n_envs": lambda folder: load(
        folder, environment={"id": "tuner_toys:ToyLine-v0", "n_envs": 2}, timesteps=384
    ),
    "timesteps": lambda folder: load(folder, timesteps=448),
    "checkpoints": lambda folder: load(folder, checkpoints=3),
    "goals.early": lambda folder: load(folder, goals={"early": 2, "late": 4}),
    "goals.late": lambda folder: load(folder, goals={"early": 3, "late": 5}),
    "objective": lambda folder: load(folder, objective="return"),
    "space.learning_rate": lambda folder: load(folder, space_changes={"learning_rate": {"high": 1e-3}}),
    "space.batch_size": lambda folder: load(folder, space_changes={"batch_size": {"scale": "log"}}),
}


@pytest.mark.parametrize("key", MEANINGFUL)
def test_settings_that_change_values_are_part_of_the_meaning(spec: StudySpec, tmp_path: Path, key: str) -> None:
    before, after = spec.meaning(), MEANINGFUL[key](tmp_path).meaning()
    assert before[key] != after[key]


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"curriculum": True}, "curriculum.threshold", 0.5),
        ({"curriculum": {"start": 0.2}}, "curriculum.start", 0.2),
        ({"milestones": ["near"], "objective": "milestones"}, "milestones", ["near"]),
    ],
    ids=str,
)
def test_curriculum_and_milestones_that_count_are_part_of_the_meaning(
    spec: StudySpec, tmp_path: Path, changes: dict[str, Any], key: str, value: object
) -> None:
    meaning = load(tmp_path, **changes).meaning()
    assert (spec.meaning().get(key), meaning[key]) == (None, value)


@pytest.mark.parametrize(("value", "expected"), [(True, CurriculumSpec()), (False, None), ({}, CurriculumSpec())])
def test_a_curriculum_is_on_or_off(tmp_path: Path, value: object, expected: CurriculumSpec | None) -> None:
    assert load(tmp_path, curriculum=value).curriculum == expected


@pytest.mark.parametrize("fixed", [{"n_epochs": 2}, {}, {"n_epochs": 1, "gamma": 0.9}], ids=str)
def test_fixed_arguments_are_part_of_the_meaning(spec: StudySpec, fixed: dict[str, Any]) -> None:
    space = spec.space.model_copy(update={"fixed": fixed})
    assert spec.model_copy(update={"space": space}).meaning() != spec.meaning()


def test_a_parameter_more_or_less_is_another_meaning(spec: StudySpec) -> None:
    parameters = {name: value for name, value in spec.space.parameters.items() if name != "learning_rate"}
    space = spec.space.model_copy(update={"parameters": parameters})
    assert spec.model_copy(update={"space": space}).meaning() != spec.meaning()


@pytest.mark.parametrize(
    "changes",
    [
        {"sampler": "random"},
        {"pruner": "none"},
        {"seed": 7},
        {"device": "auto"},
        {"trials": 99},
        {"description": "other words"},
        {"baselines": {}},
        {"milestones": ["near"]},
        {"environment": {"id": "tuner_toys:ToyLine-v0", "vec_env": "subproc"}},
    ],
    ids=str,
)
def test_how_a_study_is_searched_does_not_change_its_meaning(
    spec: StudySpec, tmp_path: Path, changes: dict[str, Any]
) -> None:
    changed = load(tmp_path, **changes)
    assert changed != spec
    assert changed.meaning() == spec.meaning()


def test_a_study_survives_its_database(spec: StudySpec) -> None:
    copy = StudySpec.model_validate_json(spec.model_dump_json())
    assert copy == spec
    assert copy.meaning() == spec.meaning()


@pytest.mark.parametrize(("low", "same"), [(0, 0.0), (1, 1.0)], ids=str)
def test_a_whole_number_means_what_its_decimal_means(spec: StudySpec, low: int, same: float) -> None:
    """`ent_coef: {low: 0}` and `{low: 0.0}` are one space."""

    def meaning(value: float) -> str:
        space = spec.space.model_dump()
        space["parameters"]["ent_coef"] = {"type": "float", "low": value, "high": 2.0}
        changed = StudySpec.model_validate({**spec.model_dump(), "space": space})
        return json.dumps(changed.meaning(), sort_keys=True)

    assert meaning(low) == meaning(same)


def test_the_environment_travels_as_a_record(spec: StudySpec) -> None:
    ref = spec.environment.ref()
    assert (ref.id, ref.kwargs, ref.n_envs, ref.vec_env) == ("tuner_toys:ToyLine-v0", {}, 1, "dummy")
