"""The algorithms as data: what each acts in, how long its rollouts are, what is searched where nobody says."""

from collections.abc import Iterator
from typing import Any, Literal, get_args

Algorithm = Literal["ppo", "a2c", "sac", "td3", "dqn"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
OFF_POLICY = ("sac", "td3", "dqn")  # they learn from a replay buffer

DEFAULT_SPACES: dict[str, str] = {
    "ppo": "ppo_guide",
    "a2c": "a2c_robot",
    "sac": "sac_robot",
    "td3": "td3_robot",
    "dqn": "dqn_control",
}

# The argument that says how many steps an environment makes between two updates, and what SB3 takes where it is not
# given. PPO and A2C have to be told: their updates are made for a length.
ROLLOUTS: dict[str, tuple[str, int | None]] = {
    "ppo": ("n_steps", None),
    "a2c": ("n_steps", None),
    "sac": ("train_freq", 1),
    "td3": ("train_freq", 1),
    "dqn": ("train_freq", 4),
}

# Gymnasium's action spaces, in the order in which they are named; the words stand before "actions".
WORDS = {"Box": "continuous", "Discrete": "discrete", "MultiDiscrete": "several discrete", "MultiBinary": "binary"}
ACTIONS: dict[str, tuple[str, ...]] = {
    "ppo": tuple(WORDS),
    "a2c": tuple(WORDS),
    "sac": ("Box",),
    "td3": ("Box",),
    "dqn": ("Discrete",),
}

# Where a run begins that nobody tuned, beyond SB3's own defaults: TD3 explores by nothing else than this noise.
STARTING: dict[str, dict[str, Any]] = {"td3": {"noise_type": "normal", "noise_std": 0.1}}


def unfit(algorithm: str, action_space: str, environment: str, option: str = "--algorithm") -> str | None:
    """Why an algorithm cannot act in an environment, with those that can; None where it can.

    Args:
        algorithm: Its name.
        action_space: The name of the class of the action space, such as `Box`.
        environment: What it is called.
        option: Where another algorithm is named.
    """
    if action_space in ACTIONS[algorithm] or action_space not in WORDS:
        return None
    others = [name for name in ALGORITHMS if action_space in ACTIONS[name]]
    needs = " or ".join(WORDS[kind] for kind in ACTIONS[algorithm])
    way_out = f"{', '.join(others[:-1])} or {others[-1]}"
    return (
        f"{algorithm.upper()} needs {needs} actions; {environment} has {WORDS[action_space]} ones: "
        f"use {way_out} ({option})"
    )


def noise_faults(named: set[str], path: str) -> Iterator[str]:
    """What is wrong with action noise of which half is given."""
    pair = ("noise_type", "noise_std")
    given = [name for name in pair if name in named]
    if len(given) == 1:
        missing = next(name for name in pair if name not in named)
        yield f"{path}.{given[0]}: needs {missing} as well"
