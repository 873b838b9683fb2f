"""`tuner list`: what there is to name."""

from typing import Annotated

import typer

from tuner.cli.completion import complete_word
from tuner.cli.standard_files import write
from tuner.errors import TunerError, UsageProblem

KINDS = ("envs", "spaces", "studies", "schema")


def list_names(
    kind: Annotated[
        str, typer.Argument(metavar="|".join(KINDS), autocompletion=complete_word(*KINDS), help="What to list.")
    ],
    of: Annotated[
        str | None, typer.Argument(metavar="[study|space]", help="Of which files to print the JSON schema.")
    ] = None,
    *,
    show: Annotated[str | None, typer.Option(metavar="NAME", help="Show one space instead, by name or file.")] = None,
) -> None:
    """List environments, spaces or studies, or print a JSON schema."""
    if kind not in KINDS:
        raise UsageProblem(f"tuner list {kind!r}: must be one of {', '.join(KINDS)} (see `tuner list --help`)")
    if of is not None and kind != "schema":
        raise UsageProblem(f"tuner list {kind} {of}: takes no second word; schema alone does")
    if show is not None:
        _show(kind, show)
        return
    if kind == "schema":
        _schema(of)
        return
    lines = _environments() if kind == "envs" else _files(kind)
    for name, text in lines.items():
        write(f"{name:<28} {text}\n")


def _show(kind: str, name: str) -> None:
    from tuner.cli.render.space_table import print_space
    from tuner.config.load import find, load_space

    if kind != "spaces":
        raise UsageProblem(f"--show {name}: shows spaces alone; type `tuner list spaces --show NAME`")
    found = find("search_spaces", name)
    print_space(found, load_space(found))


def _schema(kind: str | None) -> None:
    from tuner.config.packaged import SCHEMAS, schema_text

    if kind not in (None, *SCHEMAS):
        raise UsageProblem(f"tuner list schema {kind!r}: must be one of {', '.join(SCHEMAS)}")
    if kind is not None:
        write(schema_text(kind))
        return
    for name in SCHEMAS:
        write(f"{name:<28} JSON schema of {name} files: `tuner list schema {name} > {name}.json`\n")


def _environments() -> dict[str, str]:
    from tuner.training.making import offered

    return {name: f"{package}:{name}" for name, package in sorted(offered().items())}


def _files(kind: str) -> dict[str, str]:
    from tuner.config.load import available
    from tuner.config.yaml import read_yaml

    paths = available("studies" if kind == "studies" else "search_spaces")
    found = {}
    for name, path in sorted(paths.items()):
        try:
            data = read_yaml(path)
            found[name] = str(data.get("description", "")) if isinstance(data, dict) else "(not a mapping)"
        except TunerError as error:
            found[name] = f"({error})"
    return found
