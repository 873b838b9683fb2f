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

PAGE = "docs/howto/installation.md"
EXACT = ("--no-deps", "--require-hashes")  # a lock file names every package: nothing else is looked for
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
    pin = next((line.partition(" ")[0] for line in pins if line.startswith("torch==")), None)
    wanted = pin is not None and pin != f"torch=={installed_torch()}"
    to_come = torch_to_come(str(pin), options) if wanted else None
    if to_come is not None and is_cuda_build(to_come["metadata"]):
        sys.stdout.write(HEAVY)
    sys.stdout.write(f"Installing {len(pins)} packages ({lock}) ...\n")
    sys.stdout.flush()
    exact = lock.endswith(".lock")
    if exact and wanted and (code := install_torch(str(pin), to_come, Path(lock), options)):
        return code
    return pip("install", *(EXACT if exact else ()), "--requirement", lock, *options).returncode


def install_torch(pin: str, to_come: dict[str, Any] | None, lock: Path, options: Sequence[str]) -> int:
    """Installs the build of PyTorch that pip takes where it compares no hashes, if the lock file has its hash.

    Where pip does compare them it prefers files whose hash an index tells, so that PyPI's CUDA build would go before a
    CPU build in a folder (`--find-links`). NVIDIA's libraries, which the CUDA build alone needs, come by the versions
    that its metadata name, not by hashes; so does what pip could not tell before.
    """
    how: Sequence[str] = ("--constraint", str(lock.with_name("constraints.txt")))
    if to_come is not None:
        file = to_come["download_info"]
        digest = file.get("archive_info", {}).get("hashes", {}).get("sha256")
        if digest is None or f"--hash=sha256:{digest}" not in lock.read_text(encoding="utf-8").split():
            sys.stdout.write(
                f"{file['url']}: its SHA-256 is not in {lock.name}, so it is not installed (see\n{PAGE}).\n"
            )
            return 1
        pin = f"torch @ {file['url']}#sha256={digest}"
        how = how if is_cuda_build(to_come["metadata"]) else EXACT
    return pip("install", *how, *options, pin).returncode


def pip(*arguments: str, **how: Any) -> subprocess.CompletedProcess[bytes]:
    """Runs this Python's pip, which says nothing but errors unless its arguments tell how much (`-v`, `-q`)."""
    told = any(re.fullmatch(r"-[qv]+|--quiet|--verbose", argument) for argument in arguments)
    command = [sys.executable, "-m", "pip", *arguments, *([] if told else ["-qq"])]
    return subprocess.run(command, check=False, **how)  # noqa: S603 - a list, no shell


def torch_to_come(pin: str, options: Sequence[str]) -> dict[str, Any] | None:
    """PyTorch as pip would install it now, by pip's report; None where that cannot be told."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        look = ("install", "--dry-run", "--no-deps", "--report", str(report), pin, *options)
        try:
            pip(*look, capture_output=True, timeout=LOOK_SECONDS)
            (found,) = json.loads(report.read_bytes())["install"]
            return {key: found[key] for key in ("metadata", "download_info")}
        except (subprocess.TimeoutExpired, OSError, ValueError, KeyError):  # the installation itself will say why
            return None


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
