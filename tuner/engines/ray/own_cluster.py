"""A Ray cluster that is started here, for one run: nobody but its user reaches it."""

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ray
import ray._private.ray_constants
import ray._raylet

from tuner.errors import ClusterFailed
from tuner.training.importing import environment

OBJECT_STORE = 200_000_000  # bytes; holds models only
LONGEST = 40  # characters of the folder's parent: names of Unix sockets in it have at most 107
TOKENS_SINCE = (2, 52)  # Ray's version


@contextlib.contextmanager
def own_cluster(workers: int | None) -> Iterator[dict[str, Any]]:
    """Settings of `ray.init` for a cluster on loopback, with a token and a folder of its own (mode 0700).

    Ray's own folder `/tmp/ray`, from which workers import the code that they are sent, can be written by every user of
    the machine, and the token that it makes can be read by them. The token here is never written to a file. The cluster
    must be shut down before the context ends.

    Raises:
        ClusterFailed: if Ray is too old for tokens, or RAY_TMPDIR names no folder.
    """
    _check_version()
    folder = Path(tempfile.mkdtemp(prefix="tuner-ray-", dir=_parent()))
    try:
        with _with_token(secrets.token_hex(32)):
            yield {
                "num_cpus": workers,
                "object_store_memory": OBJECT_STORE,
                "include_dashboard": False,
                "_temp_dir": str(folder / "r"),  # to which Ray gives mode 0777; the folder around it keeps 0700
            }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def on_loopback() -> Iterator[None]:
    """While it lasts, a cluster that Ray starts listens on loopback alone, as it does by itself on macOS."""
    constants = ray._private.ray_constants
    before, constants.ENABLE_RAY_CLUSTER = constants.ENABLE_RAY_CLUSTER, False
    try:
        yield
    finally:
        constants.ENABLE_RAY_CLUSTER = before


def _check_version() -> None:
    numbers = tuple(int(part) for part in ray.__version__.split(".")[:2])
    if numbers < TOKENS_SINCE:
        raise ClusterFailed(
            f"--engine ray: Ray {ray.__version__} lets every user of this machine run code in its clusters; "
            "2.52 and later have tokens: pip install 'roarm-tuner[ray]'"
        )


def _parent() -> str:
    """Where the folder is made: RAY_TMPDIR, else the folder for temporary files, else /tmp if that name is long."""
    given = os.environ.get("RAY_TMPDIR")
    if given and not Path(given).is_dir():
        raise ClusterFailed(f"--engine ray: RAY_TMPDIR names {given}, which is no folder: make it, or unset RAY_TMPDIR")
    usual = tempfile.gettempdir()
    return given or (usual if len(usual) <= LONGEST else "/tmp")  # noqa: S108 - the folder in it is private


@contextlib.contextmanager
def _with_token(token: str) -> Iterator[None]:
    """Gives a token to Ray's processes started inside; Ray reads its configuration anew before and after."""
    try:
        with environment({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}):
            _read_anew()
            yield
    finally:
        _read_anew()


def _read_anew() -> None:
    raylet: Any = ray._raylet
    raylet.Config.initialize("")
    raylet.AuthenticationTokenLoader.instance().reset_cache()
