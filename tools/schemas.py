"""Writes the JSON schemas of study and space files into `schemas/`: `python tools/schemas.py`.

Keys, types and bounds are those of the models that read the files and of the algorithms' table; descriptions those of
`file_keys.yaml`, as in the reference of files.
"""

import json
import re
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from file_reference import SAID
from tuner.config.algorithms import ALGORITHMS
from tuner.config.arguments import MOST_LAYERS, WIDEST, Argument, Automatic, Kind, Word
from tuner.config.model import Device, StudyFile
from tuner.config.space import SpaceSpec

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEDULE = r"^lin_\d+(\.\d*)?([eE][-+]?\d+)?(_\d+(\.\d*)?([eE][-+]?\d+)?)?$"
TYPES = {bool: "boolean", int: "integer", float: "number"}
WIDTHS = {"type": "array", "maxItems": MOST_LAYERS, "items": {"type": "integer", "minimum": 1, "maximum": WIDEST}}
BOUNDS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
SAME = {"EpisodeCounts": "Goals"}  # models whose keys are another's
Schema = dict[str, Any]


def main() -> None:
    """Writes both files."""
    for name, made in schemas().items():
        (FOLDER / f"{name}.json").write_text(as_text(made), encoding="utf-8")


def as_text(schema: Schema) -> str:
    """The file of a schema."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def schemas() -> dict[str, Schema]:
    """The schema of each kind of file."""
    return {"study": of_studies(), "space": of_spaces()}


def of_studies() -> Schema:
    """The schema of study files. The algorithm is the space's, so arguments of any are taken."""
    made = _of(StudyFile, "A study of tuner")
    names = dict.fromkeys(name for entry in ALGORITHMS.values() for name in entry.names)
    every = {name: [one.names[name] for one in ALGORITHMS.values() if name in one.names] for name in names}
    arguments = {name: _any([_of_kind(kind) for kind in kinds]) for name, kinds in every.items()}
    made["properties"]["fixed"] |= {"properties": arguments, "additionalProperties": False}
    device = {"device": {"enum": [*get_args(Device)]}}
    baseline = {"type": "object", "properties": {**arguments, **device}}  # and arguments of the environment
    made["properties"]["baselines"]["additionalProperties"] = baseline
    return made


def of_spaces() -> Schema:
    """The schema of space files: the names of arguments follow the algorithm."""
    made = _of(SpaceSpec, "A search space of tuner")
    made["allOf"] = [_for(algorithm) for algorithm in ALGORITHMS]
    return made


def _for(algorithm: str) -> Schema:
    names = ALGORITHMS[algorithm].names
    outside = {"properties": {"target": {"const": "environment"}}, "required": ["target"]}
    searched = {"properties": dict.fromkeys(names, True), "additionalProperties": outside}
    fixed = {"properties": {name: _of_kind(kind) for name, kind in names.items()}, "additionalProperties": False}
    usual = algorithm == SpaceSpec.model_fields["algorithm"].default
    named = {"properties": {"algorithm": {"const": algorithm}}, "required": [] if usual else ["algorithm"]}
    return {"if": named, "then": {"properties": {"parameters": searched, "fixed": fixed}}}


def _of(model: type[BaseModel], title: str) -> Schema:
    found: Schema = _cleaned(model.model_json_schema())
    parts = {**found.get("$defs", {}), model.__name__: found}
    for name, part in parts.items():
        for key, about in part.get("properties", {}).items():
            about["description"] = _plain(about.get("description") or SAID[SAME.get(name, name)]["keys"][key])
    return {"$schema": DIALECT, **found, "title": title}


def _plain(text: str) -> str:
    """A meaning without the site's links."""
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)


def _cleaned(value: Any, *, names: bool = False) -> Any:
    """Without Pydantic's titles and discriminators, and with its bounds of unions in the schema's words."""
    if isinstance(value, list):
        return [_cleaned(one) for one in value]
    if not isinstance(value, dict):
        return value
    if names:
        return {key: _cleaned(one) for key, one in value.items()}
    kept = {BOUNDS.get(key, key): one for key, one in value.items() if key not in ("title", "discriminator")}
    return {key: _cleaned(one, names=key in ("properties", "$defs")) for key, one in kept.items()}


def _of_kind(kind: Kind) -> Schema:
    """The values that an argument takes."""
    if isinstance(kind, Word):
        return {"enum": list(kind.valid)}
    if isinstance(kind, Automatic):
        words = {"type": "string", "pattern": r"^auto(_[0-9.eE+-]+)?$" if kind.start else "^auto$"}
        return {"anyOf": [_number("number", low=kind.low), words]}
    if not isinstance(kind, Argument):
        both = {"type": "object", "required": ["pi"], "maxProperties": 2, "minProperties": 2}
        nets = {**both, "properties": dict.fromkeys(("pi", "vf", "qf"), WIDTHS), "additionalProperties": False}
        old = {"type": "array", "items": nets, "minItems": 1, "maxItems": 1}
        return {"anyOf": [WIDTHS, {"type": "string", "pattern": r"^\d+(x\d+)*$"}, nets, old]}
    number = _number(TYPES[kind.kind], low=kind.low, high=kind.high, open_low=kind.open_low)
    more: list[Schema] = [{"type": "string", "pattern": SCHEDULE}] if kind.scheduled else []
    more += [{"type": "null"}] if kind.optional else []
    return _any([number, *more])


def _number(name: str, *, low: float | None = None, high: float | None = None, open_low: bool = False) -> Schema:
    bounds = {"exclusiveMinimum" if open_low else "minimum": low, "maximum": high}
    return {"type": name, **{word: bound for word, bound in bounds.items() if bound is not None}}


def _any(found: list[Schema]) -> Schema:
    distinct = [one for place, one in enumerate(found) if one not in found[:place]]
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


if __name__ == "__main__":
    main()
