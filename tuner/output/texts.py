"""Texts from the templates beside this module."""

import functools
from importlib.resources import files

import jinja2


def template_text(name: str) -> str:
    """A file of the templates' folder."""
    return (files("tuner.output") / "templates" / name).read_text(encoding="utf-8")


@functools.cache
def template(name: str) -> jinja2.Template:
    """A template of plain text: a line that holds a statement alone leaves none behind."""
    environment = jinja2.Environment(  # noqa: S701 - no page
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(template_text(name))
