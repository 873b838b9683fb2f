"""For any content, a study or space file gives a spec or one of our own errors, never another exception."""

import copy
from pathlib import Path
from typing import Any

import yaml
from conftest import SPACE, STUDY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.errors import TunerError

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["../../etc/passwd", "a/b", "\x00", "lin_3e-4", "1e5", "nan", "{}", "-1", "ppo", "0x10"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every key there is, at every depth."""
    if not isinstance(data, dict):
        return []
    return [found for key, value in data.items() for found in ((*path, key), *places(value, (*path, key)))]


def changed(data: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    made = copy.deepcopy(data)
    place = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return made


def spec_or_word(path: Path) -> StudySpec | str:
    """The spec, or the error message."""
    try:
        return load_study(find("studies", str(path)))
    except TunerError as error:
        return str(error).strip()


def answered(folder: Path, study: Any, space: Any) -> bool:
    """Whether a study and its space give a valid spec, or an error that says why not."""
    (folder / "toy_space.yaml").write_text(yaml.safe_dump(space), encoding="utf-8")
    (folder / "toy.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    found = spec_or_word(folder / "toy.yaml")
    return bool(found.plan() if isinstance(found, StudySpec) else found)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(places(STUDY)), value=VALUES)
def test_a_value_of_a_study(tmp_path: Path, path: tuple[Any, ...], value: Any) -> None:
    assert answered(tmp_path, changed(STUDY, path, value), SPACE)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(places(SPACE)), value=VALUES)
def test_a_value_of_a_space(tmp_path: Path, path: tuple[Any, ...], value: Any) -> None:
    assert answered(tmp_path, STUDY, changed(SPACE, path, value))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.text(max_size=12), value=VALUES)
def test_a_key_more(tmp_path: Path, key: str, value: Any) -> None:
    assert answered(tmp_path, {**STUDY, key: value}, SPACE)
    assert answered(tmp_path, STUDY, {**SPACE, key: value})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(whole=VALUES)
def test_any_other_content(tmp_path: Path, whole: Any) -> None:
    assert answered(tmp_path, whole, SPACE)
    assert answered(tmp_path, STUDY, whole)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60))
def test_bytes_that_are_no_yaml(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "toy.yaml"
    path.write_bytes(content)
    assert spec_or_word(path)
