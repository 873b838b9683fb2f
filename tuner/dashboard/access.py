"""The dashboard's address and access: this machine only, or clients with the token."""

import errno
import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
from dataclasses import field
from pathlib import Path

from tuner.errors import UsageProblem
from tuner.record_type import Record

LOOPBACK = "127.0.0.1"
SHORTEST = 16  # characters of a token
ADDRESS_FAULTS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
TOKEN = re.compile(rf"[!-~]{{{SHORTEST},256}}")  # printable, no space


class Access(Record):
    """The access rules of a dashboard. Without a token it accepts only requests addressed to loopback names."""

    token: str | None = field(default=None, repr=False)
    generated: bool = False  # made here, so it must be shown to the user
    writable: bool = False

    def knows(self, given: str) -> bool:
        """Whether this is the token; compares in constant time."""
        return self.token is not None and hmac.compare_digest(given.encode(), self.token.encode())

    def pass_text(self) -> str:
        """The cookie's content: derived from the token, so that it survives a restart without revealing it."""
        return hmac.new((self.token or "").encode(), b"tuner dashboard", hashlib.sha256).hexdigest()

    def admits(self, cookie: str) -> bool:
        """Whether a cookie was issued for this token."""
        return self.token is not None and hmac.compare_digest(cookie.encode(), self.pass_text().encode())


def make_access(address: str, token_file: Path | None, *, writable: bool = False) -> Access:
    """Reads the token from the file; else generates one, unless the address is loopback and nothing is written.

    Raises:
        UsageProblem: if the file holds no valid token.
    """
    if token_file is not None:
        return Access(token=read_token(token_file), writable=writable)
    if is_loopback(address) and not writable:  # this machine may have other users
        return Access()
    return Access(token=secrets.token_urlsafe(32), generated=True, writable=writable)


def read_token(path: Path) -> str:
    """The token in a one-line file.

    Raises:
        UsageProblem: if it cannot be read, is too short or is not ASCII; the message never shows the token.
    """
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "is not plain text"
        raise UsageProblem(f"--token-file {path}: {why} (make one: openssl rand -hex 32 > FILE)") from None
    if TOKEN.fullmatch(text) is None:
        raise UsageProblem(
            f"--token-file {path}: must hold one line of {SHORTEST} to 256 characters without spaces "
            "(make one: openssl rand -hex 32 > FILE)"
        )
    return text


def is_loopback(address: str) -> bool:
    """Whether an address is reachable from this machine only."""
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """A socket bound to the first address of a host; port 0 picks a free one. `option` names the port in an error.

    Raises:
        UsageProblem: if the host is not an address of this machine, or the port is taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host or LOOPBACK, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "is not a host name"
        raise UsageProblem(f"--host {host!r}: {why} (give an address of this machine, or 0.0.0.0 for all)") from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        if error.errno in ADDRESS_FAULTS:
            way_out = "give an address of this machine, or 0.0.0.0 for all"
            raise UsageProblem(f"--host {host!r}: {error.strerror} ({way_out})") from None
        raise UsageProblem(f"{option} {port}: {error.strerror} (give another port, or 0 for a free one)") from None
    return listener
