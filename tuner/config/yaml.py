"""Reads YAML strictly: numbers such as 3e-5 are numbers, a duplicate key is an error, and so is what would grow.

A file has at most 256 KB and 10,000 values, those counted again that an alias (`*name`) repeats, so that no
file takes long or much memory.
"""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from tuner.errors import SpecInvalid, UsageProblem

SIZE = 2**18  # bytes
VALUES = 10_000
DIGITS = 40

_SCIENTIFIC = re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$")


class _Loader(yaml.SafeLoader):
    """The safe loader that reads 3e-5 as YAML 1.2 does, rejects duplicate keys and counts values."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._counts: dict[yaml.Node, int] = {}  # of a node's values, itself and repeated ones among them

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        alias = self.check_event(yaml.AliasEvent)
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        if node is None:
            return None
        if alias and node not in self._counts:
            raise yaml.composer.ComposerError(None, None, "a value that contains itself", mark)
        if not alias:
            parts = node.value if isinstance(node, yaml.CollectionNode) else []
            pairs = (part if isinstance(part, tuple) else (part,) for part in parts)
            self._counts[node] = 1 + sum(self._counts[one] for pair in pairs for one in pair)
        if self._counts[node] > VALUES or len(self._counts) > VALUES:
            raise yaml.composer.ComposerError(None, None, f"more than {VALUES:,} values", mark)
        return node

    def construct_number(self, node: yaml.ScalarNode) -> int | float:
        """A number that is written as one: no 1:30, which YAML 1.1 reads in base 60, and no endless digits."""
        text = str(self.construct_scalar(node))
        if ":" in text:
            raise _problem(node, f"{text[:DIGITS]!r} would be a number in base 60; quote a text, or write the number")
        if len(text) > DIGITS:
            raise _problem(node, f"a number of {len(text):,} characters; at most {DIGITS}")
        whole = node.tag == "tag:yaml.org,2002:int"
        return self.construct_yaml_int(node) if whole else self.construct_yaml_float(node)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue  # a merged key may be overridden
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise _problem(key_node, f"duplicate key {key!r}")
            if isinstance(key, Hashable):
                seen.add(key)
        return super().construct_mapping(node, deep)


def _problem(node: yaml.Node, text: str) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, text, node.start_mark)


for _kind in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _Loader.construct_number)
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
        with path.open("rb") as file:
            content = file.read(SIZE + 1)
        if len(content) > SIZE:
            raise SpecInvalid(str(path), [f"larger than {SIZE // 1024} KB"])
        return yaml.load(content.decode("utf-8-sig"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "unknown place"
        raise SpecInvalid(str(path), [f"{place}: not valid YAML: {error.problem}"]) from None
    except RecursionError:
        raise SpecInvalid(str(path), ["not valid YAML: nested too deeply"]) from None
    except (yaml.YAMLError, ValueError) as error:  # a decoding error is a ValueError
        raise SpecInvalid(str(path), [f"not valid YAML: {' '.join(str(error).split())}"]) from None
    except OSError as error:
        raise UsageProblem(f"cannot read {path}: {error.strerror}") from None
