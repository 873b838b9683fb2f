"""Finds the code that nodes need: tuner, and the environment's modules that are not installed packages."""

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
from tuner.config.environment_ids import file_path, is_file, split
from tuner.errors import UsageProblem
from tuner.record_type import Record
from tuner.records import EnvironmentRef

LARGEST = 100_000_000  # bytes; larger code belongs in an installed package or on a shared disk
LEFT_OUT = (".?*", "*.pyc")  # of __pycache__ there remains what Numba compiled, which the nodes need not do again


class Sources(Record):
    """The places of an environment's code, and its id when they are imported as modules."""

    id: str
    places: tuple[str, ...]  # folders of packages and files of modules
    renamed: tuple[str, str] | None = None  # a file and its new module name, if its own name is taken or no module name


def local_sources(ref: EnvironmentRef) -> Sources:
    """Makes an environment, takes a step and collects the imported modules that are not installed.

    Call it in a new process, since it imports the environment.

    Raises:
        EnvironmentUnusable: if it cannot be made.
    """
    from tuner.training.making import make_bare

    env = make_bare(ref)
    with contextlib.suppress(Exception):  # finds late imports too; trials report errors
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
    path = Path(file_path(front, ref.folder)).resolve()
    name = next(name for name, module in sys.modules.items() if _file(module) == path and not name.startswith("__"))
    renamed = None
    if not name.replace(".", "").isidentifier():
        name = "environment_" + re.sub(r"\W", "_", path.stem)
        renamed = (str(path), name)
    return Sources(id=f"{name}:{last}", places=tuple(map(str, sorted(places))), renamed=renamed)


def _installed() -> list[Path]:
    """The folders of the standard library and of installed packages."""
    folders = {*site.getsitepackages(), site.getusersitepackages()}
    folders |= {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return [Path(folder).resolve() for folder in folders]


def _place(module: ModuleType | None) -> Path | None:
    """The folder of a package, or the file of a module; None for built-in modules."""
    folders: list[Any] = list(getattr(module, "__path__", ()))
    return Path(folders[0]).resolve() if folders else _file(module)


def _file(module: ModuleType | None) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if isinstance(file, str) else None


def to_send(sources: Sources, folder: Path) -> list[str]:
    """The folders and files to send; a renamed file is copied to `folder`.

    Raises:
        UsageProblem: if they are larger than `LARGEST`.
    """
    places = [Path(place) for place in sources.places]
    if sources.renamed is not None:
        file, name = sources.renamed
        places.append(Path(shutil.copy(file, folder / f"{name}.py")))
    sizes = {place: _size(place) for place in places}
    if sum(sizes.values()) > LARGEST:
        largest = max(sizes, key=lambda place: sizes[place])
        raise UsageProblem(
            f"--engine ray: the code to send is {sum(sizes.values()) / 1e6:.0f} MB, over the limit of "
            f"{LARGEST / 1e6:.0f} MB; {largest} is the largest part: install it on every node, or move its data"
        )
    return [str(place) for place in places]


def _size(place: Path) -> int:
    """Bytes of a file, or of a folder without `LEFT_OUT`."""
    if place.is_file():
        return place.stat().st_size
    return sum(_size(child) for child in place.iterdir() if not any(map(child.match, LEFT_OUT)))
