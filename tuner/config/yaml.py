"""Reads YAML strictly: numbers such as 3e-5 are numbers, and a duplicate key is an error."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from tuner.errors import SpecInvalid, UsageProblem

_SCIENTIFIC = re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$")


class _Loader(yaml.SafeLoader):
    """The safe loader that reads 3e-5 as YAML 1.2 does and rejects duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue  # a merged key may be overridden
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"duplicate key {key!r}", key_node.start_mark)
            if isinstance(key, Hashable):
                seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _SCIENTIFIC, list("-+0123456789"))


def read_value(text: str) -> Any:
    """What a text is as a YAML value; the text itself where it is no YAML."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError):
        return text


def read_yaml(path: Path) -> Any:
    """The file's data.

    Raises:
        SpecInvalid: if the file is not valid YAML, with line and column.
        UsageProblem: if it cannot be read.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "unknown place"
        raise SpecInvalid(str(path), [f"{place}: not valid YAML: {error.problem}"]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a decoding error is a ValueError
        raise SpecInvalid(str(path), [f"not valid YAML: {' '.join(str(error).split())}"]) from None
    except OSError as error:
        raise UsageProblem(f"cannot read {path}: {error.strerror}") from None
