"""The share of finals as a study file or a command line writes it."""

from typing import Annotated, Any, Literal

from pydantic import Field

MOST_FINALS = 0.5  # share of a study's trials
FinalsAsWritten = Literal["auto", "off", False] | Annotated[float, Field(ge=0, le=MOST_FINALS)]
FINALS_RULE = f"must be off, auto or a share from 0 to {MOST_FINALS:g}, such as 0.15"


def share_of_finals(value: Any) -> float | Literal["auto"]:
    """The share as a number, 0 for `off` (which YAML reads as false), or `auto`."""
    if value == "auto":
        return "auto"
    if value is False or value == "off":
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_FINALS:
        raise ValueError(f"{value!r} {FINALS_RULE}")
    return float(value)
