"""Control characters made visible: names and reasons out of databases and files are shown by a terminal, not obeyed."""

import re

# C0 but tab and newline, DEL, C1, and what changes the order in which characters are shown
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    r"""The text with `\x1b` in place of an escape character, and the others likewise."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
