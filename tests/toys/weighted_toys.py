"""A toy environment that tells in `info` which reward weight it was made with."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from tuner_toys import Line


class Weighted(Line):
    """Rewards progress times its weight; `info` has the weight, and the energy of the episode's actions."""

    def __init__(self, *, weight: float = 1.0, told: bool = True) -> None:
        if weight > 50:
            raise ValueError(f"weight: {weight:g} must be at most 50")
        super().__init__(scale=weight)
        self._told = told
        self._energy = 0.0

    def reset(self, **kwargs: Any) -> tuple[NDArray[np.float32], dict[str, Any]]:
        self._energy = 0.0
        return super().reset(**kwargs)

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        *rest, info = super().step(action)
        self._energy += float(np.square(action).sum())
        if not self._told:
            info = {}
        return (*rest, {**info, "weight": self._scale, "energy": np.float32(self._energy), "name": "toy"})  # type: ignore[return-value]
