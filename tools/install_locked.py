"""Installs what a lock file names into this Python's environment, in a line; says first where that is gigabytes.

Runs before anything is installed: `python tools/install_locked.py requirements.lock [OPTIONS OF PIP]`.
"""

import importlib.metadata
import json
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LOOK_SECONDS = 60.0  # for which build of PyTorch pip would take
HEAVY = """\
PyTorch comes as its CUDA build here, several GB to download; its CPU build has
some 200 MB. For that one press Ctrl-C and see docs/howto/installation.md.
"""


def main(arguments: Sequence[str]) -> int:
    """Installs; returns pip's exit code."""
    lock, *options = arguments
    lines = Path(lock).read_text(encoding="utf-8").splitlines()
    pins = [line.removesuffix("\\").rstrip() for line in lines if line and line[0] not in "#- "]  # and not hashes
    if any(is_cuda_build(metadata) for metadata in torch_to_come(pins, options)):
        sys.stdout.write(HEAVY)
    sys.stdout.write(f"Installing {len(pins)} packages ({lock}) ...\n")
    sys.stdout.flush()
    # A lock file names every package: nothing else is looked for, and no file is taken whose hash is not in it.
    exact = ["--no-deps", "--require-hashes"] if lock.endswith(".lock") else []
    return pip("install", *exact, "--requirement", lock, *options).returncode


def pip(*arguments: str, **how: Any) -> subprocess.CompletedProcess[bytes]:
    """Runs this Python's pip, which says nothing but errors unless its arguments tell how much (`-v`, `-q`)."""
    told = any(re.fullmatch(r"-[qv]+|--quiet|--verbose", argument) for argument in arguments)
    command = [sys.executable, "-m", "pip", *arguments, *([] if told else ["-qq"])]
    return subprocess.run(command, check=False, **how)  # noqa: S603 - a list, no shell


def torch_to_come(pins: Sequence[str], options: Sequence[str]) -> list[dict[str, Any]]:
    """The metadata of PyTorch as pip would install it now; none where it is there already, or cannot be told."""
    pin = next((line.partition(" ")[0] for line in pins if line.startswith("torch==")), None)
    if pin is None or pin == f"torch=={installed_torch()}":
        return []
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        look = ("install", "--dry-run", "--no-deps", "--report", str(report), pin, *options)
        try:
            pip(*look, capture_output=True, timeout=LOOK_SECONDS)
            return [one["metadata"] for one in json.loads(report.read_bytes())["install"]]
        except (subprocess.TimeoutExpired, OSError, ValueError, KeyError):  # the installation itself will say why
            return []


def installed_torch() -> str | None:
    """PyTorch's version without its local suffix (`+cpu`), None where it is not installed."""
    try:
        return importlib.metadata.version("torch").partition("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return None


def is_cuda_build(metadata: dict[str, Any]) -> bool:
    """Whether a wheel's metadata ask for CUDA's libraries on a machine like this one."""
    wanted = [need for need in metadata.get("requires_dist", []) if need.startswith(("cuda-", "nvidia-"))]
    here = [need for need in wanted if "platform_machine" not in need or platform.machine() in need]
    return sys.platform == "linux" and bool(here)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
