"""Loading models: which algorithm saved a file, and whether the model fits the environment."""

import io
import json
import zipfile
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import seen_toys
from stable_baselines3 import A2C, DDPG, DQN, PPO, SAC, TD3
from stable_baselines3.common.base_class import BaseAlgorithm

from tuner.errors import ModelUnusable
from tuner.training.fused_ppo import FusedPPO
from tuner.training.load_model import load_actor
from tuner.training.model_files import algorithm_of

KINDS: list[tuple[type[BaseAlgorithm], str]] = [
    (PPO, "ppo"),
    (FusedPPO, "ppo"),
    (A2C, "a2c"),
    (SAC, "sac"),
    (TD3, "td3"),
    (DDPG, "td3"),
    (DQN, "dqn"),
]


def made(kind: type[BaseAlgorithm], env: gym.Env[Any, Any]) -> BaseAlgorithm:
    few = {} if kind in (PPO, FusedPPO, A2C) else {"buffer_size": 10}
    return kind("MlpPolicy", env, device="cpu", policy_kwargs={"net_arch": [8]}, seed=1, **few)  # type: ignore[arg-type]


def saved(model: BaseAlgorithm) -> bytes:
    buffer = io.BytesIO()
    model.save(buffer)
    return buffer.getvalue()


def changed(content: bytes, **data: Any) -> bytes:
    """The file with changed entries in its JSON; None removes an entry."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "data":
                whole = {**json.loads(text), **data}
                text = json.dumps({key: value for key, value in whole.items() if value is not None}).encode()
            new.writestr(name, text)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def content() -> bytes:
    return saved(made(PPO, seen_toys.SeenLine()))


@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_every_algorithm_is_known_by_its_file_and_acts_as_it_was(kind: type[BaseAlgorithm], name: str) -> None:
    env = seen_toys.Choice() if kind is DQN else seen_toys.SeenLine()
    model = made(kind, env)
    assert algorithm_of(saved(model), "model") == name
    act = load_actor(saved(model), "model", env)
    for observation in (np.array([0.0, 0.5], np.float32), np.array([0.3, -1.0], np.float32)):
        assert act(observation) == pytest.approx(model.predict(observation, deterministic=True)[0])


def test_a_choice_comes_as_a_number() -> None:
    env = seen_toys.Choice()
    assert np.ndim(load_actor(saved(made(DQN, env)), "model", env)(np.zeros(2, np.float32))) == 0
    assert hash(load_actor(saved(made(PPO, env)), "model", env)(np.zeros(2, np.float32))) in (0, 1)


@pytest.mark.parametrize(
    "data",
    [
        {"policy_class": {"__module__": "sb3_contrib.ars.policies"}},
        {"policy_class": {"__module__": "sbx.ppo.policies"}, "clip_range": None},
        {"clip_range": None, "normalize_advantage": None},
    ],
    ids=["of another algorithm", "of another package", "of no mark"],
)
def test_an_unknown_algorithm_is_refused_without_loading(content: bytes, data: dict[str, Any]) -> None:
    with pytest.raises(ModelUnusable, match="it must be one of A2C, CrossQ, DQN, MaskablePPO, PPO"):
        algorithm_of(changed(content, **data), "model")


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("_", "."), text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"", "is not a zip"),
        (b"learning_rate: 3e-4", "is not a zip"),
        (zipped(readme=b"hello"), "not a Stable-Baselines3 model"),
        (zipped(data=b"{", policy_pth=b""), "is damaged"),
        (zipped(data=b"[]", policy_pth=b""), "is damaged"),
    ],
    ids=["empty", "text", "another zip", "half a JSON", "a list"],
)
def test_a_file_that_is_not_a_model_is_refused(file: bytes, words: str) -> None:
    with pytest.raises(ModelUnusable, match=words):
        load_actor(file, "model", seen_toys.SeenLine())


def test_a_zip_bomb_is_refused_before_it_is_unpacked(content: bytes) -> None:
    bomb = io.BytesIO(content)
    with (
        zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("pytorch_variables.pth2", "w") as entry,
    ):
        for _ in range(11):
            entry.write(bytes(100_000_000))
    assert len(bomb.getvalue()) < 3_000_000
    with pytest.raises(ModelUnusable, match=r"model: would unpack to 1\.1 GB, more than any model of 1 GB"):
        load_actor(bomb.getvalue(), "model", seen_toys.SeenLine())


def test_a_flipped_byte_is_noticed(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        place = archive.getinfo("policy.pth").header_offset + 200
    damaged = bytearray(content)
    damaged[place] ^= 255
    with pytest.raises(ModelUnusable, match=r"policy.pth is corrupt|is damaged"):
        load_actor(bytes(damaged), "model", seen_toys.SeenLine())


def test_a_policy_that_cannot_be_unpickled_is_one_line(content: bytes) -> None:
    broken = changed(content, policy_class={":serialized:": "bm8gcGlja2xl"})
    with pytest.raises(ModelUnusable, match="cannot be loaded") as refused:
        load_actor(broken, "model", seen_toys.SeenLine())
    assert len(str(refused.value).splitlines()) == 1


def test_another_observation_or_action_is_refused_with_both_shapes(content: bytes) -> None:
    with pytest.raises(ModelUnusable, match=r"observations of Box\(2,\), the environment has Box\(4,\)"):
        load_actor(content, "model", seen_toys.Seen())
    with pytest.raises(ModelUnusable, match=r"actions of Box\(1,\), the environment has Discrete\(2\)"):
        load_actor(content, "model", seen_toys.Choice())


def test_an_invalid_observation_is_an_error(content: bytes) -> None:
    act = load_actor(content, "model", seen_toys.SeenLine())
    with pytest.raises(ModelUnusable, match="model: raised ValueError"):
        act(np.zeros(7, np.float32))
