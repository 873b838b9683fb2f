"""What nodes are sent: the tuner, and what of an environment's code is not installed but lies in folders."""

import shutil
import site
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import tuner
from tuner.errors import UsageProblem
from tuner.records import EnvironmentRef
from tuner.spec.environment_ids import is_file, split

LARGEST = 100_000_000  # bytes; more belongs into an installed package, or on a disk that the nodes share
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.pyc")
FILES = "files"  # folder of environments that are named by their file and lie in no package


def local_sources(ref: EnvironmentRef) -> dict[str, str]:
    """Makes an environment; returns the top-level modules that came with it out of folders, and where they lie.

    Call it in a process of its own: it imports the environment.

    Raises:
        EnvironmentUnusable: where it cannot be made.
    """
    from tuner.training.making import make_bare

    make_bare(ref, looked_at=False).close()
    installed = _installed()
    found: dict[str, str] = {}
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        place = _place(sys.modules.get(top)) if top.isidentifier() and not top.startswith("__") else None
        if place is not None and isinstance(module, ModuleType) and not any(map(place.is_relative_to, installed)):
            found[top] = str(place)
    return found


def _installed() -> list[Path]:
    """The folders of Python and of what was installed into it."""
    folders = {*site.getsitepackages(), site.getusersitepackages(), *sysconfig.get_paths().values()}
    standard = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    roots = {sys.prefix, sys.base_prefix, sysconfig.get_path("data"), sysconfig.get_path("scripts")}
    return [Path(folder).resolve() for folder in (folders | standard) - roots]


def _place(module: ModuleType | None) -> Path | None:
    """The folder of a package, or the file of a module; None for what is built in."""
    folders = list(getattr(module, "__path__", ()))
    place = folders[0] if folders else getattr(module, "__file__", None)
    return Path(place).resolve() if place is not None else None


def stage(sources: dict[str, str], folder: Path) -> None:
    """Copies modules into a folder from which they can be imported, and the tuner with them.

    Raises:
        UsageProblem: where that is too much to send.
    """
    left = LARGEST
    for name, place in {**sources, "tuner": str(Path(tuner.__file__).parent)}.items():
        path = Path(place)
        if path.is_dir():
            shutil.copytree(path, folder / name, ignore=LEFT_OUT)
        else:
            shutil.copy(path, folder / path.name)
        left -= _size(folder / (name if path.is_dir() else path.name))
        if left < 0:
            raise UsageProblem(
                f"--engine ray: {path} makes what the nodes are sent larger than {LARGEST / 1e6:.0f} MB; install it "
                "on every node as on this machine (then it is not sent), or keep its data outside the package"
            )


def _size(path: Path) -> int:
    return (
        sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else path.stat().st_size
    )


def stage_file(ref: EnvironmentRef, folder: Path) -> EnvironmentRef:
    """An environment by the name that it has in that folder: another one where its own names a file."""
    front, last = split(ref.id)
    if not is_file(front):
        return ref
    path = Path(front).resolve()
    parts, package = [path.name], path.parent
    while (package / "__init__.py").is_file():
        parts.insert(0, package.name)
        package = package.parent
    if len(parts) == 1:  # in no package
        parts.insert(0, FILES)
        (folder / FILES).mkdir(exist_ok=True)
        shutil.copy(path, folder / FILES / path.name)
    return replace(ref, id=f"{'/'.join(parts)}:{last}")
