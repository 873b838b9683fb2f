"""The inventories by which pages lead to other projects: read by Sphinx itself, of objects that there are."""

import importlib
from pathlib import Path

import pytest
from sphinx.util.inventory import InventoryFile

from inventories import PROJECTS, write_inventories

ALIASES = {"BaseAlgorithm", "VecEnv", "pd.DataFrame"}  # as annotations under TYPE_CHECKING have them
OBJECTS = [(name, key.split()[1]) for name, one in PROJECTS.items() if name != "python" for key in one.objects]


def test_sphinx_reads_every_object_with_its_page(tmp_path: Path) -> None:
    for name, (url, path) in write_inventories(tmp_path).items():
        read = InventoryFile.loads(Path(path).read_bytes(), uri=url)
        found = {(role, obj): item.uri for role, items in read.data.items() for obj, item in items.items()}
        assert found.keys() == {(key.split()[0], key.split()[1]) for key in PROJECTS[name].objects}
        assert all(uri.startswith(url) and "$" not in uri for uri in found.values())


@pytest.mark.parametrize("name", [name for _, name in OBJECTS if name not in ALIASES])
def test_an_object_that_is_listed_exists(name: str) -> None:
    module, _, last = name.rpartition(".")
    assert hasattr(importlib.import_module(module), last)
