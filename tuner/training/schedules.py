"""Schedules as SB3 follows them: its own classes where it knows schedules, a callback where it does not."""

from collections.abc import Mapping
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import ConstantSchedule, FloatSchedule, LinearSchedule

from tuner.config.schedules import Linear, parse

CALLED = ("learning_rate", "clip_range", "clip_range_vf")  # what SB3 takes as a function of the remaining progress


def with_schedules(params: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for SB3: a schedule as its own object, or as its first value where SB3 takes none."""
    return {name: _for_sb3(name, value) for name, value in params.items()}


def _for_sb3(name: str, value: Any) -> Any:
    line = parse(value)
    if line is None:
        return value
    return LinearSchedule(line.start, line.end, end_fraction=1.0) if name in CALLED else line.start


def seen(value: Any) -> Any:
    """What an argument of a model is, as plain data: a schedule in its notation, a constant one as its value."""
    if isinstance(value, FloatSchedule):
        return seen(value.value_schedule)
    if isinstance(value, ConstantSchedule):
        return value.val
    if isinstance(value, LinearSchedule) and value.end_fraction == 1.0:
        return str(Linear(start=value.start, end=value.end))
    return value(1.0) if callable(value) else value


class CoefficientCallback(BaseCallback):
    """Moves the arguments that SB3 keeps as numbers, such as `ent_coef`, along their schedules.

    Each is set at the end of a rollout to the value at the progress that SB3 then reckons the learning rate with, so
    that all schedules of an update are at the same place, and the last update at their ends.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        super().__init__()
        lines = {name: parse(value) for name, value in params.items() if name not in CALLED}
        self.lines = {name: line for name, line in lines.items() if line is not None}
        self._schedules = {name: LinearSchedule(line.start, line.end, 1.0) for name, line in self.lines.items()}

    def __bool__(self) -> bool:
        """Whether there is anything to move: a callback costs time at every step."""
        return bool(self.lines)

    def seen(self) -> dict[str, str]:
        """The schedules that are followed here, in their notation."""
        return {name: str(line) for name, line in self.lines.items()}

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        remaining = 1.0 - self.model.num_timesteps / self.model._total_timesteps
        for name, schedule in self._schedules.items():
            value = float(schedule(remaining))
            setattr(self.model, name, value)
            self.logger.record(f"train/{name}", value)
