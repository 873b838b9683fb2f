"""Spaces that search arguments of the environment: files, baselines, jobs, stages, what is refused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import SPACE, write_study

from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.config.searched_environment import extreme_environments, refuse_returns, typical_environment, unused
from tuner.config.space import SpaceSpec, job_arguments
from tuner.config.staging import environment_so_far, stage_spec, staged
from tuner.config.study_keys import FirstLook
from tuner.errors import SpecInvalid

SCALE = {"type": "float", "low": 1.0, "high": 16.0, "scale": "log", "target": "environment"}
FORM = {"type": "choice", "choices": ["a", "b", "c"], "target": "environment"}
GIVEN = {"id": "tuner_toys:ToyLine-v0", "kwargs": {"scale": 2.0}}
OWN = {"learning_rate": 3e-4, "n_steps": 32, "batch_size": 16}  # a baseline without values of the environment
FORMED = {"environment": {**GIVEN, "kwargs": {"scale": 2.0, "form": "a"}}}
RATE = {"type": "float", "low": 1e-4, "high": 1e-3, "scale": "log"}


def study(folder: Path, more: Mapping[str, Any] = {"scale": SCALE}, **changes: Any) -> StudySpec:
    """The toy study, which searches `more` as well."""
    path = write_study(folder, **{"environment": GIVEN, **changes})
    (folder / "toy_space.yaml").write_text(yaml.safe_dump({**SPACE, "parameters": {**SPACE["parameters"], **more}}))
    return load_study(find("studies", str(path)))


def fault(folder: Path, *args: Any, **changes: Any) -> str:
    with pytest.raises(SpecInvalid) as caught:
        study(folder, *args, **changes)
    return "; ".join(caught.value.faults)


def test_the_target_is_stored_only_where_it_is_the_environment(tmp_path: Path) -> None:
    spec = study(tmp_path)
    stored = spec.model_dump(mode="json")["space"]["parameters"]
    assert [name for name, parameter in stored.items() if "target" in parameter] == ["scale"]
    assert "target" in spec.meaning()["space.scale"]
    assert StudySpec.model_validate_json(spec.model_dump_json()) == spec


def test_a_baseline_without_a_value_has_that_of_the_environment(tmp_path: Path) -> None:
    spec = study(tmp_path, baselines={"usual": OWN, "other": {**OWN, "scale": 8.0}})
    assert {role: values["scale"] for role, values in spec.baselines.items()} == {"usual": 2.0, "other": 8.0}


def test_without_either_it_has_to_be_named(tmp_path: Path) -> None:
    said = fault(tmp_path, environment={"id": "tuner_toys:ToyLine-v0"})
    assert said.startswith("baselines.current, proposed: scale: is required, since the space searches it in the env")
    with pytest.raises(SpecInvalid, match="space: searches scale of another environment; take another --space"):
        load_study(find("studies", str(tmp_path / "toy.yaml")), env="CartPole-v1")


@pytest.mark.parametrize(
    ("more", "changes", "said"),
    [
        (
            {"gamma": SCALE},
            {},
            "parameters.gamma: is an argument of PPO too; leave out `target: environment`",
        ),
        ({"clip_range_final": SCALE}, {}, "parameters.clip_range_final: is an argument of PPO too"),
        ({"device": SCALE}, {}, "parameters.device: cannot be searched; rename"),
        ({"scale": {**SCALE, "target": "env"}}, {}, "parameters.scale.target: must be 'algorithm' or 'environment'"),
        ({"scale": SCALE}, {"fixed": {"scale": 2.0}}, "fixed.scale: is the environment's; its value belongs under"),
        (
            {"scale": SCALE},
            {"environment": {**GIVEN, "kwargs": {"scale": 99}}},
            "scale: 99 is outside the space's",
        ),
        ({"scale": SCALE}, {"objective": "return"}, "objective: scale of the environment would be searched by returns"),
        ({"scale": SCALE}, {"sampler": "gp", "trials": 501}, "sampler: 'gp' is too slow"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(tmp_path: Path, more: Any, changes: Any, said: str) -> None:
    assert said in fault(tmp_path, more, **changes)


def test_a_name_of_another_algorithms_arguments_is_free() -> None:
    space = SpaceSpec.model_validate({"algorithm": "ppo", "parameters": {"noise_std": SCALE}})
    assert space.of_environment == ("noise_std",)


def test_a_trials_values_go_to_the_constructor_and_not_to_the_algorithm(tmp_path: Path) -> None:
    spec = study(tmp_path, environment={**GIVEN, "kwargs": {"scale": 2.0, "other": 1}})
    configuration = job_arguments(spec.space, {"learning_rate": 1e-3, "scale": 5.0}, {})
    job = spec.job(number=0, seed=0, params=configuration)
    assert (configuration["scale"], "scale" in job.params) == (5.0, False)
    assert job.environment.kwargs == {"scale": 5.0, "other": 1}
    assert spec.environment.kwargs == {"scale": 2.0, "other": 1}


def test_a_condition_leaves_the_studys_own_value(tmp_path: Path) -> None:
    spec = study(tmp_path, {"form": FORM, "scale": {**SCALE, "when": {"form": "b"}}}, baselines={})
    kwargs = [spec.job(number=0, seed=0, params={"form": form}).environment.kwargs for form in ("a", "b")]
    assert kwargs == [{"scale": 2.0, "form": "a"}, {"scale": 2.0, "form": "b"}]
    tried = [ref.kwargs for ref in extreme_environments(spec)]
    assert tried == [{"scale": 2.0, "form": "a"}, {"scale": 16.0, "form": "b"}, {"scale": 2.0, "form": "c"}]


def test_a_look_takes_the_first_baseline_or_the_middle(tmp_path: Path) -> None:
    assert typical_environment(study(tmp_path)).kwargs == {"scale": 2.0}
    assert typical_environment(study(tmp_path, baselines={})).kwargs == {"scale": 4.0}
    assert [ref.kwargs for ref in extreme_environments(study(tmp_path))] == [{"scale": 1.0}, {"scale": 16.0}]
    assert extreme_environments(load_study(find("studies", str(write_study(tmp_path))))) == []


def test_a_value_that_nothing_has_is_known(tmp_path: Path) -> None:
    assert unused(study(tmp_path)) == []
    assert unused(study(tmp_path, baselines={})) == ["scale"]


@pytest.mark.parametrize(
    ("objective", "success", "refused"),
    [
        ("success", "is_success", False),
        ("success", None, True),
        ("area", None, True),
        ("info:energy", None, False),
    ],
)
def test_scores_that_fall_back_to_returns_are_refused(
    tmp_path: Path, objective: str, success: str | None, refused: bool
) -> None:
    spec = study(tmp_path, objective=objective).model_copy(update={"look": FirstLook(success=success)})
    if not refused:
        refuse_returns(spec)
        return
    with pytest.raises(SpecInvalid, match=r"tells no success, so scores would be returns, .*take info:NAME"):
        refuse_returns(spec)


STAGES = [{"parameters": {"scale": SCALE}}, {"parameters": {"learning_rate": RATE}}]


def test_a_later_stage_has_what_an_earlier_one_found_of_the_environment(tmp_path: Path) -> None:
    whole = staged(study(tmp_path, stages=STAGES), trials=None)
    first = stage_spec(whole, 1, {})
    assert ([*first.space.parameters], "scale" in first.space.fixed) == (["scale"], False)
    assert {values["scale"] for values in first.baselines.values()} == {2.0}
    second = stage_spec(whole, 2, {"learning_rate": 3e-4, "scale": 9.0, "n_steps": 32, "batch_size": 16})
    assert second.environment.kwargs == {"scale": 9.0}
    assert environment_so_far(whole, second) == {"scale": 9.0}
    assert "scale" not in second.baselines["before"].keys() | second.space.fixed.keys()


@pytest.mark.parametrize(
    ("more", "changes", "said"),
    [
        (
            {"scale": SCALE},
            {"stages": STAGES[1:]},
            "scale: the space searches it in the environment, and no",
        ),
        (
            {},
            {"stages": STAGES, "environment": {"id": GIVEN["id"]}},
            "scale: needs a value in the environment's",
        ),
        (
            {"scale": SCALE},
            {
                "stages": STAGES,
                "baselines": {"b": {"learning_rate": 3e-4, "n_steps": 32, "batch_size": 16, "scale": 3.0}},
            },
            "scale: baselines.b differs from the environment's kwargs",
        ),
    ],
    ids=["no stage", "no value", "another value"],
)
def test_stages_that_could_not_begin_are_refused(tmp_path: Path, more: Any, changes: Any, said: str) -> None:
    with pytest.raises(SpecInvalid) as caught:
        staged(study(tmp_path, more, **changes), trials=None)
    assert said in "; ".join(caught.value.faults)


def test_evaluations_and_videos_are_in_one_environment_and_their_own_arguments_take_precedence(tmp_path: Path) -> None:
    spec = study(tmp_path, {"scale": SCALE, "form": FORM}, evaluation={"environment": {"scale": 1.5}}, **FORMED)
    configuration = {**OWN, "scale": 8.0, "form": "c"}
    job = spec.job(number=0, seed=0, params=configuration)
    seen = spec.evaluated_in(configuration).kwargs
    assert seen == {**job.environment.kwargs, **job.evaluation_kwargs} == {"scale": 1.5, "form": "c"}
    assert job.environment.kwargs == {"scale": 8.0, "form": "c"}
