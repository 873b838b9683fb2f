"""The parameters of a search space as data: their kinds, ranges, conditions and targets."""

import math
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StrictFloat,
    StrictInt,
    model_serializer,
    model_validator,
)

from tuner.config.conditions import Plain, When

Target = Literal["algorithm", "environment"]  # whose argument a parameter is
LARGEST = 10**15  # larger than any argument needs, and exact as a float
Number = Annotated[StrictInt | StrictFloat, Field(ge=-LARGEST, le=LARGEST)]


class Frozen(BaseModel):
    """Base of every spec: frozen, no unknown keys, no conversion between types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _check_range(low: float, high: float) -> None:
    if low >= high:
        raise ValueError(f"low {low:g} must be less than high {high:g}; a single value belongs under `fixed`")


class SearchedParameter(Frozen):
    """An argument of the algorithm or of the environment's constructor; it may have a condition.

    Either is serialised only where it is not the default, as in earlier versions.
    """

    @model_serializer(mode="wrap")
    def _without_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        usual: dict[str, Any] = {"when": {}, "target": "algorithm"}
        return {key: value for key, value in handler(self).items() if key not in usual or value != usual[key]}


def nearest_power(value: float) -> int:
    """The power of two nearest to `value` on a log scale."""
    return int(2 ** round(math.log2(value)))


class FloatParameter(SearchedParameter):
    """A real number between two bounds, both included."""

    type: Literal["float"]
    low: Annotated[Number, AfterValidator(float)]
    high: Annotated[Number, AfterValidator(float)]
    scale: Literal["linear", "log"] = "linear"
    when: When = Field(default_factory=dict)
    target: Target = "algorithm"

    @model_validator(mode="after")
    def _sound(self) -> "FloatParameter":
        _check_range(self.low, self.high)
        if self.scale == "log" and self.low <= 0:
            raise ValueError(f"low {self.low:g} must be greater than 0 on a log scale")
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """The lowest and the highest value."""
        return self.low, self.high


class IntParameter(SearchedParameter):
    """A whole number between two bounds, both included; it must be less than the parameter named by `below`."""

    type: Literal["int"]
    low: Annotated[StrictInt, Field(ge=-LARGEST, le=LARGEST)]
    high: Annotated[StrictInt, Field(ge=-LARGEST, le=LARGEST)]
    scale: Literal["linear", "log", "power_of_two"] = "linear"
    below: str | None = None
    when: When = Field(default_factory=dict)
    target: Target = "algorithm"

    @model_validator(mode="after")
    def _sound(self) -> "IntParameter":
        _check_range(self.low, self.high)
        if self.scale != "linear" and self.low <= 0:
            raise ValueError(f"low {self.low} must be greater than 0 on a {self.scale} scale")
        if self.scale == "power_of_two":
            wrong = [bound for bound in (self.low, self.high) if bound & (bound - 1)]
            if wrong:
                raise ValueError(
                    "\n".join(f"{bound} must be a power of two; nearest: {nearest_power(bound)}" for bound in wrong)
                )
        return self

    @property
    def bounds(self) -> tuple[int, int]:
        """The lowest and the highest value."""
        return self.low, self.high


class ChoiceParameter(SearchedParameter):
    """One of a list of values."""

    type: Literal["choice"]
    choices: Annotated[tuple[Plain, ...], Field(min_length=2, strict=False)]
    when: When = Field(default_factory=dict)
    target: Target = "algorithm"

    @property
    def bounds(self) -> tuple[float, float]:
        """The lowest and the highest choice; NaN if the choices are not numbers."""
        numbers = [choice for choice in self.choices if isinstance(choice, int | float)]
        return (min(numbers), max(numbers)) if numbers else (math.nan, math.nan)


Parameter = Annotated[FloatParameter | IntParameter | ChoiceParameter, Field(discriminator="type")]
