"""The process's global random generators, which Stable-Baselines3 seeds and uses."""

import contextlib
import random
from collections.abc import Iterator
from typing import Any

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
    """A stream of torch's random numbers beside the global one."""

    def __init__(self, seed: int) -> None:
        self._state = torch.Generator().manual_seed(seed).get_state()

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Draws from it within the block."""
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self._state)
            yield
            self._state = torch.get_rng_state()
