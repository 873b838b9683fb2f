"""The process's random streams, which Stable-Baselines3 seeds and draws from."""

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch


def streams() -> dict[str, Any]:
    """Where they are."""
    return {"torch": torch.get_rng_state(), "numpy": np.random.get_state(), "python": random.getstate()}


def set_streams(states: dict[str, Any]) -> None:
    """Puts them back to where they were."""
    torch.set_rng_state(states["torch"])
    np.random.set_state(states["numpy"])
    random.setstate(states["python"])


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Within, models may be loaded and acted with in a user's process: streams and torch's threads are as before."""
    states, threads = streams(), torch.get_num_threads()
    try:
        yield
    finally:
        set_streams(states)
        torch.set_num_threads(threads)
