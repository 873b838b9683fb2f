"""What a shell completes: names of studies and spaces, and words that an option takes."""

from collections.abc import Callable, Iterable

import typer

from tuner.cli.visible import visible
from tuner.config.load import available
from tuner.study.study_names import quick_study_names

Completion = Callable[[typer.Context, str], list[str]]


def complete_study(ctx: typer.Context, incomplete: str) -> list[str]:
    """Study files of this folder and of the package, and the studies in the database."""
    stored = quick_study_names(ctx.params.get("storage"))
    return _beginning(incomplete, [*available("studies"), *stored])


def complete_space(ctx: typer.Context, incomplete: str) -> list[str]:  # noqa: ARG001 - as Typer calls it
    """Space files of this folder and of the package."""
    return _beginning(incomplete, available("search_spaces"))


def complete_word(*valid: str) -> Completion:
    """Some words."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:  # noqa: ARG001 - as Typer calls it
        return _beginning(incomplete, valid)

    return complete


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return sorted({visible(name) for name in names if name.startswith(incomplete)})
