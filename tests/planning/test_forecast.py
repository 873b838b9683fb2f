"""The estimate of a dry run: corners of the space; nothing is written."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Tuner, write_study
from planning.test_estimate import Clock

from tuner.config.load import find, load_study
from tuner.planning.estimate import corners
from tuner.planning.forecast import forecast


@pytest.mark.parametrize(
    ("space", "values"),
    [
        ("ppo_guide", [{"batch_size": 32}, {"batch_size": 512}]),
        ("ppo_full", [{"batch_size": b, "n_epochs": e} for b in (32, 512) for e in (3, 30)]),
    ],
)
def test_the_corners_are_of_what_costs_time(space: str, values: list[dict[str, Any]]) -> None:
    spec = load_study(find("studies", "reach"), changes={"space": space})
    found = corners(spec)
    assert [corner.values for corner in found] == values
    for corner in found:
        assert corner.params["n_steps"] >= corner.params["batch_size"]
        assert corner.steps % corner.params["batch_size"] == 0


def test_more_minibatches_cost_more(tmp_path: Path) -> None:
    spec = load_study(find("studies", str(write_study(tmp_path))))
    found = forecast(Clock(per_step=0.001, per_minibatch=0.01), spec, 10)
    assert [corner.values for corner in found.corners] == [{"batch_size": 32}, {"batch_size": 4}]  # cheapest first
    for corner in found.corners:
        training = 384 * 0.001 + 384 / corner.values["batch_size"] * 0.01
        assert corner.seconds == pytest.approx(training, rel=0.02)  # evaluations take no time here
    assert found.minutes <= found.minutes_unpruned == pytest.approx(10 * found.trial_seconds / 60)
    assert found.saved == pytest.approx(1 - found.minutes / found.minutes_unpruned)


def test_a_dry_run_tells_what_it_would_take_and_writes_nothing(tuner: Tuner, toy_study: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    said = tuner(f"run {toy_study} --engine inline --skip-check --dry-run")
    assert said.code == 0, said.err
    for words in ("batch_size 4", "a typical point", "4 trials on 1 worker: about a minute", "Nothing was written."):
        assert words in said.out
    assert sorted(tmp_path.rglob("*")) == before
    data = json.loads(tuner(f"run {toy_study} --engine inline --skip-check --dry-run --json").out)
    assert (data["trials"], data["workers"], data["timesteps"]) == (4, 1, 384)
    assert data["disk_bytes"] > 4 * 1000


def test_a_dry_run_counts_what_is_missing_and_says_what_would_be_refused(
    tuner: Tuner, finished: Path, tmp_path: Path
) -> None:
    said = tuner(f"run {finished} --engine inline --trials 7 --dry-run")
    assert said.code == 0, said.err
    assert "3 trials on 1 worker" in said.out
    write_study(tmp_path, timesteps=768)
    said = tuner(f"run {finished} --engine inline --dry-run")
    assert "This run would be refused: the stored study 'toy' has a different configuration: timesteps" in said.err
