"""Baselines from files: which block is read, which values, which keys are ignored, and the errors."""

import inspect
from pathlib import Path
from typing import Any

import pytest
import rl_zoo3
import yaml
from conftest import write_study
from stable_baselines3.common.vec_env import VecNormalize

from tuner.config.algorithms import ALGORITHMS, argument_faults
from tuner.config.arguments import ACTIVATIONS, HER, NOISE, NORMALIZE, POLICY, layers
from tuner.config.baselines import read_baseline, with_baselines
from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.errors import SpecInvalid, UsageProblem
from tuner.training.make_model import model_class

ENV = "tuner_toys:ToyLine-v0"
BLOCK = {"n_envs": 2, "n_timesteps": 1e6, "policy": "MlpPolicy", "n_steps": 32, "batch_size": 8, "gamma": 0.9}


def write(folder: Path, data: Any) -> str:
    path = folder / "zoo.yml"
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data))
    return str(path)


@pytest.fixture
def spec(tmp_path: Path) -> StudySpec:
    return load_study(find("studies", str(write_study(tmp_path))))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_defaults_are_the_librarys(algorithm: str) -> None:
    signature = inspect.signature(model_class(algorithm).__init__).parameters
    flat = {
        name: value
        for name, value in ALGORITHMS[algorithm].defaults.items()
        if name not in POLICY and name not in NORMALIZE and name not in HER
    }
    assert flat == {name: signature[name].default for name in flat}
    assert flat.keys() == ALGORITHMS[algorithm].arguments.keys() - {*POLICY, *NOISE, *NORMALIZE, *HER}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_defaults_of_the_policy_are_the_librarys(algorithm: str) -> None:
    env = "Pendulum-v1" if "Box" in ALGORITHMS[algorithm].actions else "CartPole-v1"
    kind: Any = model_class(algorithm)
    policy = kind(ALGORITHMS[algorithm].policies["flat"], env, device="cpu").policy
    defaults = ALGORITHMS[algorithm].defaults
    assert layers(policy.net_arch or [64, 64]) == defaults["net_arch"]
    assert policy.activation_fn.__name__ == ACTIVATIONS[defaults["activation_fn"]]


def test_the_defaults_of_normalisation_are_the_librarys() -> None:
    signature = inspect.signature(VecNormalize.__init__).parameters
    for name in ("clip_obs", "clip_reward"):
        assert ALGORITHMS["ppo"].defaults[name] == signature[name].default


@pytest.mark.parametrize(
    ("data", "asked", "name"),
    [
        pytest.param({"ToyLine-v0": BLOCK, "Ant-v4": {"gamma": 0.5}}, "", "zoo", id="the study's own"),
        pytest.param({"Ant-v4": BLOCK, "provenance": {"trial": 3}}, "", "zoo", id="the only one"),
        pytest.param({"Ant-v4": BLOCK, "Hopper-v4": {"gamma": 0.5}}, ":Ant-v4", "zoo-Ant-v4", id="named"),
    ],
)
def test_a_block_is_found(tmp_path: Path, data: Any, asked: str, name: str) -> None:
    taken = read_baseline(write(tmp_path, data) + asked, ENV)
    assert taken.name == name
    assert taken.values == {"n_steps": 32, "batch_size": 8, "gamma": 0.9}
    assert taken.left == ("n_envs", "n_timesteps", "policy")


def test_rl_zoo3s_policy_kwargs_are_parsed(tmp_path: Path) -> None:
    text = "dict(log_std_init=-2, ortho_init=False, activation_fn=nn.ReLU, net_arch=[64, 32])"
    taken = read_baseline(write(tmp_path, {"A-v0": {**BLOCK, "policy_kwargs": text}}), ENV)
    policy = {"log_std_init": -2, "ortho_init": False, "activation_fn": "relu", "net_arch": [64, 32]}
    assert taken.values.items() >= policy.items()
    assert "policy_kwargs" not in taken.left


def test_merged_defaults_are_followed(tmp_path: Path) -> None:
    text = "common: &common\n  n_steps: 64\n  gamma: 0.8\nA-v0:\n  <<: *common\n  gamma: 0.9\n"
    assert read_baseline(write(tmp_path, text) + ":A-v0", ENV).values == {"n_steps": 64, "gamma": 0.9}


@pytest.mark.parametrize(
    ("data", "asked", "said"),
    [
        pytest.param({"A-v0": BLOCK, "B-v0": BLOCK}, "", "name the environment, as", id="which one"),
        pytest.param({"A-v0": BLOCK}, ":C-v0", "the file has: A-v0", id="none of that name"),
        pytest.param("- 1\n", "", "the file has: none", id="no mapping"),
        pytest.param({"A-v0": 3}, "", "must be a mapping of hyperparameters, not 3", id="no block"),
        pytest.param({"A-v0": {"policy_kwargs": "dict(a=open('x'))"}}, "", "plain values", id="code"),
        pytest.param({"A-v0": {"policy_kwargs": "print(1)"}}, "", "plain values", id="a call"),
        pytest.param({"A-v0": {"policy_kwargs": 3}}, "", "plain values", id="a number"),
    ],
)
def test_an_invalid_file_is_refused(tmp_path: Path, data: Any, asked: str, said: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        read_baseline(write(tmp_path, data) + asked, ENV)
    assert said in str(caught.value)


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(UsageProblem, match="No such file"):
        read_baseline("nowhere.yml", ENV)


def test_missing_arguments_get_the_librarys_defaults(spec: StudySpec) -> None:
    more = with_baselines(spec, {"zoo": {"n_steps": 32, "batch_size": 8}}, "--baseline zoo.yml")
    assert more.baselines["zoo"] == {"learning_rate": 3e-4, "n_steps": 32, "batch_size": 8}
    assert list(more.baselines) == [*spec.baselines, "zoo"]
    assert more.meaning() == spec.meaning()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({}, "baselines.zoo.n_steps: 2048 is outside the space's range 16 … 64", id="out of range"),
        pytest.param({"n_steps": 33, "batch_size": 8}, "33 is not a power of two", id="no power"),
        pytest.param({"n_steps": 32, "batch_size": 8, "gamma": 7}, "gamma: 7 must be at most 1", id="argument"),
    ],
)
def test_a_value_that_is_not_valid_in_the_study_is_refused(spec: StudySpec, values: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecInvalid) as caught:
        with_baselines(spec, {"zoo": values}, "--baseline zoo.yml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("--baseline zoo.yml: ")


def test_a_name_is_used_for_one_configuration(spec: StudySpec) -> None:
    values = {"n_steps": 32, "batch_size": 8}
    more = with_baselines(spec, {"zoo": values}, "it")
    assert with_baselines(more, {"zoo": values}, "it") == more
    with pytest.raises(SpecInvalid, match="already exists in the study with other values"):
        with_baselines(more, {"zoo": {**values, "gamma": 0.5}}, "it")


def test_random_steps_as_long_as_a_trial_are_refused(tmp_path: Path) -> None:
    space = {"algorithm": "sac", "parameters": {"tau": {"type": "float", "low": 0.001, "high": 0.1}}}
    path = write_study(tmp_path, baselines={})
    (tmp_path / "toy_space.yaml").write_text(yaml.safe_dump(space))
    other = load_study(find("studies", str(path)))
    with pytest.raises(SpecInvalid, match="learning_starts: 400 of 384 timesteps leave none for learning"):
        with_baselines(other, {"zoo": {"tau": 0.01, "learning_starts": 400}}, "--baseline zoo.yml")


@pytest.mark.parametrize(("algorithm", "block"), [("sac", "ReacherBulletEnv-v0"), ("td3", "ReacherBulletEnv-v0")])
def test_rl_zoo3s_published_arguments_for_arms_are_in_the_packaged_space(algorithm: str, block: str) -> None:
    file = Path(rl_zoo3.__file__).parent / "hyperparams" / f"{algorithm}.yml"
    taken = read_baseline(f"{file}:{block}", ENV, algorithm)
    spec = load_study(find("studies", "reach"), changes={"algorithm": algorithm})
    more = with_baselines(spec, {taken.name: taken.values}, "it")
    assert more.baselines[taken.name]["learning_starts"] == 10_000
    assert more.meaning() == spec.meaning()


def test_missing_policy_arguments_get_the_librarys_defaults(tmp_path: Path) -> None:
    path = write_study(tmp_path, baselines={})
    space = yaml.safe_load((tmp_path / "toy_space.yaml").read_text())
    space["parameters"]["net_arch"] = {"type": "choice", "choices": ["16x16", "64x64"]}
    (tmp_path / "toy_space.yaml").write_text(yaml.safe_dump(space))
    more = with_baselines(load_study(find("studies", str(path))), {"zoo": {"n_steps": 32, "batch_size": 8}}, "it")
    assert more.baselines["zoo"]["net_arch"] == [64, 64]


ZOO = Path(rl_zoo3.__file__).parent / "hyperparams"
BLOCKS = [
    (algorithm, block)
    for algorithm in ("ppo", "a2c", "sac", "td3", "dqn")
    for block in yaml.safe_load((ZOO / f"{algorithm}.yml").read_text())
    if block != "default"
]
OWN_RULES = ("outside the space's range", "not a power of two", "must be less than n_steps", "is not one of")
NOT_TAKEN = {("sac", "donkey-generated-track-v0"): "train_freq", ("sac", "NeckEnvRelative-v2"): "train_freq"}


@pytest.mark.parametrize(("algorithm", "block"), BLOCKS)
def test_every_block_that_rl_zoo3_installs_is_read(algorithm: str, block: str) -> None:
    taken = read_baseline(f"{ZOO / algorithm}.yml:{block}", ENV, algorithm)
    written = yaml.safe_load((ZOO / f"{algorithm}.yml").read_text())[block]
    values = taken.values
    for name in ("gamma", "n_epochs", "gae_lambda"):
        if name in written and name in ALGORITHMS[algorithm].arguments:
            assert values[name] == written[name]
    faults = [
        fault for fault in argument_faults(values, "it", algorithm) if not any(rule in fault for rule in OWN_RULES)
    ]
    refused = NOT_TAKEN.get((algorithm, block))
    assert [fault.split(":")[0] for fault in faults] == ([f"it.{refused}"] if refused else [])


@pytest.mark.parametrize(
    ("text", "net"),
    [
        ("dict(net_arch=dict(pi=[64, 64], vf=[64, 64]))", [64, 64]),
        ("dict(net_arch=[dict(pi=[64], vf=[32, 16])])", {"pi": [64], "vf": [32, 16]}),
        ("dict(net_arch=dict(pi=[8], qf=[16]), activation_fn=torch.nn.ELU)", {"pi": [8], "qf": [16]}),
        ("{'net_arch': [32]}", None),
    ],
)
def test_nets_of_their_own_are_read(tmp_path: Path, text: str, net: Any) -> None:
    path = write(tmp_path, {"A-v0": {**BLOCK, "policy_kwargs": text}})
    if net is None:
        with pytest.raises(SpecInvalid, match="plain values"):
            read_baseline(path, ENV)
        return
    assert layers(read_baseline(path, ENV).values["net_arch"]) == net


def test_a_class_in_policy_kwargs_is_named_as_left_out(tmp_path: Path) -> None:
    text = "dict(optimizer_class=RMSpropTFLike, optimizer_kwargs=dict(eps=1e-5))"
    taken = read_baseline(write(tmp_path, {"A-v0": {**BLOCK, "policy_kwargs": text}}), ENV)
    assert {"policy_kwargs.optimizer_class", "policy_kwargs.optimizer_kwargs"} <= set(taken.left)
