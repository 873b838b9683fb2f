"""README, docs and the program say the same."""

import re
import subprocess
from pathlib import Path

import pytest
from conftest import Tuner
from pages import COMMANDS, FOREIGN, PAGES, ROOT, Typed, bare_options, typed

import cli_reference
import file_reference

REFERENCE = ROOT / "docs" / "reference"
GUIDE = (REFERENCE / "guide.md").read_text()
ALL = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES]


@pytest.mark.parametrize("page", ALL)
def test_every_command_of_a_page_exists_with_each_of_its_options(page: Path) -> None:
    assert [fault for one in typed(page) for fault in one.faults()] == []


def test_pages_hold_commands() -> None:
    found = {one.words[0] for page in PAGES for one in typed(page) if one.words}
    assert found >= set(COMMANDS)
    assert len(typed(ROOT / "README.md")) > 5


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("run --dry-run --trials 200", []),
        ("run --dry", ["tuner run --dry"]),
        ("run --dry-runs", ["tuner run --dry-runs"]),
        ("status --trial", ["tuner status --trial"]),
        ("status --dry-run", ["tuner status --dry-run"]),
        ("tune reach", ["tuner tune"]),
        ("status one two", ["tuner status one two: too many arguments"]),
        ("export reach -o best.yml --trial=3", []),
        ("--verbose run", []),
        ("--loud run", ["tuner --loud"]),
        ("COMMAND --help", []),
    ],
)
def test_a_command_that_does_not_exist_is_found(text: str, faults: list[str]) -> None:
    assert [*Typed(page="", text=text).faults()] == faults


@pytest.mark.parametrize("page", ALL)
def test_every_option_that_a_page_names_by_itself_is_one_of_some_command(page: Path) -> None:
    known = FOREIGN.union(*(cli_reference.option_names(command) for command in (None, *COMMANDS)))
    assert bare_options(page) - known == set()


def test_the_reference_of_commands_is_what_the_command_line_says() -> None:
    page = (REFERENCE / "cli.md").read_text()
    assert page == cli_reference.page(), "run `python tools/cli_reference.py > docs/reference/cli.md`"


def test_the_reference_of_files_is_what_their_models_say() -> None:
    page = (REFERENCE / "study-files.md").read_text()
    assert page == file_reference.page(), "run `python tools/file_reference.py > docs/reference/study-files.md`"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_reference_has_every_option_of_the_help(tuner: Tuner, command: str) -> None:
    section = (REFERENCE / "cli.md").read_text().partition(f"## `tuner {command}`\n")[2].partition("\n## ")[0]
    for option in set(re.findall(r"--[a-z][a-z-]*", tuner(f"{command} --help").out)) - {"--help"}:
        assert re.search(rf"`[^`]*{option}(?![a-z-])", section), option


@pytest.mark.parametrize("target", re.findall(r"^make ([a-z]+)", (ROOT / "README.md").read_text(), flags=re.MULTILINE))
def test_every_make_target_in_the_readme_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("page", ALL)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in re.findall(r"\]\(([^):]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        there = page.parent / path if path else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def anchors(page: Path) -> set[str]:
    """The names of a page's headings as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_short() -> None:
    assert (ROOT / "README.md").read_text().count("\n") <= 150


def test_the_readme_shows_an_arm_that_moves() -> None:
    picture = ROOT / "docs" / "before_after.gif"
    assert "docs/before_after.gif" in (ROOT / "README.md").read_text()
    assert picture.read_bytes()[:6] == b"GIF89a"
    assert 50_000 < picture.stat().st_size < 2_000_000


def test_the_map_of_folders_names_every_folder() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    folders = {Path(name).parts[0] for name in listed.stdout.splitlines() if "/" in name} - {".ci", ".github"}
    assert folders
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    assert all(re.search(rf"^{folder}/ ", contributing, flags=re.MULTILINE) for folder in folders)


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", GUIDE))))
def test_every_test_that_the_guide_names_is_there(named: str) -> None:
    path, _, name = named.partition("::")
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text(), flags=re.MULTILINE)


def test_every_row_of_the_guide_has_its_option_and_its_test() -> None:
    tables = re.findall(r"^\| the PPO guide \| option \| test \|\n\|[-|]+\|\n((?:\|.*\n)+)", GUIDE, flags=re.MULTILINE)
    rows = [row for table in tables for row in table.splitlines()]
    assert len(rows) > 40
    assert all(re.search(r"`tests/[\w/]+\.py::\w+`", row) and row.count("|") == 4 for row in rows)


def test_one_run_stands_behind_the_figures_of_the_default_study() -> None:
    told = ("README.md", "docs/tutorials/arm.md", "docs/explanation/speed.md")
    text = {name: (ROOT / name).read_text() for name in told}
    assert all("14.5 minutes" in page and "135 pruned" in page.replace("\n", " ") for page in text.values())
    winner = re.search(r"^winner, trial (\d+) .*?(\d+% \[\d+%, \d+%\])  ", text[told[1]], flags=re.MULTILINE)
    assert winner
    number, iqm = winner.group(1), winner.group(2).replace("%", " %")
    assert f"| winner of the search (trial {number}) | 95 % (6 seeds) | {iqm} |" in text["README.md"]
