"""The keys of a study file that say who is told of its trials; they are no part of what scores mean."""

import shlex
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictStr

Tracker = Literal["mlflow", "wandb", "tensorboard"]
TRACKERS: tuple[Tracker, ...] = ("mlflow", "wandb", "tensorboard")
OFF = "off"
_Off = Literal["off", False] | None
_Command = Annotated[str, Field(pattern=r"\S")]


def _is_off(value: Any) -> bool:
    return value is None or value is False or value == OFF  # YAML reads `off` as false


def _names(value: Any) -> Any:
    """One name as a list of it."""
    if _is_off(value):
        return ()
    return (value,) if isinstance(value, str) else value


def command_words(text: str) -> list[str]:
    """The words of a command, as a shell would split them.

    Raises:
        ValueError: if there are none, or a quotation has no end.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no command: {str(error).lower()}") from None
    if not words:
        raise ValueError(f"{text!r} must be a command, such as ./notify.sh")
    return words


def _sound(text: str) -> str:
    command_words(text)
    return text


Track = Annotated[
    tuple[Tracker, ...],
    Field(strict=False),
    AfterValidator(lambda names: tuple(dict.fromkeys(names))),
    BeforeValidator(_names, json_schema_input_type=Tracker | list[Tracker] | _Off),
]
Command = Annotated[
    Annotated[StrictStr, AfterValidator(_sound)] | None,
    BeforeValidator(lambda value: None if _is_off(value) else value, json_schema_input_type=_Command | _Off),
]
