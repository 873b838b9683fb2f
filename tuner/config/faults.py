"""Turns Pydantic's errors into lines that a person can act on: path, rule, value, nearest valid name."""

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from tuner.errors import did_you_mean

NUMBER_KINDS = ("int", "float")  # for a union of types, Pydantic reports an error for each
RULES = {
    "missing": "is required",
    "int_type": "must be a whole number, not {value}",
    "float_type": "must be a number, not {value}",
    "string_type": "must be text, not {value}",
    "bool_type": "must be true or false, not {value}",
    "dict_type": "must be a mapping, not {value}",
    "model_type": "must be a mapping, not {value}",
    "model_attributes_type": "must be a mapping, not {value}",
    "tuple_type": "must be a list, not {value}",
    "union_tag_not_found": "needs a `type`: float, int or choice",
    "finite_number": "must be finite, not {value}",
    "string_pattern_mismatch": "{value} must be letters, digits, '.', '_' or '-', at most 64, starting with one",
    "too_short": "needs at least {least}",
    "union_tag_invalid": "unknown type {tag}; valid: float, int, choice",
    "string_too_short": "must not be empty",
}


def describe(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    """Every error as a line, without duplicates."""
    lines = (line for finding in error.errors() for line in _lines(finding, model))
    yield from dict.fromkeys(lines)


def _lines(finding: Any, model: type[BaseModel]) -> Iterator[str]:
    kind, location = finding["type"], [str(part) for part in finding["loc"]]
    key = location[-1:] if kind == "extra_forbidden" else []  # an unknown key may be spelt like a tag
    place = [part for part in location[: len(location) - len(key)] if not _is_tag(part)] + key
    path = ".".join(place)
    if kind == "value_error":
        for line in str(finding["ctx"]["error"]).splitlines():
            yield f"{path}: {line}" if path else line
    elif kind == "extra_forbidden":
        keys = _valid_keys(model, location[:-1])
        valid = f"; valid: {', '.join(keys)}" if keys else ""
        yield f"{path}: unknown key{did_you_mean(place[-1], keys)}{valid}"
    elif kind in RULES:
        context = finding.get("ctx", {})
        facts = {"least": _entries(context.get("min_length")), "tag": context.get("tag")}
        yield f"{path or 'the file'}: {_rule(finding).format(value=_short(finding['input']), **facts)}"
    else:
        message = finding["msg"][0].lower() + finding["msg"][1:]
        yield f"{path or 'the file'}: {message.replace('input should', 'must')}, not {_short(finding['input'])}"


def _rule(finding: Any) -> str:
    kind: str = finding["type"]
    if {"choices", "when"} & set(finding["loc"]) and finding["loc"][-1] in ("bool", "str", *NUMBER_KINDS):
        return "must be a number, text, true or false, not {value}"
    if kind == "int_type" and finding["loc"][-1] == "int":
        return RULES["float_type"]
    return RULES[kind]


def _entries(count: int | None) -> str:
    return "one entry" if count == 1 else f"{count} entries"


def _is_tag(part: str) -> bool:
    """Whether this part of a location is Pydantic's tag for a member of a union, not a key."""
    return part in {"float", "int", "choice", "bool", "str", "constrained-str", "[key]"} or part.startswith("function-")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _valid_keys(model: type[BaseModel], place: Sequence[str]) -> list[str]:
    """The keys that a mapping at `place` may have."""
    annotation: Any = model
    for part in place:
        annotation = _inner(annotation, part)
    found = next((kind for kind in _models(annotation)), None)
    return list(found.model_fields) if found else []


def _inner(annotation: Any, part: str) -> Any:
    for kind in _models(annotation):
        if part in kind.model_fields:
            return kind.model_fields[part].annotation
        tag = kind.model_fields.get("type")
        if tag is not None and part in get_args(tag.annotation):
            return kind
    if get_origin(_bare(annotation)) is dict:
        return get_args(_bare(annotation))[1]
    return None


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    bare = _bare(annotation)
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        yield bare
    elif get_origin(bare) in (Union, UnionType):
        for member in get_args(bare):
            yield from _models(member)
