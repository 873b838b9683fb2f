"""Files are written whole or not at all."""

from pathlib import Path

import pytest

from tuner.errors import ExportFailed, UsageProblem
from tuner.writing import refuse_no_file, write_whole


def test_a_file_is_written_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_whole(tmp_path / "page.html", b"text", "--html")
    assert (tmp_path / "page.html").read_bytes() == b"text"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("before")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_whole(tmp_path / "link", b"after", "-o")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "after"


def test_where_it_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ExportFailed, match="choose another file with --html"):
        write_whole(tmp_path / "nowhere" / "page.html", b"text", "--html")
    with pytest.raises(UsageProblem, match="there is no folder"):
        refuse_no_file(tmp_path / "nowhere" / "page.html", "--html", "page.html")
    with pytest.raises(UsageProblem, match="is a folder; give a file, such as"):
        refuse_no_file(tmp_path, "--html", "page.html")
