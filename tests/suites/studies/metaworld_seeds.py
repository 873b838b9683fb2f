"""A wrapper for Meta-World, whose `reset` draws the goal before it looks at the seed."""

from typing import Any

import gymnasium
from gymnasium.utils import seeding


class SeededGoals(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Seeds the generator from which the goal is drawn, so that a seed is an episode."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begins an episode; with a seed always the same one."""
        if seed is not None:
            self.unwrapped.np_random = seeding.np_random(seed)[0]
        return self.env.reset(options=options)
