"""`tuner run` with a study in stages: what is printed, and what `--json` holds."""

import json
from pathlib import Path

from conftest import Tuner
from use_cases import INLINE, StandIn

from tuner.app.notify import SilentNotifier
from tuner.app.resolve import storage_url
from tuner.app.tune import TuneRequest, TuneResult, announced

RUN = "run toy.yaml --engine inline --trials 3 --sampler random --seed 1"


def test_the_answer_is_told_stage_by_stage(tuner: Tuner, chained: Path) -> None:
    said = tuner(RUN)
    assert said.code == 0, said.err
    assert said.err.count("Nothing to do") == 2
    assert "Stage 1 of 2: learning_rate, in study 'toy-1-learning_rate'" in said.err
    assert "2 of 2 stages finished" in said.out
    assert "tuner export toy-2-n_steps -o best.yml" in said.out


def test_json_holds_every_stage(tuner: Tuner, chained: Path) -> None:
    said = tuner(f"{RUN} --json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert found["study"] == "toy"
    assert [(stage["study"], stage["finished"]) for stage in found["stages"]] == [
        ("toy-1-learning_rate", 3),
        ("toy-2-n_steps", 3),
    ]
    first, second = (stage["best"]["arguments"] for stage in found["stages"])
    assert second["learning_rate"] == first["learning_rate"]
    assert [row["role"] for row in found["stages"][1]["baselines"]] == ["baseline:before"]


def test_a_chain_without_its_stages_name_is_refused_in_a_line(tuner: Tuner, chained: Path) -> None:
    said = tuner("status toy")
    assert said.code == 2
    assert len(said.err.splitlines()) == 1
    assert "name one: toy-1-learning_rate, toy-2-n_steps" in said.err


def test_ctrl_c_before_the_first_stage_has_ended_says_so_as_json(
    tuner: Tuner, chained: Path, stand_in: StandIn
) -> None:
    request = TuneRequest(study="toy.yaml", engine=INLINE, changes={"trials": 3})
    url = storage_url(None)
    spec = announced(request, url, SilentNotifier())
    stand_in("tuner.app.tune.tune", TuneResult(spec=spec, url=url, summaries=(), interrupted=True))
    said = tuner(f"{RUN} --json")
    assert said.code == 130
    assert json.loads(said.out) == {"study": "toy", "stages": []}


def test_ctrl_c_before_anything_is_written_prints_nothing(tuner: Tuner, toy_study: Path, stand_in: StandIn) -> None:
    spec = announced(TuneRequest(study="toy.yaml"), storage_url(None), SilentNotifier())
    stand_in("tuner.app.tune.tune", TuneResult(spec=spec, url=storage_url(None), summaries=(), interrupted=True))
    for line in ("run toy.yaml", "run toy.yaml --json"):
        said = tuner(line)
        assert (said.code, said.out) == (130, "")
