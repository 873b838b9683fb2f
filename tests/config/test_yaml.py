"""Reading YAML: scientific notation, duplicate keys, and the errors for invalid files."""

from pathlib import Path
from typing import Any

import pytest

from tuner.config.yaml import read_yaml
from tuner.errors import SpecInvalid, UsageProblem


def read(folder: Path, text: str) -> Any:
    path = folder / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return read_yaml(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3e-5", 3e-5),
        ("3E5", 3e5),
        ("-1e+3", -1e3),
        ("+2e4", 2e4),
        ("1.e-3", 1e-3),
        ("1.0e-5", 1e-5),
        ("0.5", 0.5),
        (".5e-3", 5e-4),
    ],
)
def test_scientific_notation_is_a_number(tmp_path: Path, text: str, value: float) -> None:
    found = read(tmp_path, f"rate: {text}")["rate"]
    assert isinstance(found, float)
    assert found == value


@pytest.mark.parametrize("text", ["e5", "1e", "v1e5", "3e-5x", "'3e-5'"])
def test_text_that_looks_similar_stays_text(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, f"name: {text}") == {"name": text.strip("'")}


def test_whole_numbers_words_and_lists_are_parsed(tmp_path: Path) -> None:
    text = "a: 64\nb: true\nc: null\nd: [1, 2.0]\ne: {f: word}\n"
    assert read(tmp_path, text) == {"a": 64, "b": True, "c": None, "d": [1, 2.0], "e": {"f": "word"}}


@pytest.mark.parametrize(
    ("text", "place", "key"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3, column 1", "'a'"),
        ("a:\n  b: 1\n  c: 2\n  b: 1\n", "line 4, column 3", "'b'"),
        ("a: {b: 1, b: 2}\n", "line 1, column 11", "'b'"),
        ("- a\n- b: 1\n  b: 2\n", "line 3, column 3", "'b'"),
        ("1: a\n1: b\n", "line 2, column 1", "1"),
    ],
    ids=["top", "nested", "flow", "list", "number"],
)
def test_a_duplicate_key_is_refused(tmp_path: Path, text: str, place: str, key: str) -> None:
    with pytest.raises(SpecInvalid) as refused:
        read(tmp_path, text)
    assert refused.value.faults == (f"{place}: not valid YAML: duplicate key {key}",)


def test_a_merged_key_may_be_overridden(tmp_path: Path) -> None:
    text = "base: &base {a: 1, b: 2}\nown:\n  <<: *base\n  b: 3\n"
    assert read(tmp_path, text)["own"] == {"a": 1, "b": 3}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: [1\nb: 2\n", "line 2"),
        ("a: 1\nb:\n\tc: 2\n", "line 3, column 1"),
        ("a: 'x\n", "line 2"),
        ("a: 1\n---\nb: 1\n", "line 2"),
        ("? [a, b]\n: 3\n", "line 1"),
        ("a: *unknown\n", "line 1, column 4"),
        ("a: !!python/object/apply:os.getcwd []\n", "line 1, column 4"),
    ],
    ids=["bracket", "tab", "quote", "two documents", "list as key", "alias", "python object"],
)
def test_malformed_yaml_is_refused_with_its_place(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(SpecInvalid) as refused:
        read(tmp_path, text)
    (fault,) = refused.value.faults
    assert fault.startswith(place)
    assert "not valid YAML" in fault
    assert str(refused.value).startswith(str(tmp_path / "file.yaml"))


@pytest.mark.parametrize("text", ["a: 2024-13-45\n", "a: 0x_\n", "a: \0\n"], ids=["date", "hexadecimal", "control"])
def test_a_value_that_yaml_itself_cannot_read_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SpecInvalid, match="not valid YAML"):
        read(tmp_path, text)


def test_bytes_that_are_no_utf8_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: \xe9\n")
    with pytest.raises(SpecInvalid, match="not valid YAML: 'utf-8' codec"):
        read_yaml(path)


def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "# only a comment\n") is None


@pytest.mark.parametrize("name", ["none.yaml", "."], ids=["missing", "folder"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageProblem, match="cannot read"):
        read_yaml(tmp_path / name)


def nested(one: str, first: str) -> str:
    """Thirty values, each ten times the one before: written in a page, read as 10 to the power of thirty."""
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{n}: &a{n} {one.format(', '.join([f'*a{n - 1}'] * 10))}" for n in range(1, 31)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (nested("[{}]", "[x]"), "more than 10,000 values"),
        (nested("{{<<: [{}]}}", "{x: 1}"), "more than 10,000 values"),
        ("a: [" + "1," * 20_000 + "]", "more than 10,000 values"),
        ("a: &a [*a]", "a value that contains itself"),
        ("a: &a {b: {c: *a}}", "a value that contains itself"),
        ("[" * 5000, "nested too deeply"),
        ("a: " + "1" * 5000, "a number of 5,000 characters; at most 40"),
        ("a: -0x" + "f" * 50_000, "a number of 50,003 characters; at most 40"),
        ("a: 0." + "1" * 50_000, "a number of 50,002 characters; at most 40"),
        ("a: 1:30", "'1:30' would be a number in base 60"),
        ("a: {12:30:45.5: x}", "'12:30:45.5' would be a number in base 60"),
        ("a: 1" + ":59" * 10_000, "would be a number in base 60"),
        ("a: !!int [1]", "expected a scalar"),
        ("#" * 2**19, "larger than 256 KB"),
    ],
    ids=[
        "lists", "merged", "long", "itself", "itself deeper", "deep", "decimal", "hexadecimal", "float", "base 60",
        "base 60 key", "base 60 long", "a list as number", "large",
    ],
)  # fmt: skip
def test_what_would_grow_or_be_misread_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SpecInvalid, match=reason) as refused:
        read(tmp_path, text)
    assert len(str(refused.value)) < 300


def test_an_endless_file_is_refused() -> None:
    with pytest.raises(SpecInvalid, match="larger than 256 KB"):
        read_yaml(Path("/dev/zero"))


def test_aliases_and_numbers_of_ordinary_size_are_read(tmp_path: Path) -> None:
    text = "base: &b [1_000, 0x1f, -3.5e-7, .inf]\nsame: [*b, *b]\ntime: '1:30'\n"
    base = [1000, 31, -3.5e-7, float("inf")]
    assert read(tmp_path, text) == {"base": base, "same": [base, base], "time": "1:30"}


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeffa: 1\n") == {"a": 1}
