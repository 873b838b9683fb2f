"""Writes the lock files anew, with hashes, from the versions in `constraints.txt`.

    .venv/bin/python tools/make_locks.py

`requirements.lock` has what installing and running needs, `requirements-dev.lock` the rest. Hashes are those of all
files of a release that uv finds, so that every platform may install it, and for PyTorch that of the file which pip
takes here as well: its CPU build, which PyPI does not have.
"""

import hashlib
import importlib.metadata
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
BUILD = ("hatchling", "editables")  # for the installation itself, which takes nothing from elsewhere
HEAD = "# {}; made by tools/make_locks.py from constraints.txt.\n"
RUNTIME = "What installing and running the tuner needs"
REST = "The rest: what tests and checks need as well"
TORCH = "torch"


def pins() -> dict[str, Requirement]:
    """The requirements in constraints.txt, by canonical name."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(pin.name): pin for pin in found}


def runtime() -> list[str]:
    """The requirements of the package itself, and of its installation."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], *BUILD]


def needed(roots: Iterable[str], among: Iterable[str]) -> set[str]:
    """Those of `among` that some requirements and what they require on this machine come to."""
    todo, seen = [Requirement(root) for root in roots], set[str]()
    while todo:
        one = todo.pop()
        told = [Requirement(text) for text in _requires(one.name)]
        asked = [need for need in told if need.marker is None or any(map(need.marker.evaluate, _extras(one)))]
        todo += [need for need in asked if canonicalize_name(need.name) in among and need.name not in seen]
        seen |= {canonicalize_name(one.name), *(canonicalize_name(need.name) for need in asked)}
    return seen & set(among)


def _requires(name: str) -> list[str]:
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:  # another platform's
        return []


def _extras(requirement: Requirement) -> list[dict[str, str | set[str] | frozenset[str]]]:
    return [{"extra": extra} for extra in ("", *requirement.extras)]


def hashed(requirements: Iterable[Requirement]) -> str:
    """The lines of a lock file."""
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "pins.txt"
        given.write_text("".join(f"{one}\n" for one in requirements), encoding="utf-8")
        how = "--no-deps --generate-hashes --universal --python-version 3.11.5 --no-header --no-annotate --quiet"
        command = [sys.executable, "-m", "uv", "pip", "compile", *how.split(), str(given)]
        text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - a list
        return _with_hash_of_here(text, Path(folder) / "here")


def _with_hash_of_here(text: str, folder: Path) -> str:
    """The lines with the hash of PyTorch's file that pip takes on this machine."""
    pin = next((line.split(" ")[0] for line in text.splitlines() if line.startswith(f"{TORCH}==")), None)
    if pin is None:
        return text
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), pin]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - a list
    (file,) = folder.iterdir()
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    line = f"    --hash=sha256:{digest} \\\n"
    return text if digest in text else text.replace(f"{pin} \\\n", f"{pin} \\\n{line}", 1)


def main() -> None:
    """Writes both files."""
    every = pins()
    first = needed(runtime(), every)
    for name, words, chosen in (
        ("requirements.lock", RUNTIME, [every[one] for one in sorted(first)]),
        ("requirements-dev.lock", REST, [every[one] for one in sorted(every.keys() - first)]),
    ):
        (ROOT / name).write_text(HEAD.format(words) + hashed(chosen), encoding="utf-8")


if __name__ == "__main__":
    main()
