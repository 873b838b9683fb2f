"""Texts from the templates in this package."""

import functools
from importlib.resources import files

import jinja2


def template_text(name: str) -> str:
    """The text of a file in the templates folder."""
    return (files("tuner.output") / "templates" / name).read_text(encoding="utf-8")


@functools.cache
def template(name: str) -> jinja2.Template:
    """A plain-text template; lines with statements only are removed."""
    environment = jinja2.Environment(  # noqa: S701 - plain text, no HTML
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(template_text(name))
