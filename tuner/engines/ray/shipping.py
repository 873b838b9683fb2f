"""What nodes are sent: the tuner, and what of an environment's code is not installed but lies in folders."""

import contextlib
import re
import shutil
import site
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

import tuner
from tuner.config.environment_ids import is_file, split
from tuner.errors import UsageProblem
from tuner.record_type import Record
from tuner.records import EnvironmentRef

LARGEST = 100_000_000  # bytes; more belongs into an installed package, or onto a disk that the nodes share
LEFT_OUT = (".?*", "__pycache__", "*.pyc")


class Sources(Record):
    """Where an environment's code lies, and what the environment is called where that is imported as modules."""

    id: str
    places: tuple[str, ...]  # folders of packages and files of modules
    renamed: tuple[str, str] | None = None  # a file, and the module that it is to be: its own name is another's


def local_sources(ref: EnvironmentRef) -> Sources:
    """Makes an environment, takes a step and looks which modules came with it from other than Python's own folders.

    Call it in a process of its own: it imports the environment.

    Raises:
        EnvironmentUnusable: where it cannot be made.
    """
    from tuner.training.making import make_bare

    env = make_bare(ref, looked_at=False)
    with contextlib.suppress(Exception):  # what is imported late is found as well; faults are the trials' to tell
        env.reset(seed=0)
        env.step(env.action_space.sample())
        env.close()
    installed, places = _installed(), {Path(tuner.__file__).parent}
    for name in [*sys.modules]:
        place = _place(sys.modules.get(name.partition(".")[0])) if name.partition(".")[0].isidentifier() else None
        if place is not None and not name.startswith("__") and not any(map(place.is_relative_to, installed)):
            places.add(place)
    front, last = split(ref.id)
    if not is_file(front):
        return Sources(id=ref.id, places=tuple(map(str, sorted(places))))
    path = Path(front).resolve()
    name = next(name for name, module in sys.modules.items() if _file(module) == path and not name.startswith("__"))
    renamed = None
    if not name.replace(".", "").isidentifier():
        name = "environment_" + re.sub(r"\W", "_", path.stem)
        renamed = (str(path), name)
    return Sources(id=f"{name}:{last}", places=tuple(map(str, sorted(places))), renamed=renamed)


def _installed() -> list[Path]:
    """The folders of Python's own modules and of what was installed."""
    folders = {*site.getsitepackages(), site.getusersitepackages()}
    folders |= {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return [Path(folder).resolve() for folder in folders]


def _place(module: ModuleType | None) -> Path | None:
    """The folder of a package, or the file of a module; None for what is built in."""
    folders: list[Any] = list(getattr(module, "__path__", ()))
    return Path(folders[0]).resolve() if folders else _file(module)


def _file(module: ModuleType | None) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if isinstance(file, str) else None


def to_send(sources: Sources, folder: Path) -> list[str]:
    """The folders and files to send; one that is to have another name is copied to the given folder.

    Raises:
        UsageProblem: where that is too much.
    """
    places = [Path(place) for place in sources.places]
    if sources.renamed is not None:
        file, name = sources.renamed
        places.append(Path(shutil.copy(file, folder / f"{name}.py")))
    sizes = {place: _size(place) for place in places}
    if sum(sizes.values()) > LARGEST:
        largest = max(sizes, key=lambda place: sizes[place])
        raise UsageProblem(
            f"--engine ray: the nodes would be sent {sum(sizes.values()) / 1e6:.0f} MB, at most {LARGEST / 1e6:.0f}; "
            f"{largest} has the most of it: install it on every node as on this machine, or keep its data elsewhere"
        )
    return [str(place) for place in places]


def _size(place: Path) -> int:
    """Bytes of a file, or of a folder without what is left out."""
    if place.is_file():
        return place.stat().st_size
    return sum(_size(child) for child in place.iterdir() if not any(map(child.match, LEFT_OUT)))
