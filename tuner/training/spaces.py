"""Which policy fits an environment's observations. Imports no learning library."""

from typing import Any

import gymnasium as gym
import numpy as np

from tuner.config.algorithm_entry import AlgorithmEntry
from tuner.config.algorithms import ALGORITHMS, title
from tuner.errors import EnvironmentUnusable

SMALLEST = 36  # pixels: each side of a picture that the network of SB3's CnnPolicy can take
FLAT, PICTURE, DICTIONARY = "flat", "picture", "dictionary"  # kinds of observations; keys of an algorithm's policies
OWN_NETWORK = "features_extractor_class"  # the policy's argument for a network of one's own


def is_picture(space: gym.Space[Any]) -> bool:
    """Whether a space is one of pictures, as Stable-Baselines3 has it: bytes from 0 to 255, (height, width, channels).

    The channels may come first.
    """
    if not isinstance(space, gym.spaces.Box) or len(space.shape) != 3 or space.dtype != np.uint8:
        return False
    return bool(np.all(space.low == 0) and np.all(space.high == 255))


def sides(space: gym.Space[Any]) -> tuple[int, int]:
    """Height and width of a picture; its channels are the shortest axis at either end."""
    shape = space.shape or ()
    return (shape[1], shape[2]) if shape[0] < shape[-1] else (shape[0], shape[1])


def kind_of(space: gym.Space[Any]) -> str:
    """The kind of the observations; pictures too small for the network of SB3's CnnPolicy count as flat."""
    if isinstance(space, gym.spaces.Dict):
        return DICTIONARY
    return PICTURE if is_picture(space) and min(sides(space)) >= SMALLEST else FLAT


def fitting_policy(algorithm: str, policy: str, space: gym.Space[Any], environment: str, *, own: bool = False) -> str:
    """The policy's name, for `auto` by the observations.

    Args:
        algorithm: The algorithm's name.
        policy: The policy asked for, or `auto`.
        space: The observations.
        environment: The environment's name, for errors.
        own: Whether the policy has a network of the user's own for the observations.

    Raises:
        EnvironmentUnusable: if no policy fits, or the one asked for does not.
    """
    entry, found = ALGORITHMS[algorithm], kind_of(space)
    if found not in entry.policies:
        others = [title(name) for name, other in ALGORITHMS.items() if found in other.policies and _alike(entry, other)]
        raise EnvironmentUnusable(
            f"{title(algorithm)} takes flat observations alone, {environment} has a {_named(found)}: "
            f"use {' or '.join(others)}, or gymnasium.wrappers.FlattenObservation"
        )
    if policy == "auto":
        return entry.policies[found]
    if policy not in entry.policies.values():
        raise EnvironmentUnusable(
            f"policy: {policy!r} is none of {title(algorithm)}'s: {', '.join(entry.policies.values())} (or auto)"
        )
    wanted = next(kind for kind, name in entry.policies.items() if name == policy)
    if (wanted == DICTIONARY) != (found == DICTIONARY) or (wanted == PICTURE and not _can_be_seen(space, own=own)):
        raise EnvironmentUnusable(
            f"policy: {policy!r} does not fit {environment}, which observes {_described(space)}: "
            f"use {entry.policies[found]} or auto"
        )
    return policy


def _alike(entry: AlgorithmEntry, other: AlgorithmEntry) -> bool:
    return entry.off_policy == other.off_policy and {*entry.actions} <= {*other.actions}


def _can_be_seen(space: gym.Space[Any], *, own: bool) -> bool:
    return is_picture(space) and (own or kind_of(space) == PICTURE)


def _named(kind: str) -> str:
    return {DICTIONARY: "Dict of them", PICTURE: "picture"}[kind]


def _described(space: gym.Space[Any]) -> str:
    if isinstance(space, gym.spaces.Dict):
        return f"a Dict of {', '.join(space.spaces)}"
    what = "a picture of" if is_picture(space) else f"a {type(space).__name__} of"
    return f"{what} {'x'.join(map(str, space.shape or (1,)))}"


def unobservable(space: gym.Space[Any]) -> str:
    """Why Stable-Baselines3 cannot observe a Dict; empty if it can."""
    if not isinstance(space, gym.spaces.Dict):
        return ""
    for name, part in space.spaces.items():
        if isinstance(part, gym.spaces.Dict | gym.spaces.Tuple):
            kind = type(part).__name__
            return (
                f"the entry {name!r} of its observations is a {kind} itself, and Stable-Baselines3 takes no nested "
                "ones: flatten it, with gymnasium.wrappers.FlattenObservation for example"
            )
        if not isinstance(
            part, gym.spaces.Box | gym.spaces.Discrete | gym.spaces.MultiDiscrete | gym.spaces.MultiBinary
        ):
            return (
                f"the entry {name!r} of its observations is a {type(part).__name__} space, which no policy can take: "
                "leave it out, with gymnasium.wrappers.FilterObservation for example"
            )
    return ""
