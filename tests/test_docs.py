"""README, docs and the program say the same."""

import re
import subprocess
from pathlib import Path

import pytest
from conftest import Tuner

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = (
    "run",
    "check",
    "confirm",
    "compare",
    "play",
    "status",
    "show",
    "report",
    "export",
    "train",
    "dashboard",
    "serve",
    "submit",
    "cancel",
    "list",
)


def options(tuner: Tuner, command: str) -> set[str]:
    return set(re.findall(r"--[a-z]+", tuner(f"{command} --help").out))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_each_of_its_options_stands_in_the_readme(tuner: Tuner, command: str) -> None:
    assert f"tuner {command}" in README
    missing = {option for option in options(tuner, command) - {"--help"} if option not in README}
    assert not missing


def test_every_command_in_the_readme_exists(tuner: Tuner) -> None:
    for line in re.findall(r"^(?:\$ )?tuner ([a-z]+)(.*)$", README, flags=re.MULTILINE):
        command, rest = line
        assert command in COMMANDS
        assert set(re.findall(r"--[a-z]+", rest)) <= options(tuner, command)


@pytest.mark.parametrize("target", re.findall(r"make ([a-z]+)", README))
def test_every_make_target_in_the_readme_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


def test_every_link_to_a_file_leads_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_map_of_folders_names_every_folder() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    folders = {Path(name).parts[0] for name in listed.stdout.splitlines() if "/" in name} - {".ci", ".github"}
    assert folders
    assert all(f"{folder}/" in README for folder in folders)


GUIDE = (ROOT / "docs" / "guide.md").read_text()


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", GUIDE))))
def test_every_test_that_the_guide_names_is_there(named: str) -> None:
    path, _, name = named.partition("::")
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text(), flags=re.MULTILINE)


def test_every_row_of_the_guide_has_its_option_and_its_test() -> None:
    guide = GUIDE.partition("## What sixty trials")[0]
    rows = [line for line in guide.splitlines() if line.startswith("| ") and not line.startswith("| the guide")]
    assert len(rows) > 40
    assert all(re.search(r"`tests/[\w/]+\.py::\w+`", row) and row.count("|") == 4 for row in rows)
