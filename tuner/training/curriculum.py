"""The curriculum callback: raises the environments' difficulty whenever enough of the last episodes succeed."""

import logging
from collections import deque
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv

from tuner.errors import EnvironmentUnusable
from tuner.records import Curriculum
from tuner.training.environments import DIFFICULTY, FULL, knows_difficulty, set_difficulty
from tuner.training.evaluation import flag

logger = logging.getLogger(__name__)

STEP = 0.1


class CurriculumCallback(BaseCallback):
    """Raises the difficulty by 0.1 whenever at least `threshold` of the last `window` episodes had the signal.

    Only episodes that ended since the last raise count. Logs `curriculum/difficulty` and `curriculum/success`, the
    share of the episodes in the window that had the signal.
    """

    def __init__(self, curriculum: Curriculum) -> None:
        super().__init__()
        self.difficulty = curriculum.start
        self.raises: list[dict[str, float]] = []  # step and difficulty, from the start on
        self._rules = curriculum
        self._window: deque[bool] = deque(maxlen=curriculum.window)

    def begin(self, env: VecEnv, name: str) -> None:
        """Sets the starting difficulty, before the environments' first reset.

        Raises:
            EnvironmentUnusable: if they have no `set_difficulty`.
        """
        if not knows_difficulty(env):
            raise EnvironmentUnusable(
                f"curriculum: environment {name!r} has no method {DIFFICULTY}(difficulty); add it, or set "
                "`curriculum: false` in the study file"
            )
        self._set(env, self._rules.start, step=0)

    def state(self) -> dict[str, Any]:
        """The state of the callback as JSON."""
        return {"difficulty": self.difficulty, "raises": self.raises, "window": list(self._window)}

    def restore(self, difficulty: float, raises: list[dict[str, float]], window: list[bool]) -> None:
        """Restores what `state` returned."""
        self.difficulty, self.raises = difficulty, raises
        self._window.clear()
        self._window.extend(window)

    def _on_step(self) -> bool:
        dones: Any = self.locals["dones"]
        if dones.any():
            self._count(dones)
        return True

    def _count(self, dones: Any) -> None:
        infos = self.locals["infos"]
        for index in dones.nonzero()[0].tolist():
            self._window.append(flag(infos[index], self._rules.signal, asked_by="curriculum.signal"))
        share = sum(self._window) / len(self._window)
        self.logger.record("curriculum/difficulty", self.difficulty)
        self.logger.record("curriculum/success", share)
        full = len(self._window) == self._rules.window
        if full and share >= self._rules.threshold and self.difficulty < FULL:
            self._set(self.training_env, round(self.difficulty + STEP, 1), step=self.num_timesteps)
            logger.info("difficulty %g from step %d on", self.difficulty, self.num_timesteps)

    def _set(self, env: VecEnv, difficulty: float, *, step: int) -> None:
        set_difficulty(env, difficulty)
        self.difficulty = difficulty
        self._window.clear()
        self.raises.append({"step": step, "difficulty": difficulty})
