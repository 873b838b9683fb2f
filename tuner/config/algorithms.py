"""The algorithms in one table: class, action spaces, arguments, default space. A new one is an entry and a space file.

Lower bounds of arguments are those that Stable-Baselines3 2.9 itself needs; upper bounds only keep memory use and
arithmetic within reason. The PPO guide's narrower ranges are data in `search_spaces/`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, Literal

from tuner.config.arguments import (
    GAMMA,
    LEARNING_RATE,
    NETS,
    NOISE,
    NORMALIZE,
    POLICY,
    REPLAY,
    Argument,
    Automatic,
    Kind,
    schedule_parts,
)
from tuner.errors import did_you_mean
from tuner.record_type import Record

Algorithm = Literal["ppo", "a2c", "sac", "td3", "dqn"]

# Gymnasium's action spaces in the order of messages, with the adjective that messages put before "actions".
ACTIONS = {"Box": "continuous", "Discrete": "discrete", "MultiDiscrete": "several discrete", "MultiBinary": "binary"}

UNSCALED = {"norm_obs": False, "norm_reward": False}  # the default for files that do not mention VecNormalize
_SCALING = {**UNSCALED, "clip_obs": 10.0, "clip_reward": 10.0}


class AlgorithmEntry(Record):
    """One algorithm: its class, action spaces, arguments and defaults."""

    model: str  # import path of the Stable-Baselines3 class
    mark: str  # an argument that identifies a saved model, if no earlier entry's mark is in the file
    fused: str | None = None  # import path of a faster class for the same algorithm
    actions: tuple[str, ...]  # Gymnasium action spaces that it supports
    space: str  # name of the default search space
    arguments: Mapping[str, Kind]  # that a space, a baseline or the fixed values may name
    defaults: Mapping[str, Any]  # Stable-Baselines3's defaults; a test compares
    rollout: str  # the argument for the number of steps per environment between two updates
    off_policy: bool = False  # learns from a replay buffer
    starting: Mapping[str, Any] = field(default_factory=dict)  # arguments of an untuned run, on top of the defaults
    costs: tuple[str, ...]  # the arguments that most affect how long a trial takes
    signals: tuple[str, ...]  # training signals to record, under `train/` in Stable-Baselines3's logger

    @property
    def names(self) -> dict[str, Kind]:
        """The arguments, and the schedule parts (`_schedule`, `_final`) of those that may follow a schedule."""
        return {**self.arguments, **schedule_parts(self.arguments)}


_PPO: dict[str, Kind] = {
    "learning_rate": LEARNING_RATE,
    "n_steps": Argument(kind=int, low=2, high=10**7),
    "batch_size": Argument(kind=int, low=2, high=10**7),
    "n_epochs": Argument(kind=int, low=1, high=10**4),
    "gamma": GAMMA,
    "gae_lambda": Argument(kind=float, low=0, high=1),
    "clip_range": Argument(kind=float, low=0, open_low=True, scheduled=True),
    "clip_range_vf": Argument(kind=float, low=0, open_low=True, optional=True, scheduled=True),
    "normalize_advantage": Argument(kind=bool),
    "ent_coef": Argument(kind=float, low=0, scheduled=True),
    "vf_coef": Argument(kind=float, low=0),
    "max_grad_norm": Argument(kind=float, low=0, open_low=True),
    "target_kl": Argument(kind=float, low=0, open_low=True, optional=True),
    **POLICY,
    **NORMALIZE,
}
_A2C: dict[str, Kind] = {
    **{name: _PPO[name] for name in ("learning_rate", "gamma", "gae_lambda", "ent_coef", "vf_coef", "max_grad_norm")},
    "n_steps": Argument(kind=int, low=1, high=10**7),
    "normalize_advantage": Argument(kind=bool),
    "use_rms_prop": Argument(kind=bool),
    "rms_prop_eps": Argument(kind=float, low=0, open_low=True, high=1),
    **POLICY,
    **NORMALIZE,
}
_SAC: dict[str, Kind] = {
    **REPLAY,
    "ent_coef": Automatic(low=0, start=True),
    "target_entropy": Automatic(),
    "target_update_interval": Argument(kind=int, low=1, high=10**7),
    **NOISE,
    **NETS,
    **NORMALIZE,
}
_TD3: dict[str, Kind] = {
    **REPLAY,
    "policy_delay": Argument(kind=int, low=1, high=1000),
    "target_policy_noise": Argument(kind=float, low=0, high=10),
    "target_noise_clip": Argument(kind=float, low=0, high=10),
    **NOISE,
    **NETS,
    **NORMALIZE,
}
_DQN: dict[str, Kind] = {
    **REPLAY,
    "target_update_interval": Argument(kind=int, low=1, high=10**7),
    "exploration_fraction": Argument(kind=float, low=0, open_low=True, high=1),
    "exploration_initial_eps": Argument(kind=float, low=0, high=1),
    "exploration_final_eps": Argument(kind=float, low=0, high=1),
    "max_grad_norm": _PPO["max_grad_norm"],
    **NETS,
    **NORMALIZE,
}
_ACTOR_CRITIC = {"gamma": 0.99, "ent_coef": 0.0, "vf_coef": 0.5, "max_grad_norm": 0.5, "log_std_init": 0.0}
_SMALL_NET = {"net_arch": [64, 64], "activation_fn": "tanh", "ortho_init": True, **_SCALING}  # on-policy algorithms
_REPLAYED = {
    "activation_fn": "relu",
    **_SCALING,
    "buffer_size": 1_000_000,
    "learning_starts": 100,
    "gamma": 0.99,
    "gradient_steps": 1,
    "n_steps": 1,
}
_CONTINUOUS = {**_REPLAYED, "batch_size": 256, "tau": 0.005, "train_freq": 1}
_REPLAY_COSTS = ("batch_size", "train_freq", "gradient_steps", "net_arch")

ALGORITHMS: dict[str, AlgorithmEntry] = {
    "ppo": AlgorithmEntry(
        model="stable_baselines3:PPO",
        mark="clip_range",
        fused="tuner.training.fused_ppo:FusedPPO",
        actions=tuple(ACTIONS),
        space="ppo_guide",
        rollout="n_steps",
        arguments=_PPO,
        defaults={
            **_ACTOR_CRITIC,
            "learning_rate": 3e-4,
            "n_steps": 2048,
            "batch_size": 64,
            "n_epochs": 10,
            "gae_lambda": 0.95,
            "clip_range": 0.2,
            "clip_range_vf": None,
            "normalize_advantage": True,
            "target_kl": None,
            **_SMALL_NET,
        },
        costs=("batch_size", "n_epochs", "net_arch"),
        signals=(
            "approx_kl",
            "clip_fraction",
            "entropy_loss",
            "explained_variance",
            "std",  # of continuous actions
            "loss",
            "policy_gradient_loss",
            "value_loss",
        ),
    ),
    "a2c": AlgorithmEntry(
        model="stable_baselines3:A2C",
        mark="normalize_advantage",  # PPO has it as well, but is looked up first
        actions=tuple(ACTIONS),
        space="a2c_robot",
        rollout="n_steps",
        arguments=_A2C,
        defaults={
            **_ACTOR_CRITIC,
            "learning_rate": 7e-4,
            "n_steps": 5,
            "gae_lambda": 1.0,
            "rms_prop_eps": 1e-5,
            "use_rms_prop": True,
            "normalize_advantage": False,
            **_SMALL_NET,
        },
        costs=("n_steps", "net_arch"),
        signals=("entropy_loss", "explained_variance", "std", "value_loss", "policy_loss"),
    ),
    "sac": AlgorithmEntry(
        model="stable_baselines3:SAC",
        mark="target_entropy",
        actions=("Box",),
        space="sac_robot",
        rollout="train_freq",
        off_policy=True,
        arguments=_SAC,
        defaults={
            **_CONTINUOUS,
            "learning_rate": 3e-4,
            "ent_coef": "auto",
            "target_entropy": "auto",
            "target_update_interval": 1,
            "net_arch": [256, 256],
        },
        costs=_REPLAY_COSTS,
        signals=("actor_loss", "critic_loss", "ent_coef", "ent_coef_loss"),
    ),
    "td3": AlgorithmEntry(
        model="stable_baselines3:TD3",
        mark="policy_delay",  # DDPG is TD3 with other arguments
        actions=("Box",),
        space="td3_robot",
        rollout="train_freq",
        off_policy=True,
        arguments=_TD3,
        defaults={
            **_CONTINUOUS,
            "learning_rate": 1e-3,
            "policy_delay": 2,
            "target_policy_noise": 0.2,
            "target_noise_clip": 0.5,
            "net_arch": [400, 300],
        },
        starting={"noise_type": "normal", "noise_std": 0.1},  # its only exploration
        costs=_REPLAY_COSTS,
        signals=("actor_loss", "critic_loss"),
    ),
    "dqn": AlgorithmEntry(
        model="stable_baselines3:DQN",
        mark="exploration_fraction",
        actions=("Discrete",),
        space="dqn_control",
        rollout="train_freq",
        off_policy=True,
        arguments=_DQN,
        defaults={
            **_REPLAYED,
            "learning_rate": 1e-4,
            "batch_size": 32,
            "tau": 1.0,
            "train_freq": 4,
            "target_update_interval": 10000,
            "exploration_fraction": 0.1,
            "exploration_initial_eps": 1.0,
            "exploration_final_eps": 0.05,
            "max_grad_norm": 10,
            "net_arch": [64, 64],
        },
        costs=_REPLAY_COSTS,
        signals=("loss",),
    ),
}


def unfit(algorithm: str, action_space: str, environment: str, option: str = "--algorithm") -> str | None:
    """The error message if an algorithm does not support an action space, naming those that do; None if it does.

    Args:
        algorithm: The algorithm's name.
        action_space: The name of the class of the action space, such as `Box`.
        environment: The environment's name, for the message.
        option: The option that chooses the algorithm, for the message.
    """
    if action_space in ALGORITHMS[algorithm].actions or action_space not in ACTIONS:
        return None
    others = [name for name, entry in ALGORITHMS.items() if action_space in entry.actions]
    needs = " or ".join(ACTIONS[kind] for kind in ALGORITHMS[algorithm].actions)
    way_out = f"{', '.join(others[:-1])} or {others[-1]}"
    return (
        f"{algorithm.upper()} needs {needs} actions; {environment} has {ACTIONS[action_space]} ones: "
        f"use {way_out} ({option})"
    )


def is_whole(name: str, algorithm: str) -> bool:
    """Whether an argument takes only whole numbers."""
    return isinstance(argument := ALGORITHMS[algorithm].names.get(name), Argument) and argument.kind is int


def least(name: str, algorithm: str) -> float | None:
    """The lowest value that an argument may have, None if it has no lower bound."""
    argument = ALGORITHMS[algorithm].names.get(name)
    return argument.low if isinstance(argument, Argument | Automatic) else None


def argument_faults(values: Mapping[str, Any], path: str, algorithm: str) -> Iterator[str]:
    """A line for every invalid argument value, with its path."""
    table = ALGORITHMS[algorithm].names
    for name, value in values.items():
        if name not in table:
            known = f"unknown {algorithm.upper()} argument{did_you_mean(name, table)}"
            yield f"{path}.{name}: {known}; valid: {', '.join(ALGORITHMS[algorithm].arguments)}"
        elif (fault := table[name].fault(value)) is not None:
            yield f"{path}.{name}: {fault}"
