"""The page of errors quotes messages that the program has."""

import ast
import re
from collections.abc import Iterator

import pytest
from conftest import ROOT

PAGE = (ROOT / "docs" / "howto" / "errors.md").read_text()
QUOTED = re.findall(r"^\| `([^`]+)` \|", PAGE, flags=re.MULTILINE)
HOLE = "…"  # what a message fills in


def texts(tree: ast.AST) -> Iterator[str]:
    """Every string of a module, a hole for each value in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else HOLE for part in node.values)
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


SOURCES = [path for folder in ("tuner", "envs/roarm_envs") for path in (ROOT / folder).rglob("*.py")]
TEXTS = {text for path in SOURCES for text in texts(ast.parse(path.read_text()))}


def has(message: str) -> bool:
    """Whether a string of the program begins like the message, whatever stands in the holes."""
    parts = map(re.escape, message.split(HOLE))
    return any(map(re.compile(".*".join(parts), flags=re.DOTALL).match, TEXTS))


def test_the_page_has_messages() -> None:
    assert len(QUOTED) > 40
    assert len(set(QUOTED)) == len(QUOTED)


@pytest.mark.parametrize("message", QUOTED)
def test_a_message_is_one_of_the_program(message: str) -> None:
    assert has(message)


def test_a_message_that_no_code_has_is_found() -> None:
    assert not has("no dragon called …")
