"""The types of algorithm arguments with their valid values, and the groups that several algorithms share."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tuner.config import schedules
from tuner.config.schedules import CONSTANT, END, FORM, LINEAR
from tuner.record_type import Record

MOST_LAYERS, WIDEST = 8, 4096
ACTIVATIONS = {"tanh": "Tanh", "relu": "ReLU", "elu": "ELU", "leaky_relu": "LeakyReLU", "gelu": "GELU", "silu": "SiLU"}


class Argument(Record):
    """A number or a switch, with its bounds."""

    kind: type
    low: float | None = None
    high: float | None = None
    open_low: bool = False  # `low` itself is not allowed
    optional: bool = False  # may be null
    scheduled: bool = False  # may be a schedule's notation, such as lin_3e-4

    def fault(self, value: object) -> str | None:
        """What is wrong with `value`, or None."""
        if value is None:
            return None if self.optional else "must not be empty"
        if self.scheduled and isinstance(value, str):
            return self._schedule_fault(value)
        if not self._is_of_kind(value):
            return f"{value!r} must be {self._kind_name()}"
        if self.kind is bool:
            return None
        assert isinstance(value, int | float)  # noqa: S101 - narrowed by the kind above
        if self.low is not None and (value < self.low or (self.open_low and value <= self.low)):
            return f"{value!r} must be {'greater than' if self.open_low else 'at least'} {self.low:g}"
        if self.high is not None and value > self.high:
            return f"{value!r} must be at most {self.high:g}"
        return None

    def _schedule_fault(self, value: str) -> str | None:
        line = schedules.parse(value)
        if line is None:
            return f"{value!r} must be {self._kind_name()}, or a schedule: {schedules.EXAMPLES}"
        fault = self.fault(line.start) or replace(self, open_low=False).fault(line.end)
        return None if fault is None else f"{value!r}: {fault}"

    def _is_of_kind(self, value: object) -> bool:
        if self.kind is bool or isinstance(value, bool):
            return self.kind is bool and isinstance(value, bool)
        if self.kind is float:
            return isinstance(value, int | float) and value == value and abs(value) != float("inf")
        return isinstance(value, self.kind)

    def _kind_name(self) -> str:
        return {bool: "true or false", int: "a whole number", float: "a finite number"}[self.kind]


class Word(Record):
    """One of a fixed set of words."""

    valid: tuple[str, ...]

    def fault(self, value: object) -> str | None:
        """What is wrong with `value`, or None."""
        return None if value in self.valid else f"{value!r} must be one of {', '.join(self.valid)}"


class Layers(Record):
    """The widths of hidden layers, as a list or, since a choice takes no lists, as text joined by `x`.

    Or those of the policy and of the value net, as SB3 takes them: `{pi: [64], vf: [64, 64]}`; `qf` off policy.
    """

    def fault(self, value: object) -> str | None:
        """What is wrong with `value`, or None."""
        found = nets(layers(value))
        if found and all(len(net) <= MOST_LAYERS and all(1 <= width <= WIDEST for width in net) for net in found):
            return None
        return f"{value!r} must be a list of up to {MOST_LAYERS} widths from 1 to {WIDEST}, such as [64, 64] or '64x64'"


Net = list[int] | dict[str, list[int]]


def layers(value: object) -> Net | None:
    """Hidden layers as a list, or as lists by net where these differ; None if `value` does not describe layers."""
    if isinstance(value, str) and all(part.isdecimal() for part in value.split("x")):
        return [int(part) for part in value.split("x")]
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):  # as SB3 had it before 1.8
        return layers(value[0])
    if isinstance(value, dict):
        each = {name: layers(net) for name, net in value.items()}
        if set(each) not in ({"pi", "vf"}, {"pi", "qf"}):
            return None
        flat = {name: net for name, net in each.items() if isinstance(net, list)}
        if len(flat) < len(each):
            return None
        first, second = flat.values()
        return first if first == second else flat
    whole = isinstance(value, list) and all(type(width) is int for width in value)
    return list(value) if whole else None  # type: ignore[call-overload]


def nets(found: Net | None) -> list[list[int]]:
    """The widths of each net; empty where there are none."""
    return [] if found is None else list(found.values()) if isinstance(found, dict) else [found]


class Automatic(Record):
    """A number, or `auto` if the algorithm learns it itself, or `auto_0.1` if it does and starts at 0.1."""

    low: float | None = None
    start: bool = False  # whether a start may be given

    def fault(self, value: object) -> str | None:
        """What is wrong with `value`, or None."""
        if isinstance(value, str):
            word, _, start = value.partition("_")
            if word == "auto" and (value == "auto" or (self.start and _positive(start))):
                return None
            more = ", auto_NUMBER" if self.start else ""
            return f"{value!r} must be auto{more} or a number"
        return Argument(kind=float, low=self.low).fault(value)


def _positive(text: str) -> bool:
    try:
        return 0.0 < float(text) < float("inf")
    except ValueError:
        return False


CLASS = "_class"  # how the policy's further arguments end that are classes, given by their import paths


def class_path(path: str) -> tuple[str, str]:
    """Module and name of `module:Class` or `module.Class`; the module is empty where it is neither."""
    front, _, last = path.replace(":", ".").rpartition(".")
    return front, last


Kind = Argument | Word | Layers | Automatic

ON_POLICY: dict[str, Kind] = {  # `policy_kwargs` of PPO and A2C
    "net_arch": Layers(),
    "activation_fn": Word(valid=tuple(ACTIVATIONS)),
    "log_std_init": Argument(kind=float, low=-10, high=3),
    "ortho_init": Argument(kind=bool),
}
LSTM: dict[str, Kind] = {  # and of RecurrentPPO
    "lstm_hidden_size": Argument(kind=int, low=1, high=WIDEST),
    "n_lstm_layers": Argument(kind=int, low=1, high=MOST_LAYERS),
    "shared_lstm": Argument(kind=bool),
    "enable_critic_lstm": Argument(kind=bool),
}
QUANTILES: dict[str, Kind] = {"n_quantiles": Argument(kind=int, low=1, high=1000)}  # and of TQC
POLICY: dict[str, Kind] = {**ON_POLICY, **LSTM, **QUANTILES}  # all that is in `policy_kwargs` in SB3
NORMALIZE: dict[str, Kind] = {  # arguments of SB3's VecNormalize
    "norm_obs": Argument(kind=bool),
    "norm_reward": Argument(kind=bool),
    "clip_obs": Argument(kind=float, low=0, open_low=True),
    "clip_reward": Argument(kind=float, low=0, open_low=True),
}
UNSCALED = {"norm_obs": False, "norm_reward": False}  # the default for files that do not mention VecNormalize
LEARNING_RATE = Argument(kind=float, low=0, open_low=True, high=1, scheduled=True)
GAMMA = Argument(kind=float, low=0, high=1)
NETS = {name: POLICY[name] for name in ("net_arch", "activation_fn")}  # those that all have
REPLAY: dict[str, Kind] = {  # shared by every algorithm that learns from a replay buffer
    "learning_rate": LEARNING_RATE,
    "buffer_size": Argument(kind=int, low=1, high=10**8),
    "learning_starts": Argument(kind=int, low=0, high=10**9),
    "batch_size": Argument(kind=int, low=1, high=10**6),
    "tau": Argument(kind=float, low=0, open_low=True, high=1),
    "gamma": GAMMA,
    "train_freq": Argument(kind=int, low=1, high=10**6),
    "gradient_steps": Argument(kind=int, low=-1, high=10**4),  # -1: as many as environment steps
    "n_steps": Argument(kind=int, low=1, high=1000),  # of n-step returns, not of a rollout
}
NOISE: dict[str, Kind] = {  # action noise, under rl_zoo3's names; SB3 itself takes an object
    "noise_type": Word(valid=("normal", "ornstein-uhlenbeck")),
    "noise_std": Argument(kind=float, low=0, high=10),
}


STANDARD, HINDSIGHT = "standard", "her"
HER: dict[str, Kind] = {  # SB3's HerReplayBuffer, for environments with goals, and its arguments
    "replay_buffer": Word(valid=(STANDARD, HINDSIGHT)),
    "n_sampled_goal": Argument(kind=int, low=1, high=100),
    "goal_selection_strategy": Word(valid=("future", "final", "episode")),
}


def her_faults(named: set[str], fixed: Mapping[str, Any], path: str) -> Iterator[str]:
    """An error line for arguments of the replay buffer that do not go together."""
    own = [name for name in HER if name != "replay_buffer" and name in named]
    if own and "replay_buffer" not in named:
        yield f"{path}.{own[0]}: belongs to the replay buffer with hindsight; add `replay_buffer: her` under `fixed`"
    if fixed.get("replay_buffer") == HINDSIGHT and ("n_steps" in named and fixed.get("n_steps") != 1):
        yield f"{path}.n_steps: the replay buffer with hindsight has one-step returns only; leave n_steps out"


def schedule_parts(table: Mapping[str, Kind]) -> dict[str, Kind]:
    """The extra parameters of every argument in a table that may follow a schedule: its form, and its final value."""
    parts: dict[str, Kind] = {}
    for name, argument in table.items():
        if isinstance(argument, Argument) and argument.scheduled:
            parts[name + FORM] = Word(valid=(CONSTANT, LINEAR))
            parts[name + END] = Argument(kind=float, low=0, high=argument.high)
    return parts


def is_normalized(values: Mapping[str, Any]) -> bool:
    """Whether observations or rewards are scaled."""
    return bool(values.get("norm_obs") or values.get("norm_reward"))


def noise_faults(named: set[str], path: str) -> Iterator[str]:
    """An error line if only one of the two action-noise arguments is given."""
    pair = ("noise_type", "noise_std")
    given = [name for name in pair if name in named]
    if len(given) == 1:
        missing = next(name for name in pair if name not in named)
        yield f"{path}.{given[0]}: needs {missing} as well"
