"""Finals from a command to the answer, with real training in a toy environment."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Tuner, write_study
from use_cases import INLINE, Told

from tuner.app.engine_options import EngineOptions
from tuner.app.resolve import open_study
from tuner.app.tune import TuneRequest, tune
from tuner.study.rows import Row, best, configurations

CHANGES: dict[str, Any] = {"trials": 12, "finals": 0.5, "sampler": "random", "seed": 1, "pruner": "none"}
RUN = TuneRequest(study="toy.yaml", engine=INLINE, changes=CHANGES)


def rows(name: str = "toy") -> list[Row]:
    return open_study(name, None).rows


def told_of(name: str) -> list[tuple[Any, ...]]:
    return sorted((row.arguments["learning_rate"], row.seed, row.value, row.label, row.repeat_of) for row in rows(name))


@pytest.fixture
def ended(told: Told, toy_study: Path) -> list[Row]:
    """A study that ended in finals."""
    tune(RUN, told)
    return rows()


def test_half_of_the_trials_repeat_the_leaders(ended: list[Row]) -> None:
    repeats = [row for row in ended if row.repeat_of is not None]
    assert [row.number for row in repeats] == list(range(6, 12))
    assert all(row.arguments == ended[row.repeat_of or 0].arguments for row in repeats)
    assert all(row.state == "complete" for row in repeats)
    assert len({row.seed for row in ended if row.label == repeats[0].label}) > 1


@pytest.mark.parametrize("engine", ["processes", pytest.param("ray", marks=pytest.mark.slow)])
def test_one_worker_two_workers_and_ray_run_the_same_trials(
    told: Told, ended: list[Row], engine: str, request: pytest.FixtureRequest
) -> None:
    if engine == "ray":
        request.getfixturevalue("one_cluster")
    tune(replace(RUN, name="two", engine=EngineOptions(engine=engine, workers=2)), told)
    assert told_of("two") == told_of("toy")


def test_without_finals_the_search_is_what_it_was(told: Told, ended: list[Row]) -> None:
    tune(replace(RUN, name="off", changes={**CHANGES, "finals": "off"}), told)
    off = rows("off")
    assert [row.repeat_of for row in off] == [None] * 12
    first = [(row.arguments, row.seed, row.value) for row in ended[:6]]
    assert [(row.arguments, row.seed, row.value) for row in off[:6]] == first


def test_the_model_of_the_leader_and_of_each_baseline_can_be_played(ended: list[Row]) -> None:
    reader = open_study("toy", None)
    leader = best(reader.rows)
    assert leader is not None
    for row in (leader, *(row for row in reader.rows if row.role and row.repeat_of is None)):
        assert reader.model(reader.run_with_model(row).number)
    found = configurations(reader.rows)
    tuned = next(one.first for one in found if one.first.role is None)
    assert reader.run_with_model(tuned).label == tuned.label
    assert reader.model(reader.run_with_model(tuned).number)


def test_every_command_means_the_leader(tuner: Tuner, ended: list[Row]) -> None:
    leader = best(ended)
    assert leader is not None
    status = json.loads(tuner("status toy --json").out)
    assert status["best"]["number"] == leader.number
    assert status["finals"]["lines"][0]["name"] == leader.label
    assert len(status["finals"]["lines"][0]["values"]) == len([row for row in ended if row.label == leader.label])
    assert json.loads(tuner("show --study toy --json").out)["number"] == leader.number
    exported = json.loads(tuner("export toy --format json").out)
    assert exported["provenance"]["trial"] == leader.number
    page = tuner("report toy --format md").out
    assert leader.label in page
    assert "its seeds chose the leader" in page
    seeds = len([row for row in ended if row.label == leader.label])
    assert f"study's best: {seeds} training seeds, not confirmed" in " ".join(tuner("export toy").err.split())


def test_the_end_of_a_run_says_the_leader_seed_by_seed(tuner: Tuner, ended: list[Row]) -> None:
    said = tuner("status toy").out
    leader = best(ended)
    assert leader is not None
    assert re.search(
        rf"^success +by training seed +mean, 95 % *\n{leader.label} \(leader\)  (\d+% )+", said, re.MULTILINE
    )
    assert "Its seeds helped to choose it" in said
    assert "Highest score of a single trial" in said
    assert "lucky seed is possible" not in said


def test_a_confirmation_after_finals_needs_the_test_alone(tuner: Tuner, ended: list[Row]) -> None:
    found = json.loads(tuner("confirm toy --seeds 2 --engine inline --json").out)
    tuned = next(one.first.label for one in configurations(ended) if one.first.role is None)
    assert [arm["name"] for arm in found["arms"]] == [tuned, "current", "proposed"]
    assert all(arm["validation"] == [] for arm in found["arms"])
    assert found["runs"] == {"done": 6, "planned": 6}


def test_the_progress_names_what_is_repeated(tuner: Tuner, toy_study: Path) -> None:
    said = tuner("run toy.yaml --trials 12 --finals 0.5 --engine inline")
    assert said.code == 0
    assert re.search(r"trial \d+ \(repeat of (trial \d|current|proposed)\) score", said.err)


@pytest.mark.parametrize("text", ["0.6", "-1", "nan", "half", "", "1e999"])
def test_an_impossible_share_is_one_line(tuner: Tuner, toy_study: Path, text: str) -> None:
    said = tuner(f"run toy.yaml --finals={text}")
    assert said.code == 2
    assert said.err.strip() == (f"tuner: --finals {text!r}: must be off, auto or a share from 0 to 0.5, such as 0.15")


@pytest.mark.parametrize("value", [0.7, "half", [1], True, -0.1])
def test_an_impossible_share_in_a_file_is_one_line(tuner: Tuner, tmp_path: Path, value: Any) -> None:
    write_study(tmp_path, finals=value)
    said = tuner("run toy.yaml --trials 4")
    assert said.code == 2
    assert "toy.yaml: finals" in said.err
    assert len(said.err.strip().splitlines()) == 1


def test_finals_may_change_between_runs_of_a_study(told: Told, ended: list[Row]) -> None:
    tune(replace(RUN, changes={**CHANGES, "trials": 14, "finals": "off"}), told)
    assert [row.repeat_of for row in rows()[12:]] == [None, None]


def test_another_space_makes_a_study_of_its_own_name(tuner: Tuner, toy_study: Path, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text((tmp_path / "toy_space.yaml").read_text().replace("0.01", "0.005"))
    for _ in range(2):
        assert tuner("run toy.yaml --trials 3 --engine inline --space other.yaml").code == 0
    assert tuner("run toy.yaml --trials 3 --engine inline").code == 0
    assert [len(rows(name)) for name in ("toy", "toy-other")] == [3, 3]
