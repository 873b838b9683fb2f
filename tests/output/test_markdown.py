"""Text as Markdown."""

import pytest

from tuner.output.markdown import inline


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("first `tuner check`, then *more*", r"first `tuner check`, then \*more\*"),
        ("`a_b` and `c_d`", "`a_b` and `c_d`"),
        ("`<b>`", "`<b>`"),
        ("one ` alone_", r"one \` alone\_"),
        ("``two`` `", r"\`\`two\`\` \`"),
        ("`a|b`", r"\`a\|b\`"),
        ("`a\\`", "\\`a\\\\\\`"),
        ("` \n `", "` `"),
        ("[a](b) `[c](d)`", r"\[a\](b) `[c](d)`"),
    ],
)
def test_names_between_backticks_are_code_and_all_else_is_plain(text: str, shown: str) -> None:
    assert inline(text) == shown
