"""Which algorithm supports which action space, and what a space for each may contain."""

import inspect
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from conftest import write_study

from tuner.config.algorithms import ALGORITHMS, Algorithm, unfit
from tuner.config.load import find, load_space, load_study, study_algorithm
from tuner.config.model import StudySpec
from tuner.config.schedules import FORM, SCHEDULED
from tuner.config.space import job_arguments, rollouts
from tuner.errors import SpecInvalid
from tuner.training.make_model import model_class

REPLAY: dict[str, Any] = {
    "algorithm": "sac",
    "parameters": {
        "learning_rate": {"type": "float", "low": 1e-5, "high": 1e-2, "scale": "log"},
        "train_freq": {"type": "int", "low": 1, "high": 8, "scale": "power_of_two"},
    },
    "fixed": {"learning_starts": 16, "batch_size": 8},
}


def load(folder: Path, space: dict[str, Any], **changes: Any) -> StudySpec:
    path = write_study(folder, **{"baselines": {}, **changes})
    (folder / "toy_space.yaml").write_text(yaml.safe_dump(space))
    return load_study(find("studies", str(path)))


def faults(folder: Path, space: dict[str, Any], **changes: Any) -> tuple[str, ...]:
    with pytest.raises(SpecInvalid) as refused:
        load(folder, space, **changes)
    return refused.value.faults


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_action_spaces_are_the_librarys(algorithm: str) -> None:
    kind: Any = model_class(algorithm)
    policy = ALGORITHMS[algorithm].policies["flat"]
    env = {"Box": "Pendulum-v1", "Discrete": "CartPole-v1"}
    for space, name in env.items():
        if space in ALGORITHMS[algorithm].actions:
            kind(
                policy,
                name,
                device="cpu",
                **({"buffer_size": 8} if ALGORITHMS[algorithm].off_policy else {}),
            )
        else:
            with pytest.raises(AssertionError, match="action space"):
                kind(policy, name, device="cpu", **({"buffer_size": 8} if ALGORITHMS[algorithm].off_policy else {}))


@pytest.mark.parametrize(
    ("algorithm", "space", "said"),
    [
        (
            "dqn",
            "Box",
            "DQN needs discrete actions; Arm-v0 has continuous ones: use ppo, a2c, sac or td3 (--algorithm)",
        ),
        (
            "sac",
            "Discrete",
            "SAC needs continuous actions; Arm-v0 has discrete ones: use ppo, a2c or dqn (--algorithm)",
        ),
        ("td3", "MultiBinary", "TD3 needs continuous actions; Arm-v0 has binary ones: use ppo or a2c (--algorithm)"),
        ("ppo", "MultiDiscrete", None),
        ("dqn", "Discrete", None),
        ("sac", "Dict", None),  # no algorithm can; SB3 raises the error
    ],
)
def test_an_unsupported_action_space_names_the_algorithms_that_support_it(
    algorithm: str, space: str, said: str | None
) -> None:
    assert unfit(algorithm, space, "Arm-v0") == said


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_has_a_space_of_its_own(algorithm: str) -> None:
    space = load_space(find("search_spaces", ALGORITHMS[algorithm].space))
    assert space.algorithm == algorithm
    assert space.description
    most = max(rollouts(space))
    assert all(most % value == 0 for value in rollouts(space))


def test_the_table_has_what_a_study_may_name() -> None:
    assert list(ALGORITHMS) == list(get_args(Algorithm))


def test_schedules_are_of_the_arguments_that_may_follow_them() -> None:
    scheduled = [name for entry in ALGORITHMS.values() for name in entry.names if name + FORM in entry.names]
    assert set(SCHEDULED) == set(scheduled)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_its_class_is_the_librarys_and_its_signals_are_logged(algorithm: str) -> None:
    kind = model_class(algorithm)
    assert kind.__module__.startswith(ALGORITHMS[algorithm].model.partition(":")[0])
    assert kind.__name__ == (ALGORITHMS[algorithm].title or algorithm.upper())
    source = "".join(inspect.getsource(one) for one in kind.__mro__ if one.__module__.startswith(("stable_b", "sb3_")))
    assert [signal for signal in ALGORITHMS[algorithm].signals if f'"train/{signal}"' not in source] == []
    assert issubclass(model_class(algorithm, "auto"), kind)


def test_the_algorithm_is_the_spaces(tmp_path: Path) -> None:
    spec = load(tmp_path, REPLAY, timesteps=100)
    assert spec.algorithm == "sac"
    assert spec.timesteps == 104  # whole multiples of the largest train_freq
    assert {checkpoint.step % 8 for checkpoint in spec.plan()} == {0}
    assert spec.meaning()["algorithm"] == "sac"


def test_a_space_without_train_freq_is_evaluated_where_the_librarys_own_allows(tmp_path: Path) -> None:
    parameters = {"learning_rate": REPLAY["parameters"]["learning_rate"]}
    spec = load(tmp_path, {"algorithm": "dqn", "parameters": parameters}, timesteps=102)
    assert spec.timesteps == 104


def test_only_arguments_of_the_algorithm_reach_the_job(tmp_path: Path) -> None:
    spec = load(tmp_path, REPLAY)
    arguments = job_arguments(spec.space, {"learning_rate": 1e-3, "train_freq": 2}, {"clip_range": 0.2, "tau": 0.1})
    assert arguments == {"learning_rate": 1e-3, "learning_starts": 16, "batch_size": 8, "tau": 0.1, "train_freq": 2}


@pytest.mark.parametrize(
    ("space", "changes", "fault"),
    [
        pytest.param({"fixed": {"clip_range": 0.1}}, {}, "fixed.clip_range: unknown SAC argument", id="another's"),
        pytest.param({"fixed": {"noise_std": 0.1}}, {}, "parameters.noise_std: needs noise_type as well", id="noise"),
        pytest.param({"algorithm": "sacc"}, {}, "algorithm: must be 'ppo', 'a2c', 'sac'", id="unknown"),
        pytest.param(
            {"fixed": {"learning_starts": 384}}, {}, "learning_starts: 384 of 384 timesteps", id="no learning"
        ),
        pytest.param({}, {"trainer": "fused"}, "trainer: 'fused' trains only PPO and DQN", id="fused"),
        pytest.param({}, {"algorithm": "ppo"}, "algorithm: 'ppo', but the space toy_space.yaml is for sac", id="two"),
        pytest.param(
            {},
            {"baselines": {"mine": {"learning_rate": 1e-3, "train_freq": 16}}},
            "baselines.mine.train_freq: 16 is outside the space's range",
            id="baseline",
        ),
        pytest.param(
            {},
            {"baselines": {"mine": {"learning_rate": 1e-3, "train_freq": 2, "learning_starts": 500}}},
            "learning_starts: 500 of 384 timesteps",
            id="a baseline that never learns",
        ),
        pytest.param(
            {"parameters": {"train_freq": {"type": "int", "low": 1, "high": 10}}},
            {},
            "space: train_freq must be a power_of_two range, a choice or fixed",
            id="steps that do not meet",
        ),
    ],
)
def test_conflicting_keys_are_refused(
    tmp_path: Path, space: dict[str, Any], changes: dict[str, Any], fault: str
) -> None:
    (found,) = faults(tmp_path, {**REPLAY, **space}, **changes)
    assert fault in found


def test_another_algorithm_uses_its_default_space_and_drops_keys_of_the_first(toy_study: Path) -> None:
    found = find("studies", str(toy_study))
    spec = load_study(found, changes={"algorithm": "td3", "timesteps": 16384})
    assert study_algorithm(found) == "ppo"
    assert (spec.algorithm, spec.space_name, spec.baselines) == ("td3", "td3_robot", {})


def test_its_own_algorithm_changes_nothing(toy_study: Path) -> None:
    found = find("studies", str(toy_study))
    assert load_study(found, changes={"algorithm": "ppo"}) == load_study(found)


def test_another_space_of_the_same_algorithm_keeps_the_baselines() -> None:
    assert list(load_study(find("studies", "reach"), changes={"space": "ppo_full"}).baselines) == [
        "current",
        "proposed",
        "guide-0.95",
    ]


def test_an_algorithm_and_a_space_of_another_are_refused(toy_study: Path) -> None:
    with pytest.raises(SpecInvalid, match="algorithm: 'td3', but the space sac_robot is for sac"):
        load_study(
            find("studies", str(toy_study)), changes={"algorithm": "td3", "space": "sac_robot", "timesteps": 16384}
        )
