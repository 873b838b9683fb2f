"""What the source keeps to beside the import contracts: sizes, names, doorways that imports cannot tell, pins."""

import ast
import re
import tomllib
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

import pytest
from stable_baselines3 import PPO

from tuner.training.fused.fused_model import FusedModel

ROOT = Path(__file__).parent.parent
PACKAGE = sorted([*(ROOT / "tuner").rglob("*.py"), *(ROOT / "envs" / "roarm_envs").rglob("*.py")])
LONGEST = 300  # lines
TWICE = {"__init__", "base"}  # names that stand for a role in their package
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def test_no_file_is_longer_than_one_can_read_at_once() -> None:
    folders = ("tuner", "envs", "tests", "benchmarks", "examples", "tools")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 300
    lengths = {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in files}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


def test_no_module_and_no_class_has_the_name_of_another() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in PACKAGE:
        own = str(path.relative_to(ROOT))
        if path.stem not in TWICE:
            places[f"module {path.stem}"].append(own)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places[f"class {node.name}"].append(own)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_name_is_defined_twice_in_a_module() -> None:
    for path in PACKAGE:
        seen: set[str] = set()
        for node in ast.parse(path.read_text()).body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            names += [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name != "_" else []
            assert not seen & set(names), f"{path}: {seen & set(names)}"
            seen |= set(names)


def test_only_the_study_package_reaches_behind_optunas_studies() -> None:
    outside = [path for path in PACKAGE if "study" not in path.parts]
    assert outside
    reach = re.compile(r"(study|trial)\w*\._(storage|study_id|trial_id)\b")
    assert [str(path) for path in outside if reach.search(path.read_text())] == []


def test_stable_baselines3_is_pinned_to_the_minor_version_whose_private_methods_fused_classes_take_over() -> None:
    """FusedModel overrides methods of SB3 that its documentation does not promise: another minor version may not call
    them, and trials would be trained by code that nobody compared with it."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    pins = [one for one in wanted if one.startswith("stable-baselines3")]
    major, minor, *_ = version("stable-baselines3").split(".")
    assert pins == [f"stable-baselines3>={major}.{minor},<{major}.{int(minor) + 1}"]
    private = {name for name in vars(FusedModel) if name.startswith("_") and not name.startswith("__")}
    taken_over = {name for name in private if hasattr(PPO, name)}
    assert taken_over >= {"_setup_model", "_excluded_save_params"}
    for name in ("_update_info_buffer", "_update_learning_rate", "collect_rollouts", "train"):
        assert callable(getattr(PPO, name)), f"FusedPPO stands on PPO.{name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    named = set(
        re.findall(r"`((?:tuner|tests|benchmarks|envs|tools|examples|docs|search_spaces)/[\w./-]+)`", page.read_text())
    )
    real = {path.rstrip(".") for path in named if "NAME" not in path}
    assert {path for path in real if not (ROOT / path).exists()} == set()
