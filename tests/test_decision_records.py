"""The decision records: numbered without gaps, listed with their status, and led to what shows them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "adr"
INDEX = (FOLDER / "README.md").read_text()
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
ROW = re.compile(r"^\| \[(\d{4})\] \| (.+) \| (accepted|superseded by \[\d{4}\]) \|$", flags=re.MULTILINE)


def head(record: Path) -> tuple[str, str, str]:
    """Number, title and status as the record itself has them, the status without the links' targets."""
    found = re.match(r"# (\d{4})\. (.+)\n\nStatus: (.+)\n", record.read_text())
    assert found, record.name
    return found[1], found[2], re.sub(r"\]\([^)]*\)", "]", found[3])


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_numbers_have_no_gap_and_names_are_lower_case() -> None:
    assert [record.name[:4] for record in RECORDS] == [f"{number:04d}" for number in range(1, len(RECORDS) + 1)]
    assert all(re.fullmatch(r"\d{4}(-[a-z0-9]+)+\.md", record.name) for record in RECORDS)


def test_the_index_lists_every_record_with_its_title_and_status() -> None:
    own = [(number, title, status.partition(";")[0]) for number, title, status in map(head, RECORDS)]
    assert ROW.findall(INDEX) == own
    assert dict(re.findall(r"^\[(\d{4})\]: (\S+)$", INDEX, flags=re.MULTILINE)) == {
        record.name[:4]: record.name for record in RECORDS
    }


def test_a_record_and_its_successor_name_each_other() -> None:
    heads = [head(record) for record in RECORDS]
    replaced = {(number, by) for number, _, status in heads for by in re.findall(r"^superseded by \[(\d+)\]$", status)}
    replacing = {
        (before, number)
        for number, _, status in heads
        for before in re.findall(r"\[(\d+)\]", status.partition("; supersedes ")[2])
    }
    assert replaced
    assert replaced == replacing


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: str(record.name[:4]))
def test_a_record_has_its_sections_and_its_evidence_is_there(record: Path) -> None:
    text = record.read_text()
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) in (
        ["Context", "Decision"],
        ["Context", "Decision", "Evidence"],
    )
    assert max(map(len, text.splitlines())) <= 130
    for name, path in re.findall(r"`(test_\w+)`\s+in\s+\[[^\]]*\]\(([^)]+)\)", text):
        assert re.search(rf"^def {name}\(", (FOLDER / path).read_text(), flags=re.MULTILINE), f"{path}: {name}"
    for path, anchor in re.findall(r"\]\(([^)#:]+)#([^)]+)\)", text):
        assert anchor in anchors(FOLDER / path), f"{path}#{anchor}"
