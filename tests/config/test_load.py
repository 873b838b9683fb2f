"""Finding study and space files, and the errors for invalid ones."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import BASELINES, SPACE, write_study

from tuner.config.algorithms import ALGORITHMS
from tuner.config.load import available, find, folders, load_space, load_study
from tuner.config.model import StudySpec
from tuner.errors import SpecInvalid, UnknownName, UsageProblem

CURRENT: dict[str, Any] = BASELINES["current"]
PPO_GUIDE = ("learning_rate", "n_steps", "batch_size", "clip_range", "ent_coef", "gamma")
RATE = {"type": "float", "low": 1e-5, "high": 1e-2, "scale": "log"}


def load(folder: Path, **changes: Any) -> StudySpec:
    return load_study(find("studies", str(write_study(folder, **changes))))


def faults_of(folder: Path, **changes: Any) -> tuple[str, ...]:
    with pytest.raises(SpecInvalid) as refused:
        load(folder, **changes)
    return refused.value.faults


def baseline_faults(folder: Path, **values: Any) -> tuple[str, ...]:
    return faults_of(folder, baselines={"current": {**CURRENT, **values}})


def test_a_path_leads_to_its_file(toy_study: Path) -> None:
    assert find("studies", str(toy_study)).path == toy_study
    assert find("studies", "toy.yaml").name == "toy"
    assert find("studies", "./toy.yaml").path.samefile(toy_study)


def test_the_current_folder_is_searched_before_the_package(tmp_path: Path) -> None:
    packaged = find("studies", "reach")
    assert packaged.where == "packaged with tuner"
    (tmp_path / "studies").mkdir()
    own = write_study(tmp_path / "studies", "reach")
    found = find("studies", "reach")
    assert (found.path.samefile(own), found.where) == (True, "./studies")
    assert available("studies")["reach"].samefile(own)
    assert available("studies")["smoke"] == find("studies", "smoke").path


def test_in_a_checkout_the_own_folder_is_the_packaged_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(find("studies", "reach").path.parent.parent)
    assert [where for _, where in folders("studies")] == ["./studies"]


def test_an_unknown_name_lists_the_valid_ones() -> None:
    with pytest.raises(UnknownName, match=r"no study called 'reech', did you mean 'reach'\?; there is: .*smoke"):
        find("studies", "reech")


@pytest.mark.parametrize("name", ["reach.yaml", "./reach", "studies/none.yml"])
def test_a_path_without_a_file_is_refused(name: str) -> None:
    with pytest.raises(UsageProblem, match="no study file"):
        find("studies", name)


def test_a_space_is_looked_for_beside_its_study(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    write_study(folder)
    assert load_study(find("studies", "elsewhere/toy.yaml")).space.fixed == SPACE["fixed"]


def test_the_command_line_goes_over_the_file(toy_study: Path) -> None:
    spec = load_study(find("studies", "toy.yaml"), name="mine", changes={"trials": 7, "sampler": "qmc", "seed": 3})
    assert (spec.name, spec.trials, spec.sampler, spec.seed) == ("mine", 7, "qmc", 3)


def test_another_environment_does_not_inherit_options(tmp_path: Path) -> None:
    environment = {"id": "A-v0", "kwargs": {"x": 1}, "n_envs": 2}
    found = find("studies", str(write_study(tmp_path, environment=environment)))
    assert load_study(found, env="A-v0").environment.kwargs == {"x": 1}
    other = load_study(found, env="B-v0").environment
    assert (other.id, other.kwargs, other.n_envs) == ("B-v0", {}, 1)


@pytest.mark.parametrize("environment", ["A-v0", None, ["A-v0"]], ids=str)
def test_a_malformed_environment_is_a_fault_with_and_without_the_option(tmp_path: Path, environment: object) -> None:
    found = find("studies", str(write_study(tmp_path, environment=environment)))
    for env in (None, "B-v0"):
        with pytest.raises(SpecInvalid, match="environment: must be a mapping"):
            load_study(found, env=env)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"timestep": 5}, "timestep: unknown key, did you mean 'timesteps'?; valid: description, environment"),
        ({"int": 5}, "int: unknown key; valid: description, environment"),
        ({"goals": {"erly": 5}}, "goals.erly: unknown key, did you mean 'early'?; valid: early, late"),
        ({"environment": {"id": "A", "nenvs": 2}}, "environment.nenvs: unknown key, did you mean 'n_envs'?"),
        ({"timesteps": 1e5}, "timesteps: must be a whole number, not 100000.0"),
        ({"timesteps": True}, "timesteps: must be a whole number, not True"),
        ({"timesteps": "many"}, "timesteps: must be a whole number, not 'many'"),
        ({"trials": 0}, "trials: must be greater than or equal to 1, not 0"),
        ({"checkpoints": 0}, "checkpoints: must be greater than or equal to 1, not 0"),
        ({"seed": -1}, "seed: must be greater than or equal to 0, not -1"),
        ({"sampler": "tpee"}, "sampler: must be 'tpe', 'gp', 'random' or 'qmc', not 'tpee'"),
        ({"pruner": None}, "pruner: must be 'median', 'halving' or 'none', not None"),
        ({"device": "gpu"}, "device: must be 'cpu', 'auto' or 'cuda', not 'gpu'"),
        ({"trainer": "fast"}, "trainer: must be 'auto', 'sb3' or 'fused', not 'fast'"),
        ({"algorithm": "sac"}, "algorithm: 'sac', but the space toy_space.yaml is for ppo; leave the key out, or name"),
        ({"algorithm": "sacc"}, "algorithm: must be 'ppo', 'a2c', 'sac', 'td3', 'dqn', 'tqc'"),
        ({"goals": 3}, "goals: must be a mapping, not 3"),
        ({"environment": {"id": ""}}, "environment.id: must not be empty"),
        ({"environment": {}}, "environment.id: is required"),
        ({"curriculum": "on"}, "curriculum: 'on' must be true, false or a mapping"),
        (
            {"curriculum": {"statr": 0.2}},
            "curriculum.statr: unknown key, did you mean 'start'?; valid: start, threshold",
        ),
        ({"curriculum": {"start": 0.25}}, "curriculum.start: 0.25 must be one of 0.1, 0.2 and so on up to 1.0"),
        ({"curriculum": {"start": 0}}, "curriculum.start: 0 must be one of 0.1"),
        ({"curriculum": {"start": 2.0}}, "curriculum.start: 2 must be one of 0.1"),
        ({"curriculum": {"start": "easy"}}, "curriculum.start: must be a number, not 'easy'"),
        ({"curriculum": {"threshold": 1.5}}, "curriculum.threshold: must be less than or equal to 1, not 1.5"),
        ({"curriculum": {"window": 0}}, "curriculum.window: must be greater than or equal to 1, not 0"),
        ({"curriculum": {"signal": ""}}, "curriculum.signal: must not be empty"),
        ({"milestones": "near"}, "milestones: must be a list, not 'near'"),
        ({"milestones": [1]}, "milestones.0: must be text, not 1"),
        ({"objective": "milestones"}, "milestones: is required for `objective: milestones`"),
        ({"objective": "milestone"}, "objective: 'milestone' is no metric, did you mean 'milestones'?"),
        ({"baselines": {"a b": CURRENT}}, "baselines.a b: 'a b' must be letters, digits"),
        ({"baselines": {"winner": CURRENT}}, "baselines.winner: is what a confirmation calls the best tuned trial"),
    ],
    ids=str,
)
def test_an_error_has_path_rule_and_value(tmp_path: Path, changes: dict[str, Any], fault: str) -> None:
    (found,) = faults_of(tmp_path, **changes)
    assert found.startswith(fault)


def test_all_problems_of_a_study_are_reported_at_once(tmp_path: Path) -> None:
    found = faults_of(tmp_path, timesteps=-5, trials="x", goals=3, pruner="medain", trails=1)
    assert [line.split(":")[0] for line in found] == ["timesteps", "goals", "trials", "pruner", "trails"]


@pytest.mark.parametrize("text", ["", "- a\n", "word\n"], ids=["empty", "list", "word"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(SpecInvalid, match="the file: must be a mapping"):
        load_study(find("studies", "bad.yaml"), env="A-v0", changes={"trials": 3})


def test_a_name_that_no_database_takes_is_refused(toy_study: Path) -> None:
    with pytest.raises(SpecInvalid, match="name: 'a b' must be letters"):
        load_study(find("studies", "toy.yaml"), name="a b")


@pytest.mark.parametrize(("timesteps", "whole"), [(64, 64), (65, 128), (127, 128), (128, 128), (384, 384)])
def test_a_budget_is_rounded_up_to_whole_rollouts(tmp_path: Path, timesteps: int, whole: int) -> None:
    assert load(tmp_path, timesteps=timesteps).timesteps == whole


@pytest.mark.parametrize(("n_envs", "least"), [(1, 64), (4, 256)])
def test_a_budget_under_one_largest_rollout_is_refused(tmp_path: Path, n_envs: int, least: int) -> None:
    (fault,) = faults_of(tmp_path, timesteps=least - 1, environment={"id": "A-v0", "n_envs": n_envs})
    assert fault.startswith(f"timesteps: {least - 1} is less than one largest rollout")
    assert f"give at least {least}" in fault


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"learning_rate": 0.1}, "baselines.current.learning_rate: 0.1 is outside the space's range 1e-05 … 0.01"),
        ({"n_steps": 128}, "baselines.current.n_steps: 128 is outside the space's range 16 … 64"),
        (
            {"batch_size": 12},
            "baselines.current.batch_size: 12 is not a power of two, which the space requires; nearest: 16",
        ),
        ({"gama": 0.9}, "baselines.current.gama: unknown PPO argument, did you mean 'gamma'?"),
        ({"n_epochs": 0}, "baselines.current.n_epochs: 0 must be at least 1"),
        ({"device": "gpu"}, "baselines.current.device: 'gpu' must be cpu, auto or cuda"),
    ],
    ids=str,
)
def test_a_baseline_outside_the_rules_is_refused(tmp_path: Path, values: dict[str, Any], fault: str) -> None:
    (found,) = baseline_faults(tmp_path, **values)
    assert found.startswith(fault)


@pytest.mark.parametrize("name", ["learning_rate", "batch_size", "n_steps"])
def test_an_incomplete_baseline_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    values = {key: value for key, value in CURRENT.items() if key != name}
    found = faults_of(tmp_path, baselines={"current": values})
    assert found == (f"baselines.current.{name}: is required, since the space searches it",)


def test_a_baseline_whose_batch_is_not_below_its_steps_is_refused(tmp_path: Path) -> None:
    """The space has this rule for sampled values; baselines must follow it too."""
    (fault,) = baseline_faults(tmp_path, n_steps=16, batch_size=32)
    assert fault.startswith("baselines.current.batch_size")


def test_a_baseline_may_leave_what_the_space_fixes(tmp_path: Path) -> None:
    path = write_study(tmp_path, baselines={"current": {"learning_rate": 1e-3}})
    space = {"parameters": {"learning_rate": RATE}, "fixed": {"n_steps": 32}}
    (tmp_path / "toy_space.yaml").write_text(yaml.safe_dump(space))
    assert load_study(find("studies", str(path))).plan()[0].step == 64


def test_a_space_must_say_its_steps(tmp_path: Path) -> None:
    path = write_study(tmp_path, baselines={})
    space = {"parameters": {"learning_rate": RATE}}
    (tmp_path / "toy_space.yaml").write_text(yaml.safe_dump(space))
    with pytest.raises(SpecInvalid, match="space: n_steps must be a power_of_two range, a choice or fixed"):
        load_study(find("studies", str(path)))


def test_changes_are_merged_into_single_parameters(tmp_path: Path) -> None:
    spec = load(tmp_path, space_changes={"learning_rate": {"high": 1e-3}})
    assert spec.space.parameters["learning_rate"].bounds == (1e-5, 1e-3)
    assert spec.space.parameters["n_steps"].bounds == (16, 64)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"n_step": {"low": 32}}, "did you mean 'n_steps'?"),
        ({"n_steps": {"lw": 32}}, "parameters.n_steps.lw: unknown key, did you mean 'low'?"),
        ({"n_steps": {"low": 128}}, "parameters.n_steps: low 128 must be less than high 64"),
    ],
    ids=str,
)
def test_a_bad_change_is_refused(tmp_path: Path, changes: dict[str, Any], fault: str) -> None:
    (found,) = faults_of(tmp_path, space_changes=changes)
    assert fault in found


def test_changes_of_a_malformed_parameter_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text("parameters: {gamma: 3}\n")
    with pytest.raises(SpecInvalid, match=r"parameters\.gamma: must be a mapping, not 3"):
        load_space(find("search_spaces", str(path)), {"gamma": {"low": 0.9}})


def test_another_environment_does_not_keep_the_studys_description() -> None:
    assert load_study(find("studies", "reach")).description
    assert load_study(find("studies", "reach"), env="CartPole-v1").description == ""


def test_another_environment_is_compared_with_the_defaults_of_stable_baselines3(tmp_path: Path) -> None:
    found = find("studies", "reach")
    arm, other = load_study(found), load_study(found, env="CartPole-v1")
    assert list(arm.baselines) == ["current", "proposed", "guide-0.95"]
    assert list(other.baselines) == ["sb3-defaults"]
    defaults = ALGORITHMS["ppo"].defaults
    assert other.baselines["sb3-defaults"] == {name: defaults[name] for name in (*PPO_GUIDE, "n_epochs", "gae_lambda")}
    sac = load_study(found, env="Pendulum-v1", changes={"algorithm": "sac"}).baselines["sb3-defaults"]
    assert sac["batch_size"] == ALGORITHMS["sac"].defaults["batch_size"]
    assert load_study(found, env="CartPole-v1", changes={"baselines": {}}).baselines == {}


def test_own_baselines_move_to_another_environment_and_so_do_all_where_the_defaults_do_not_fit(tmp_path: Path) -> None:
    reach = find("studies", "reach").path.read_text()
    values = load_study(find("studies", "reach")).baselines["current"]
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(reach), "baselines": {"current": values, "mine": values}}))
    assert list(load_study(find("studies", str(path)), env="CartPole-v1").baselines) == ["sb3-defaults", "mine"]
    toy = find("studies", str(write_study(tmp_path)))  # its rollouts are shorter than the default
    assert load_study(toy, env="CartPole-v1").baselines == load_study(toy).baselines


def test_a_gaussian_process_is_refused_where_parameters_depend_on_others(tmp_path: Path) -> None:
    more = {
        "learning_rate_schedule": {"type": "choice", "choices": ["constant", "linear"]},
        "learning_rate_final": {
            "type": "float",
            "low": 1e-7,
            "high": 1e-6,
            "when": {"learning_rate_schedule": "linear"},
        },
    }
    space = {**SPACE, "parameters": {**SPACE["parameters"], **more}}
    path = write_study(tmp_path, sampler="gp", baselines={})
    (tmp_path / "toy_space.yaml").write_text(yaml.safe_dump(space))
    with pytest.raises(
        SpecInvalid, match=r"sampler: 'gp' cannot search conditional parameters \(learning_rate_final\)"
    ):
        load_study(find("studies", str(path)))


def test_a_gaussian_process_is_refused_for_many_trials(tmp_path: Path) -> None:
    path = write_study(tmp_path, sampler="gp", trials=501)
    with pytest.raises(SpecInvalid, match="sampler: 'gp' is too slow for 501 trials, at most 500; take tpe for more"):
        load_study(find("studies", str(path)))
    assert load_study(find("studies", str(path)), changes={"trials": 500}).sampler == "gp"
