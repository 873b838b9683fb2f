"""The dashboard's address and token."""

import os
from pathlib import Path

import pytest
from conftest import Tuner

from tuner.dashboard.access import is_loopback, listen, make_access, read_token
from tuner.dashboard.server import page_address
from tuner.errors import UsageProblem

TOKEN = "0123456789abcdef"  # noqa: S105 - of a test


@pytest.mark.parametrize(
    ("address", "alone"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("::", False), ("10.0.0.5", False)],  # noqa: S104
)
def test_who_can_reach_an_address(address: str, alone: bool) -> None:
    assert is_loopback(address) is alone
    assert (make_access(address, None).token is None) is alone


def test_where_something_may_be_written_this_machine_too_needs_the_token() -> None:
    """Other users of it reach loopback as well."""
    access = make_access("127.0.0.1", None, writable=True)
    assert access.token is not None
    assert access.generated


def test_tokens_are_generated_and_printed_once() -> None:
    first, second = make_access("0.0.0.0", None), make_access("0.0.0.0", None)  # noqa: S104
    assert first.token is not None
    assert first.token != second.token
    assert len(first.token) >= 40
    with listen("127.0.0.1", 0) as listener:
        assert page_address(listener, first).endswith(f"/dashboard/?token={first.token}")


def test_a_token_from_a_file_is_never_printed(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    access = make_access("127.0.0.1", file)
    assert access.token == TOKEN
    with listen("127.0.0.1", 0) as listener:
        assert TOKEN not in page_address(listener, access)


UNFIT = {
    "empty": b"",
    "short": b"0123456789abcde",
    "two lines": b"0123456789abcdef\n0123456789abcdef",
    "a space": b"0123456789 abcdef",
    "no text": os.urandom(64) + b"\xff",
    "too long": b"x" * 257,
}


@pytest.mark.parametrize("content", UNFIT.values(), ids=UNFIT)
def test_a_file_without_a_fit_token_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(UsageProblem, match=f"--token-file {file}: .*openssl rand") as caught:
        read_token(file)
    assert "0123456789" not in str(caught.value).replace(str(file), "")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("dashboard --token-file nowhere", "--token-file nowhere: No such file"),
        ("dashboard --token-file .", "--token-file .: Is a directory"),
        ("dashboard --host 192.0.2.1 --port 0", "--host '192.0.2.1': Cannot assign"),
        ("dashboard --host no.such.host.invalid", "--host 'no.such.host.invalid'"),
        (f"dashboard --host {'x' * 300}", "is not a host name"),
    ],
    ids=["missing", "a folder", "not this machine's", "unknown", "too long"],
)
def test_unfit_options_are_refused_in_a_line(tuner: Tuner, finished: Path, line: str, words: str) -> None:
    said = tuner(line)
    assert said.code == 2
    assert words in said.err
    assert len(said.err.splitlines()) == 1
