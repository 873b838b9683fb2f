"""`tuner compare` as it is typed: what is printed, exit codes, what is refused."""

import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from conftest import Tuner, make_job
from driving import EVALUATION
from use_cases import StandIn

from tuner.app.compare import CompareResult
from tuner.app.comparison_tally import ComparisonTally
from tuner.app.notify import ComparisonUnderWay
from tuner.comparison.comparison_records import Comparison

SECONDS = "--minutes 0.01 --engine inline"


pytestmark = pytest.mark.usefixtures("few_points")


def test_the_same_time_for_two_algorithms(tuner: Tuner, quick: Path, tmp_path: Path) -> None:
    said = tuner(f"compare {quick} --algorithms ppo,a2c {SECONDS} --html compare.html")
    assert said.code == 0, said.err
    assert "ppo: baseline current of study 'toy'" in said.err
    assert "2 runs of 0.01 minutes, 1 in parallel" in said.err
    assert re.search("a2c, seed 1: (time is up|has made all its steps)", said.err)  # by how busy the machine is
    for words in ("algorithm", "steps/s", "baseline current", "Stable-Baselines3's defaults", "One seed each"):
        assert words in said.out
    assert (tmp_path / "compare.html").read_text().count('class="plot"') == 2
    assert not (tmp_path / "studies").exists()


def test_json_is_what_came_of_it(tuner: Tuner, stand_in: StandIn) -> None:
    nothing = Comparison(study="toy", environment="X-v0", minutes=1.0, seeds=1, goals=1, arms=(), runs=())
    stand_in("tuner.app.compare.compare", CompareResult(comparison=nothing))
    said = tuner("compare --json")
    assert said.code == 1  # no run did its time
    assert json.loads(said.out) == json.loads(json.dumps(nothing.data()))


def test_ctrl_c_before_the_first_run_has_its_exit_code(tuner: Tuner, stand_in: StandIn) -> None:
    stand_in("tuner.app.compare.compare", CompareResult(comparison=None, interrupted=True))
    said = tuner("compare --json")
    assert (said.code, said.out) == (130, "")


def test_ctrl_c_prints_what_there_is(tuner: Tuner, quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def finished(self: ComparisonTally, *args: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(ComparisonTally, "finished", finished)
    said = tuner(f"compare {quick} --algorithms ppo,a2c {SECONDS}")
    assert said.code == 130
    assert "Stopped. Results so far:" in said.err
    assert "1 of 2 runs did not begin." in said.out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--algorithms ppo,sacc", "--algorithms ppo,sacc: unknown 'sacc', did you mean 'sac'?"),
        ("--algorithms ppo,ppo", "ppo stands twice"),
        ("--algorithms ''", "unknown ''"),
        ("--minutes 0", "--minutes 0: must be greater than 0"),
        ("--minutes nan", "--minutes nan: must be greater than 0"),
        ("--seeds 0", "--seeds 0: must be at least 1"),
        ("--html nowhere/x.html", "there is no folder nowhere"),
        ("--engine ray", "compared on one machine"),
        ("--engine dask", "must be one of processes, inline"),
        ("rech", "did you mean 'reach'"),
        ("--env RoArmRech-v0", "did you mean 'RoArmReach-v0'"),
    ],
)
def test_usage_is_refused_in_a_line(tuner: Tuner, tmp_path: Path, line: str, words: str) -> None:
    said = tuner(f"compare {line}")
    assert said.code == 2
    assert words in said.err
    assert len(said.err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_run_is_told_of_every_ten_seconds_at_most() -> None:
    source = SimpleNamespace(seed=lambda job: 1, runs=[])
    tally = ComparisonTally(ComparisonUnderWay(source=cast(Any, source), seconds=60.0))
    job = make_job(number=3)
    assert tally.started(job) == "ppo, seed 1: begins"
    said = [
        tally.evaluated(3, replace(EVALUATION, step=int(100 * at), seconds=at, evaluation_seconds=0.0, success=success))
        for at, success in ((3.0, 0.5), (9.0, 0.5), (10.0, 0.5), (12.0, 0.5), (31.0, None))
    ]
    assert [bool(line) for line in said] == [False, False, True, False, True]
    assert said[2].startswith("ppo, seed 1: 1,000 steps, 10 of 60 s: success 50%, return ")
    assert said[4].startswith("ppo, seed 1: 3,100 steps, 31 of 60 s: return ")
    assert tally.bars()[0].text == said[4].rpartition(": ")[2]  # the bar is of the last
