"""The algorithms in one table: class, spaces, arguments, default space. A new one is an entry and a space file."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from tuner.config.algorithm_entry import ACTIONS, AlgorithmEntry
from tuner.config.arguments import Argument, Automatic
from tuner.config.contrib_algorithms import SB3_CONTRIB
from tuner.config.sb3_algorithms import SB3
from tuner.errors import did_you_mean

Algorithm = Literal["ppo", "a2c", "sac", "td3", "dqn", "tqc", "crossq", "trpo", "recurrent_ppo", "maskable_ppo"]

ALGORITHMS: dict[str, AlgorithmEntry] = {**SB3, **SB3_CONTRIB}


def title(algorithm: str) -> str:
    """An algorithm's name as texts write it."""
    return ALGORITHMS[algorithm].title or algorithm.upper()


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
    others = [name for name, entry in SB3.items() if action_space in entry.actions]
    needs = " or ".join(ACTIONS[kind] for kind in ALGORITHMS[algorithm].actions)
    way_out = f"{', '.join(others[:-1])} or {others[-1]}"
    return (
        f"{title(algorithm)} needs {needs} actions; {environment} has {ACTIONS[action_space]} ones: "
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
            known = f"unknown {title(algorithm)} argument{did_you_mean(name, table)}"
            yield f"{path}.{name}: {known}; valid: {', '.join(ALGORITHMS[algorithm].arguments)}"
        elif (fault := table[name].fault(value)) is not None:
            yield f"{path}.{name}: {fault}"
