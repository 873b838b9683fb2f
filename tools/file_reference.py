"""Writes the reference of study and space files from their models: every key, its values, its default.

`python tools/file_reference.py > docs/reference/study-files.md` after any change of a key; a test compares. A key's
meaning is its field's description, else its line in `file_keys.yaml`; a key without one is an error, and so is a line
without a key.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from tuner.config.environment_spec import EnvironmentSpec
from tuner.config.evaluation_keys import EvaluationKeys
from tuner.config.model import StudyFile
from tuner.config.objective import ObjectiveSpec
from tuner.config.parameters import ChoiceParameter, FloatParameter, IntParameter
from tuner.config.space import SpaceSpec
from tuner.config.study_keys import CurriculumSpec, Goals, NormalizeSpec, Stage, SuccessSpec

HEAD = """\
# Study and space files

<!-- Written by `python tools/file_reference.py > docs/reference/study-files.md`: edit that and run it again. -->

Every key, as the program reads it. An unknown key is refused with the nearest valid one. How to begin:
[your own environment](../tutorials/environment.md), [search spaces](../howto/spaces.md); packaged ones:
[studies](packaged-studies.md), [spaces](packaged-spaces.md).
"""
MODELS: tuple[type[BaseModel], ...] = (
    StudyFile,
    EnvironmentSpec,
    Goals,
    EvaluationKeys,
    SuccessSpec,
    ObjectiveSpec,
    CurriculumSpec,
    NormalizeSpec,
    Stage,
    SpaceSpec,
    FloatParameter,
    IntParameter,
    ChoiceParameter,
)
SAID: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent / "file_keys.yaml").read_text())
WORDS = {
    "string": "text",
    "boolean": "`true`, `false`",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "array": "a list",
}


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *map(_section, MODELS)]).rstrip("\n") + "\n"


def _section(model: type[BaseModel]) -> str:
    said, schema = SAID[model.__name__], model.model_json_schema()
    if unknown := said["keys"].keys() - schema["properties"].keys():
        raise KeyError(f"{model.__name__} has no {sorted(unknown)}")
    rows = "".join(
        f"| `{name}` | {values(told, schema)} | {_default(name, model)} | {meaning(name, model)} |\n"
        for name, told in schema["properties"].items()
    )
    words = f"{said['words']}\n\n" if "words" in said else ""
    return f"## {said['title']}\n\n{words}| key | values | default | meaning |\n|---|---|---|---|\n{rows}"


def meaning(name: str, model: type[BaseModel]) -> str:
    """A key's meaning."""
    return model.model_fields[name].description or SAID[model.__name__]["keys"][name]


def values(told: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What a key takes, in words, by its JSON schema."""
    if "$ref" in told:
        target = schema["$defs"][told["$ref"].rpartition("/")[2]]
        return "a mapping" if target.get("type") == "object" else values(target, schema)
    if "enum" in told or "const" in told:
        return ", ".join(f"`{str(one).lower()}`" for one in told.get("enum", [told.get("const")]))
    if "anyOf" in told:
        kinds = dict.fromkeys(values(one, schema) for one in told["anyOf"])
        return ", ".join(kind for kind in kinds if kind and not (kind == "a whole number" and "a number" in kinds))
    return WORDS.get(told.get("type", ""), "") + _bounds(told)


def _bounds(told: Mapping[str, Any]) -> str:
    low = told.get("minimum", told.get("exclusiveMinimum"))
    high = told.get("maximum", told.get("exclusiveMaximum"))
    if low is None or abs(low) >= 10**9:
        return ""
    return f" from {low:,}" + ("" if high is None or high >= 10**9 else f" to {high:,}")


def _default(name: str, model: type[BaseModel]) -> str:
    field = model.model_fields[name]
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "below"
    return "none" if value in (None, "", (), {}) else f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    sys.stdout.write(page())
