"""The examples in the pages about spaces are spaces."""

import re
from pathlib import Path

import pytest

from tuner.config.load import Found, available, load_space

ROOT = Path(__file__).parent.parent
PAGES = ("docs/howto/spaces.md", "docs/howto/schedules.md", "docs/howto/reward-search.md", "search_spaces/README.md")
EXAMPLES = [
    pytest.param(example, id=f"{page}, {number}")
    for page in PAGES
    for number, example in enumerate(re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text(), flags=re.DOTALL))
]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_space(example: str, tmp_path: Path) -> None:
    path = tmp_path / "example.yaml"
    path.write_text(example)
    assert load_space(Found(name="example", path=path, where=str(path))).parameters


def test_the_page_of_spaces_names_every_one_and_no_other() -> None:
    page = (ROOT / "search_spaces/README.md").read_text()
    assert set(re.findall(r"`(\w+)\.yaml`", page)) == available("search_spaces").keys()
