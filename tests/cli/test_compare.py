"""`tuner compare` as it is typed, with seconds of real training."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import Tuner, write_study

from tuner.app.compare import CompareRequest, chosen, contender
from tuner.app.engine_options import EngineOptions
from tuner.app.resolve import storage_url
from tuner.app.status import read_status
from tuner.comparison import comparison_plan
from tuner.errors import EnvironmentUnusable

SECONDS = "--minutes 0.01 --engine inline"


@pytest.fixture(autouse=True)
def _few_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison_plan, "POINTS", 3)
    monkeypatch.setattr(comparison_plan, "PROBE_STEPS", 32)


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """A study whose PPO baseline makes short rollouts."""
    return write_study(tmp_path, timesteps=16384, goals={"early": 1, "late": 1})


def test_the_same_time_for_two_algorithms(tuner: Tuner, quick: Path, tmp_path: Path) -> None:
    said = tuner(f"compare {quick} --algorithms ppo,a2c {SECONDS} --html compare.html")
    assert said.code == 0, said.err
    assert "ppo: baseline current of study 'toy'" in said.err
    assert "2 runs of 0.01 minutes, 1 side by side" in said.err
    assert re.search("a2c, seed 1: (time is up|has made all its steps)", said.err)  # by how busy the machine is
    for words in ("algorithm", "steps/s", "baseline current", "Stable-Baselines3's defaults", "One seed each"):
        assert words in said.out
    assert (tmp_path / "compare.html").read_text().count('class="plot"') == 2
    assert not (tmp_path / "studies").exists()


def test_json_holds_every_point(tuner: Tuner, quick: Path) -> None:
    said = tuner(f"compare {quick} --algorithms ppo --seeds 2 {SECONDS} --json")
    assert said.code == 0, said.err
    data = json.loads(said.out)
    assert [(run["algorithm"], run["seed"], run["state"]) for run in data["runs"]] == [
        ("ppo", 1, "done"),
        ("ppo", 2, "done"),
    ]
    for run in data["runs"]:
        assert run["points"][-1]["seconds"] >= 0.6
        steps = [point["step"] for point in run["points"]]
        assert steps == sorted(set(steps))
        assert {step % 32 for step in steps} == {0}


def asked(study: Path | str, **changes: Any) -> CompareRequest:
    return CompareRequest(study=str(study), engine=EngineOptions(engine="inline"), **changes)


def test_without_a_choice_all_that_can_act_take_part(quick: Path, tmp_path: Path) -> None:
    url = storage_url(None)
    assert chosen(asked(quick), url) == ("ppo", "a2c", "sac", "td3")
    assert chosen(asked(quick, environment="CartPole-v1"), url) == ("ppo", "a2c", "dqn")
    with pytest.raises(EnvironmentUnusable, match=r"use ppo, a2c, sac or td3 \(--algorithms\)"):
        chosen(asked(quick, algorithms=("ppo", "dqn")), url)
    with pytest.raises(EnvironmentUnusable, match="no algorithm can act in the Dict space"):
        chosen(asked(quick, environment="tuner_toys:ToyDictionary-v0"), url)


def test_the_best_of_a_study_takes_part_where_there_is_one(finished: Path) -> None:
    best = read_status("toy", None).summary.best
    one, spec = contender(asked(finished), storage_url(None), "ppo")
    assert best is not None
    assert one.params == best.arguments
    assert one.source.startswith("the best of study 'toy', ")
    assert spec.algorithm == "ppo"


def test_a_study_of_another_environment_lends_nothing(finished: Path) -> None:
    one, spec = contender(asked(finished, environment="tuner_toys:ToyPlain-v0"), storage_url(None), "ppo")
    assert spec.name == "toy-ToyPlain-v0"
    assert one.source == "baseline current of study 'toy-ToyPlain-v0'"


def test_td3_begins_with_the_noise_that_it_explores_by() -> None:
    one, _ = contender(asked("reach"), storage_url(None), "td3")
    assert one.params["noise_std"] == 0.1
    assert one.source == (
        "Stable-Baselines3's defaults with gradient_steps -1, noise_type normal, noise_std 0.1, net_arch [64, 64]"
    )


def test_an_environment_that_raises_ends_it_before_the_first_run(tuner: Tuner, tmp_path: Path) -> None:
    environment = {"id": "tuner_toys:ToyClosing-v0"}
    path = write_study(tmp_path, timesteps=16384, environment=environment)
    said = tuner(f"compare {path} --algorithms ppo {SECONDS}")
    assert said.code == 1
    assert "the gripper is stuck" in said.err


def test_ctrl_c_prints_what_there_is(tuner: Tuner, quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tuner.app.tallies import ComparisonTally

    def finished(self: ComparisonTally, *args: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(ComparisonTally, "finished", finished)
    said = tuner(f"compare {quick} --algorithms ppo,a2c {SECONDS}")
    assert said.code == 130
    assert "Stopped. This is what there is:" in said.err
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
