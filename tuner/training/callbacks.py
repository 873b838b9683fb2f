"""The callbacks of a trial as one."""

from typing import Any

from stable_baselines3.common.callbacks import BaseCallback, CallbackList

AT_STEPS = "at_steps"  # attribute of a callback's class: false where it has nothing to do at an environment step


class TrialCallbacks(CallbackList):
    """Stable-Baselines3's list, which calls at a step only those that have something to do then.

    The others do not count steps: they read `model.num_timesteps`.
    """

    def __init__(self, callbacks: list[BaseCallback]) -> None:
        super().__init__(callbacks)
        self._stepping = [one for one in callbacks if getattr(one, AT_STEPS, True)]

    def on_step(self) -> bool:
        """Calls every one of them; whether training goes on."""
        going_on = True
        for callback in self._stepping:
            going_on = callback.on_step() and going_on
        return going_on

    def update_locals(self, locals_: dict[str, Any]) -> None:
        """Shows them the variables of the rollout."""
        for callback in self._stepping:
            callback.locals = locals_
