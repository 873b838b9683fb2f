"""What one algorithm is: the form of the entries of the algorithms' table."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from tuner.config.arguments import Kind, schedule_parts
from tuner.record_type import Record

# Gymnasium's action spaces in the order of messages, with the adjective that messages put before "actions".
ACTIONS = {"Box": "continuous", "Discrete": "discrete", "MultiDiscrete": "several discrete", "MultiBinary": "binary"}

# Stable-Baselines3's policies by the kind of the observations.
POLICIES = {"flat": "MlpPolicy", "picture": "CnnPolicy", "dictionary": "MultiInputPolicy"}
LSTM_POLICIES = {"flat": "MlpLstmPolicy", "picture": "CnnLstmPolicy", "dictionary": "MultiInputLstmPolicy"}
Policy = Literal[
    "auto",
    "MlpPolicy",
    "CnnPolicy",
    "MultiInputPolicy",
    "MlpLstmPolicy",
    "CnnLstmPolicy",
    "MultiInputLstmPolicy",
]

CONTRIB = "sb3_contrib"  # the package of the algorithms that are not Stable-Baselines3's own


class AlgorithmEntry(Record):
    """One algorithm: its class, action spaces, arguments and defaults."""

    model: str  # import path of the Stable-Baselines3 class
    mark: str  # an argument that identifies a saved model, if no earlier entry's mark is in the file
    fused: str | None = None  # import path of a faster class for the same algorithm
    actions: tuple[str, ...]  # Gymnasium action spaces that it supports
    space: str  # name of the default search space
    arguments: Mapping[str, Kind]  # that a space, a baseline or the fixed values may name
    defaults: Mapping[str, Any]  # Stable-Baselines3's defaults; a test compares
    rollout: str  # the argument for the number of steps per environment between two updates
    off_policy: bool = False  # learns from a replay buffer
    starting: Mapping[str, Any] = field(default_factory=dict)  # arguments of an untuned run, on top of the defaults
    costs: tuple[str, ...]  # the arguments that most affect how long a trial takes
    signals: tuple[str, ...]  # training signals to record, under `train/` in Stable-Baselines3's logger
    policies: Mapping[str, str] = field(default_factory=lambda: POLICIES)  # by the kind of the observations
    policy_module: str = ""  # start of the module of its saved policies, where that distinguishes it
    title: str = ""  # as texts write it; empty: the name in capitals
    zoo: str | None = ""  # its name in rl_zoo3, None where it has none; empty: the same
    masked: bool = False  # needs the environment's `action_masks`

    @property
    def names(self) -> dict[str, Kind]:
        """The arguments, and the schedule parts (`_schedule`, `_final`) of those that may follow a schedule."""
        return {**self.arguments, **schedule_parts(self.arguments)}

    @property
    def passes(self) -> str | None:
        """The argument for how often an update goes over a rollout in minibatches, None if it does not."""
        return next((name for name in ("n_epochs", "n_critic_updates") if name in self.arguments), None)

    @property
    def contrib(self) -> bool:
        """Whether its class is of the package sb3-contrib."""
        return self.model.startswith(CONTRIB)
