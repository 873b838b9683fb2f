"""The files that are packaged with tuner: studies, spaces and their JSON schemas."""

from importlib.resources import files
from pathlib import Path

SCHEMAS = ("study", "space")  # kinds of files


def shipped(folder: str) -> Path:
    """A folder of the package, or of the checkout that it is used from."""
    package = Path(str(files("tuner")))
    packaged = package / "presets" / folder
    return packaged if packaged.is_dir() else package.parent / folder


def schema_text(kind: str) -> str:
    """The JSON schema of a kind of files, which `tools/schemas.py` makes."""
    return (shipped("schemas") / f"{kind}.json").read_text(encoding="utf-8")
