"""The packaged spaces and studies have the PPO guide's ranges and values."""

from typing import Any

import pytest

from roarm_envs.tasks.reach import Reach
from tuner.config.load import available, find, load_space, load_study
from tuner.config.model import StudySpec
from tuner.config.parameters import FloatParameter, IntParameter

RANGES = {
    "learning_rate": (1e-5, 1e-3, "log"),
    "n_steps": (512, 8192, "power_of_two"),
    "batch_size": (32, 512, "power_of_two"),
    "n_epochs": (3, 30, "linear"),
    "gamma": (0.9, 0.9999, "linear"),
    "gae_lambda": (0.9, 0.99, "linear"),
    "clip_range": (0.1, 0.3, "linear"),
    "ent_coef": (0.0, 0.01, "linear"),
}
FIVE = ["learning_rate", "n_steps", "batch_size", "clip_range", "ent_coef"]
CURRENT = {
    "learning_rate": 3e-4,
    "n_steps": 2048,
    "batch_size": 64,
    "n_epochs": 10,
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "clip_range": 0.2,
    "ent_coef": 0.0,
    "max_grad_norm": 0.5,
    "device": "auto",
}
PROPOSED = {
    "learning_rate": 1e-4,
    "n_steps": 4096,
    "batch_size": 128,
    "n_epochs": 15,
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "clip_range": 0.1,
    "ent_coef": 0.005,
    "max_grad_norm": 0.5,
    "device": "cuda",
}

REWARD = {name: getattr(Reach, name) for name in ("progress_scale", "success_bonus", "effort_weight")}  # as it is


def ranges(name: str) -> dict[str, tuple[float, float, str]]:
    found = {}
    for parameter_name, parameter in load_space(find("search_spaces", name)).parameters.items():
        assert isinstance(parameter, FloatParameter | IntParameter)
        found[parameter_name] = (*parameter.bounds, parameter.scale)
    return found


def study(name: str) -> StudySpec:
    return load_study(find("studies", name))


def test_what_is_packaged() -> None:
    assert available("search_spaces").keys() >= {"ppo_guide", "ppo_full", "ppo_schedules", "ppo_fast", "pick_place"}
    assert available("studies").keys() >= {"reach", "reach_fast", "smoke", "pick_place"}


def test_the_guides_space_searches_its_five_and_fixes_its_other_three() -> None:
    assert ranges("ppo_guide") == {name: RANGES[name] for name in FIVE}
    assert load_space(find("search_spaces", "ppo_guide")).fixed == {"n_epochs": 10, "gamma": 0.99, "gae_lambda": 0.95}


def test_the_reward_is_searched_round_its_own_weights_beside_the_guides_five() -> None:
    space, guide = (load_space(find("search_spaces", name)) for name in ("reward_and_ppo", "ppo_guide"))
    assert ({name: space.parameters[name] for name in FIVE}, space.fixed) == (guide.parameters, guide.fixed)
    assert space.of_environment == tuple(REWARD)
    for name, value in REWARD.items():
        low, high = space.parameters[name].bounds
        assert low * high == pytest.approx(value**2)
    spec = study("reach_reward")
    assert (spec.objective.metric, spec.environment.kwargs) == ("success", REWARD)
    assert study("reach").baselines == {
        role: {name: value for name, value in values.items() if name not in REWARD}
        for role, values in spec.baselines.items()
    }


def test_the_full_space_searches_all_eight() -> None:
    assert ranges("ppo_full") == RANGES
    assert load_space(find("search_spaces", "ppo_full")).fixed == {}


def test_schedules_start_in_the_guides_ranges_and_end_where_the_guide_lets_them() -> None:
    space = load_space(find("search_spaces", "ppo_schedules"))
    forms = {name: parameter for name, parameter in space.parameters.items() if name not in FIVE}
    assert forms.keys() == {"learning_rate_schedule", "clip_range_schedule", "ent_coef_schedule"}
    assert all(getattr(form, "choices", None) == ("constant", "linear") for form in forms.values())
    found = {name: (*space.parameters[name].bounds, getattr(space.parameters[name], "scale", "")) for name in FIVE}
    assert found == {name: RANGES[name] for name in FIVE}
    ends = {"learning_rate_final": 1e-5, "clip_range_final": 0.1, "ent_coef_final": 0.0}
    assert space.fixed == {**ends, "n_epochs": 10, "gamma": 0.99, "gae_lambda": 0.95}


def test_the_fast_study_trains_as_the_guides_tip_has_it() -> None:
    spec = study("reach_fast")
    assert spec.environment.n_envs == 8
    assert spec.space.fixed.items() >= {"n_steps": 4096, "n_epochs": 5}.items()
    assert [checkpoint.step for checkpoint in spec.plan()] == [32_768 * k for k in range(1, 13)]


@pytest.mark.parametrize("name", ["ppo_guide", "ppo_full", "ppo_schedules", "ppo_fast", "pick_place"])
def test_a_batch_stays_below_the_steps(name: str) -> None:
    batch = load_space(find("search_spaces", name)).parameters["batch_size"]
    assert isinstance(batch, IntParameter)
    assert batch.below == "n_steps"


@pytest.mark.parametrize("name", sorted(available("studies")))
def test_every_study_compares_the_two_configurations(name: str) -> None:
    spec = study(name)
    searched = {"log_std_init": 0.0} if "log_std_init" in spec.space.parameters else {}  # SB3's own default
    searched |= {weight: REWARD[weight] for weight in spec.space.of_environment}
    assert {role: spec.baselines[role] for role in ("current", "proposed")} == {
        "current": CURRENT | searched,
        "proposed": PROPOSED | searched,
    }


def test_the_default_study_tells_the_gain_of_gamma_from_that_of_the_search() -> None:
    own = {key: value for key, value in CURRENT.items() if key != "device"}  # the guide's defaults
    spec = study("reach")
    assert list(spec.baselines) == ["current", "proposed", "guide-0.95"]
    assert spec.baselines["guide-0.95"] == {**own, "gamma": 0.95}


@pytest.mark.parametrize("name", ["reach", "smoke"])
def test_where_gamma_is_fixed_it_follows_the_guides_rule_for_short_episodes(name: str) -> None:
    spec = study(name)
    assert spec.space.fixed["gamma"] == 0.95
    other = load_study(find("studies", name), env="CartPole-v1")
    assert (other.space.fixed["gamma"], list(other.baselines)) == (0.99, ["sb3-defaults"])


@pytest.mark.parametrize("name", sorted(available("studies")))
def test_every_packaged_study_runs_as_the_protocol_has_it(name: str) -> None:
    spec = study(name)
    assert (spec.device, spec.algorithm, spec.chosen_policy) == ("cpu", "ppo", "MlpPolicy")
    assert (spec.sampler, spec.pruner, spec.seed) == ("tpe", "median", None)


@pytest.mark.parametrize(("name", "n_envs"), [("reach", 1), ("smoke", 1), ("reach_fast", 8), ("reach_reward", 1)])
def test_reaching_is_scored_by_success(name: str, n_envs: int) -> None:
    spec = study(name)
    assert (spec.environment.id, spec.environment.n_envs) == ("roarm_envs:RoArmReach-v0", n_envs)
    assert (spec.objective.metric, spec.milestones, spec.curriculum) == ("success", (), None)


def test_pick_and_place_has_milestones_and_a_curriculum() -> None:
    spec = study("pick_place")
    assert spec.environment.id == "roarm_envs:RoArmPickPlace-v0"
    assert (spec.objective.metric, spec.milestones) == ("milestones", ("reached", "grasped", "lifted", "placed"))
    assert spec.curriculum is not None
    assert (spec.curriculum.start, spec.curriculum.signal) == (0.1, "lifted")
    searched = spec.space.parameters.keys()
    assert set(FIVE) < searched
    assert len(spec.plan()) == 12


@pytest.mark.parametrize("name", ["ppo_guide", "ppo_full", "ppo_schedules", "ppo_fast"])
def test_every_space_holds_the_two_configurations(name: str) -> None:
    spec = load_study(find("studies", "reach"), changes={"space": name})
    assert spec.space_name == name
    assert list(spec.baselines) == ["current", "proposed", "guide-0.95"]


def test_reach_is_the_default_of_the_protocol() -> None:
    spec = study("reach")
    plan = [(checkpoint.step, checkpoint.goals) for checkpoint in spec.plan()]
    assert spec.timesteps == 98_304
    assert plan == [(8192 * k, 50 if k > 9 else 20) for k in range(1, 13)]


def test_smoke_is_a_sixth_of_it() -> None:
    spec = study("smoke")
    plan: list[Any] = [(checkpoint.step, checkpoint.goals) for checkpoint in spec.plan()]
    assert spec.timesteps == 16_384
    assert plan == [(4096, 10), (8192, 10), (12_288, 10), (16_384, 10)]
    assert spec.space.parameters["n_steps"].bounds == (512, 4096)
    assert list(spec.space.parameters) == FIVE
