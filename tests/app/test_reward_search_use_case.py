"""A study that searches a reward's weight: what trials train in, what is exported, trained, played and confirmed."""

import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import SPACE, Tuner, write_study
from use_cases import INLINE, Told, working_in

from tuner.app.play import PlayRequest, cast
from tuner.app.resolve import open_study
from tuner.app.tune import TuneRequest, tune
from tuner.study.rows import Row

WEIGHT = {"type": "float", "low": 0.5, "high": 20.0, "scale": "log", "target": "environment"}
PLACE = {"id": "weighted_toys:Weighted", "kwargs": {"weight": 2.0}}
UNTOLD = {"weight": 2.0, "told": False}
SHORT = "--engine inline --sampler random --seed 3"


def write(folder: Path, name: str = "toy", *, weight: Any = WEIGHT, **changes: Any) -> Path:
    path = write_study(folder, name, **{"environment": PLACE, "objective": "info:weight", **changes})
    space = {**SPACE, "parameters": {**SPACE["parameters"], "weight": weight}}
    (folder / "toy_space.yaml").write_text(yaml.safe_dump(space))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose scores are the weight that evaluation saw, which ran once."""
    made = tmp_path_factory.mktemp("weighted")
    write(made)
    with working_in(made):
        tune(TuneRequest(study="toy.yaml", engine=INLINE, changes={"sampler": "random", "seed": 3}), Told())
    return made


@pytest.fixture
def inside(folder: Path) -> Iterator[Path]:
    with working_in(folder):
        yield folder


def rows() -> list[Row]:
    return open_study("toy", None).rows


def test_every_trial_is_evaluated_with_its_own_weight(inside: Path) -> None:
    complete = [row for row in rows() if row.value is not None]
    assert [row.value for row in complete] == pytest.approx([row.arguments["weight"] for row in complete])
    assert [row.arguments["weight"] for row in rows()][:2] == [2.0, 2.0]
    assert len({row.arguments["weight"] for row in rows()}) > 2


def test_the_algorithm_does_not_get_it(inside: Path) -> None:
    assert all("weight" not in row.attributes["arguments"] for row in rows() if row.value is not None)


def best_tuned() -> Row:
    return next(row for row in rows() if row.role is None and row.value is not None)


def test_every_export_trains_in_the_trials_environment(inside: Path, tuner: Tuner) -> None:
    row = best_tuned()
    weight = row.arguments["weight"]
    assert tuner(f"export toy --trial {row.number} -o best.yml").code == 0
    assert tuner(f"export toy --trial {row.number} --format json -o best.json").code == 0
    assert tuner(f"export toy --trial {row.number} --format sb3 -o train.py").code == 0
    for data in (yaml.safe_load(Path("best.yml").read_text()), json.loads(Path("best.json").read_text())):
        block = data["Weighted-v0"]
        assert (block["env_kwargs"], "weight" in block) == ({"weight": weight}, False)
    assert f"env_kwargs={{'weight': {weight!r}}}" in Path("train.py").read_text()
    assert callable(runpy.run_path("train.py")["main"])


def test_an_export_repeats_the_trial_and_a_changed_weight_is_said(inside: Path, tuner: Tuner) -> None:
    row = best_tuned()
    assert tuner(f"export toy --trial {row.number} -o best.yml").code == 0
    said = tuner("train best.yml --engine inline -o same")
    assert (said.code, "The curve is the trial's, bit for bit" in said.out) == (0, True)
    data = yaml.safe_load(Path("best.yml").read_text())
    data["Weighted-v0"]["env_kwargs"]["weight"] = 7.0
    Path("edited.yml").write_text(yaml.safe_dump(data))
    said = tuner("train edited.yml --engine inline -o edited --json")
    assert "Changed since the export, so this is not the trial any more: weight" in said.err
    assert json.loads(said.out)["final"]["mean"] == 7.0


def test_a_trial_is_played_in_its_environment(inside: Path) -> None:
    row = best_tuned()
    kept = next(one for one in rows() if one.role == "baseline:current")
    assert cast(PlayRequest(study="toy", trial=kept.number, output=Path("a.mp4"))).ref.kwargs == {"weight": 2.0}
    own, given = (
        cast(PlayRequest(study="toy", trial=row.number, output=Path("a.mp4"), kwargs=kwargs)).ref.kwargs
        for kwargs in ({}, {"weight": 3.0})
    )
    assert (own, given) == ({"weight": row.arguments["weight"]}, {"weight": 3.0})


def test_a_confirmation_tests_each_configuration_in_its_own(inside: Path, tuner: Tuner) -> None:
    said = tuner("confirm toy --seeds 1 --top 1 --engine inline --json")
    data = json.loads(said.out)
    assert (said.code, data["measure"]) == (0, "score")
    for arm in data["arms"]:
        assert [*arm["validation"], *arm["test"]] == pytest.approx(
            [arm["arguments"]["weight"]] * len([*arm["validation"], *arm["test"]])
        )


def test_its_file_and_its_study_are_baselines_of_another(inside: Path, tuner: Tuner) -> None:
    row = best_tuned()
    assert tuner(f"export toy --trial {row.number} -o best.yml").code == 0
    assert tuner(f"run toy.yaml --name other --baseline best.yml --trials 3 {SHORT}").code == 0
    taken = next(one for one in open_study("other", None).rows if one.role == "baseline:best")
    assert taken.arguments["weight"] == row.arguments["weight"]
    write(inside, "fixed", objective="success", space="plain.yaml")
    Path("plain.yaml").write_text(yaml.safe_dump(SPACE))
    said = tuner(f"run fixed.yaml --from toy --trials 3 {SHORT}")
    assert (said.code, "give --env-kwargs weight=" in said.err) == (2, True)
    leader = open_study("toy", None).rows
    best = max((one for one in leader if one.value is not None), key=lambda one: one.value or 0.0)
    option = f"--env-kwargs weight={best.arguments['weight']!r}"
    assert tuner(f"run fixed.yaml --from toy --trials 3 {option} {SHORT}").code == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"objective": "info:enrgy"},
            "info['enrgy'] is missing at an episode's end; numbers there: distance, energy",
        ),
        ({"objective": "info:name"}, "info['name'] is 'toy' at an episode's end"),
        (
            {"environment": {**PLACE, "kwargs": {"weight": 2.0, "told": False}}, "objective": "success"},
            "tells no success",
        ),
        ({"weight": {**WEIGHT, "high": 99.0}}, "cannot be made with {'weight': 99.0}: weight: 99 must be at most 50"),
        ({"environment": {"id": "tuner_toys:ToyLine-v0", "kwargs": {"weight": 2.0}}}, "has no option 'weight'"),
    ],
    ids=["a missing entry", "a word", "returns", "a range too wide", "an unknown name"],
)
def test_it_is_refused_before_the_first_trial(tmp_path: Path, tuner: Tuner, changes: Any, said: str) -> None:
    write(tmp_path, **changes)
    found = tuner(f"run toy.yaml {SHORT}")
    assert (found.code in (1, 2), said in found.err.splitlines()[-1]) == (True, True)
    assert not Path("studies/tuner.db").exists()


def test_less_of_an_entry_is_better_where_the_study_says_so(tmp_path: Path, tuner: Tuner) -> None:
    write(tmp_path, objective={"metric": "info:weight", "direction": "minimize"})
    said = tuner(f"run toy.yaml --trials 5 --finals off {SHORT}")
    assert "Score: minus info['weight'] at an episode's end (the lower the entry, the better)" in said.err
    found = [row for row in rows() if row.value is not None]
    assert [row.value for row in found] == pytest.approx([-row.arguments["weight"] for row in found])
    shown = tuner("show --study toy").out
    assert "Score over steps" in shown
    assert "objective     minus info['weight']" in shown
