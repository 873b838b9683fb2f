"""The process's global random generators, which Stable-Baselines3 seeds and uses."""

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import torch


def streams() -> dict[str, Any]:
    """The states of torch's, NumPy's and Python's global generators."""
    return {"torch": torch.get_rng_state(), "numpy": np.random.get_state(), "python": random.getstate()}


def set_streams(states: dict[str, Any]) -> None:
    """Restores the states that `streams` returned."""
    torch.set_rng_state(states["torch"])
    np.random.set_state(states["numpy"])
    random.setstate(states["python"])


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Restores random states and torch's thread count afterwards: for loading and using models in a user's process."""
    states, threads = streams(), torch.get_num_threads()
    try:
        yield
    finally:
        set_streams(states)
        torch.set_num_threads(threads)


class OwnStream:
    """Random numbers of torch, of NumPy and of an action space, beside those that training draws."""

    def __init__(self, seed: int, space: gym.Space[Any]) -> None:
        self._torch = torch.Generator().manual_seed(seed).get_state()
        self._numpy = np.random.RandomState(seed).get_state()
        self._actions = np.random.default_rng(seed).bit_generator.state
        self._space = space

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Draws from them within the block."""
        numpy, generator = np.random.get_state(), self._space.np_random.bit_generator
        actions = generator.state
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self._torch)
            np.random.set_state(self._numpy)
            generator.state = self._actions
            try:
                yield
            finally:
                self._torch, self._numpy = torch.get_rng_state(), np.random.get_state()
                self._actions, generator.state = generator.state, actions
                np.random.set_state(numpy)
