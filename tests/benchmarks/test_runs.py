"""Whole runs are counted correctly: in toy studies, the counts agree with the database."""

import json
import subprocess
import sys
from pathlib import Path

import bench_study
import pytest
import runs
import yaml
from conftest import write_study

from tuner.config.load import find, load_study


@pytest.mark.slow
def test_a_run_of_tuner_is_counted(tmp_path: Path) -> None:
    study = yaml.safe_load(write_study(tmp_path, trials=2, pruner="none").read_text())
    study["space"] = str(tmp_path / "toy_space.yaml")
    run = runs.run_tuner(tmp_path, [study], workers=1, limit=120.0)
    assert (run.finished, run.pruned, run.cut_off) == (2, 0, False)
    assert run.training == 2 * 384
    assert 2 * 21 <= run.evaluation <= 2 * 21 * 8  # 3 + 3 + 3 + 4 + 4 + 4 evaluation episodes of 1 to 8 steps


@pytest.mark.slow
def test_a_run_that_takes_too_long_is_cut_off(tmp_path: Path) -> None:
    study = yaml.safe_load(write_study(tmp_path, timesteps=64_000_000, pruner="none").read_text())
    study["space"] = str(tmp_path / "toy_space.yaml")
    run = runs.run_tuner(tmp_path, [study], workers=1, limit=8.0)
    assert (run.finished, run.cut_off) == (0, True)


def test_a_command_that_fails_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no_such"):
        runs.run_tuner(tmp_path, [{"no_such": 1}], workers=1, limit=60.0)


def test_counts_are_written_however_it_ends(tmp_path: Path) -> None:
    counts = tmp_path / "counts.json"
    command = [sys.executable, str(runs.COUNTED), str(counts), "tuner", "run", "nothing_of_that_name"]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 2
    assert json.loads(counts.read_text()) == {"training": 0, "evaluation": 0}


def test_the_given_configurations_make_a_study(tmp_path: Path) -> None:
    given = bench_study.configurations(4)
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(bench_study.study(3 * bench_study.UNIT, 4, given)))
    spec = load_study(find("studies", str(path)))
    assert spec.timesteps == 3 * bench_study.UNIT
    assert [*spec.baselines.values()] == given
    assert all(one["batch_size"] < one["n_steps"] for one in given)
    assert bench_study.configurations(4) == given
