"""Writes the reference of the command line from the command line itself.

`python tools/cli_reference.py > docs/reference/cli.md` after any change of a command, an option or a help text; a test
compares.
"""

import functools
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from typer.core import TyperArgument, TyperGroup, TyperOption
from typer.main import get_command

from tuner.cli.main import app

HEAD = """\
# Every command

<!-- Written by `python tools/cli_reference.py > docs/reference/cli.md`: run it again instead of editing this page. -->

The same words as `tuner COMMAND --help`. What the commands are for: [your arm in thirty minutes](../tutorials/arm.md);
what the terms mean: [glossary](../glossary.md). [Exit codes and environment variables](exit-codes.md).
"""
ROWS = "| {} | default | meaning |\n|---|---|---|\n"


def page() -> str:
    """The whole page."""
    group = command_line()
    return "\n".join([HEAD, *_contents(group), *(_section(name) for name in group.commands), _global(group)])


@functools.cache
def command_line() -> TyperGroup:
    """The root of the command line."""
    group = get_command(app)
    if not isinstance(group, TyperGroup):
        raise TypeError(f"the command line is a {type(group).__name__}")
    return group


def parameters(command: str | None) -> Sequence[Any]:
    """The arguments and options of a command, None for the global ones, in the order of its help."""
    group = command_line()
    return group.params if command is None else group.commands[command].params


def option_names(command: str | None) -> dict[str, bool]:
    """Every spelling of a command's options, and whether it takes no value."""
    found = {"--help": True}
    for option in parameters(command):
        if isinstance(option, TyperOption):
            found |= dict.fromkeys([*option.opts, *option.secondary_opts], option.is_flag)
    return found


def arguments(command: str) -> list[TyperArgument]:
    """A command's arguments, in their order."""
    return [one for one in parameters(command) if isinstance(one, TyperArgument)]


def _contents(group: TyperGroup) -> Iterator[str]:
    yield "| command | what it does |\n|---|---|"
    for name, command in group.commands.items():
        yield f"| [`tuner {name}`](#tuner-{name}) | {_cell(_sentence(command.help))} |"
    yield ""


def _section(name: str) -> str:
    command = command_line().commands[name]
    usage = " ".join(["tuner", name, *(_metavar(one) for one in arguments(name)), "[OPTIONS]"])
    rows = "".join(map(_row, parameters(name)))
    return f"## `tuner {name}`\n\n{command.help}\n\n```\n{usage}\n```\n\n{ROWS.format('argument, option')}{rows}"


def _global(group: TyperGroup) -> str:
    rows = "".join(map(_row, group.params))
    return f"## Options of `tuner` itself\n\nThey stand before the command.\n\n{ROWS.format('option')}{rows}"


def _row(parameter: Any) -> str:
    names = ", ".join(sorted(parameter.opts, key=len, reverse=True)) if isinstance(parameter, TyperOption) else ""
    shown = names if getattr(parameter, "is_flag", False) else f"{names} {_metavar(parameter)}".strip()
    return f"| `{_cell(shown)}` | {_default(parameter)} | {_cell(parameter.help or '')} |\n"


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _default(parameter: Any) -> str:
    """What is taken without it; nothing where the meaning says so, and for switches."""
    value = parameter.default
    return "" if value is None or isinstance(value, bool) or callable(value) else f"`{_cell(str(value))}`"


def _sentence(text: str | None) -> str:
    """The first sentence, up to its full stop or colon."""
    words = " ".join((text or "").split())
    return words.partition(". ")[0].rstrip(".")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.stdout.write(page())
