"""The part of a study that says how its environment is made."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, StrictStr, model_validator

from tuner.config.parameters import Frozen
from tuner.config.wrapper_notation import AsWritten, Entry, wrapper_entries
from tuner.records import EnvironmentRef

VecEnvKind = Literal["dummy", "subproc"]
TIME_LIMIT = "max_episode_steps"  # a keyword of `gym.make`


def plain(values: Any) -> Any:
    """Rejects values that JSON cannot store unchanged: infinities, dates, bytes, cyclic mappings."""
    try:
        same = json.loads(json.dumps(values, allow_nan=False, ensure_ascii=False).encode()) == values
    except (TypeError, ValueError, RecursionError):
        same = False
    if not same:
        raise ValueError("must hold plain values: text, finite numbers, true, false, lists and mappings of them")
    return values


def entries(value: Any) -> tuple[Entry, ...]:
    """Wrappers in rl_zoo3's notation, as entries of plain values."""
    return tuple(plain(list(wrapper_entries(value))))


Arguments = Annotated[dict[str, Any], AfterValidator(plain)]
Wrappers = Annotated[tuple[Any, ...], BeforeValidator(entries, json_schema_input_type=AsWritten)]


class EnvironmentSpec(Frozen):
    """The environment and its options."""

    id: Annotated[StrictStr, Field(min_length=1)]
    kwargs: Arguments = Field(default_factory=dict)
    wrappers: Wrappers = ()  # in rl_zoo3's notation
    vec_wrappers: Wrappers = ()  # of the vector environment
    max_episode_steps: Annotated[StrictInt, Field(ge=1, le=10**9)] | None = None  # None: as registered
    n_envs: Annotated[StrictInt, Field(ge=1, le=256)] = 1
    vec_env: VecEnvKind = "dummy"
    on_error: Literal["fail", "end_episode"] = "fail"  # what an error in a step does
    frame_stack: Annotated[StrictInt, Field(ge=1, le=64)] = 1  # how many observations the policy sees at once
    folder: StrictStr | None = None  # where its module or file is, if not in the current folder

    @model_validator(mode="after")
    def _go_together(self) -> "EnvironmentSpec":
        if self.max_episode_steps is not None and TIME_LIMIT in self.kwargs:
            raise ValueError(f"{TIME_LIMIT}: stands in kwargs as well; leave one out")
        if self.frame_stack > 1 and self.vec_wrappers:
            raise ValueError("frame_stack: goes with no vec_wrappers; name VecFrameStack among them instead")
        return self

    @property
    def making(self) -> dict[str, Any]:
        """The keyword arguments of `gym.make`."""
        limit = {} if self.max_episode_steps is None else {TIME_LIMIT: self.max_episode_steps}
        return {**self.kwargs, **limit}

    @property
    def options(self) -> dict[str, Any]:
        """What its constructor and wrappers get, for people and for comparison; empty where nothing is set."""
        wraps = {"wrappers": list(self.wrappers), "vec_wrappers": list(self.vec_wrappers)}
        return {**self.making, **{key: entries for key, entries in wraps.items() if entries}}

    def ref(self) -> EnvironmentRef:
        """The record that is sent to a worker."""
        fields = {name: value for name, value in self if name not in ("kwargs", TIME_LIMIT)}
        return EnvironmentRef(**fields, kwargs=self.making)
