"""Comparing algorithms: who takes part, with what, and seconds of real training."""

from pathlib import Path
from typing import Any

import pytest
from conftest import write_study
from use_cases import INLINE, Told

from tuner.app import events
from tuner.app.compare import CompareRequest, chosen, compare, contender
from tuner.app.resolve import storage_url
from tuner.app.status import read_status
from tuner.comparison import comparison_plan
from tuner.errors import EnvironmentFailed, EnvironmentUnusable
from tuner.records import TrialOutcome

SECONDS: dict[str, Any] = {"minutes": 0.01}


pytestmark = pytest.mark.usefixtures("few_points")


def asked(study: Path | str, **changes: Any) -> CompareRequest:
    return CompareRequest(study=str(study), engine=INLINE, **changes)


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
    assert one.source == "baseline current"  # no study is called toy-ToyPlain-v0


def test_td3_begins_with_the_noise_that_it_explores_by() -> None:
    one, _ = contender(asked("reach"), storage_url(None), "td3")
    assert one.params["noise_std"] == 0.1
    assert one.source == (
        "Stable-Baselines3's defaults with gradient_steps -1, noise_type normal, noise_std 0.1, net_arch [64, 64]"
    )


def test_a_short_study_is_compared_with_what_begins_to_learn_late(quick: Path) -> None:
    one, spec = contender(asked("smoke"), storage_url(None), "sac")
    assert one.algorithm == "sac"
    assert spec.timesteps >= 10_000
    changes: dict[str, Any] = {"timesteps": 384}
    short = write_study(quick.parent, "short", **changes)
    assert contender(asked(short), storage_url(None), "td3")[0].source.startswith("Stable-Baselines3's defaults")


def test_one_scale_is_decided_for_all(told: Told, quick: Path) -> None:
    for environment, success in ((None, True), ("tuner_toys:ToyPlain-v0", False), ("odd_toys:NullWhenFalse", True)):
        request = asked(quick, environment=environment, algorithms=("ppo", "a2c"), **SECONDS)
        comparison = compare(request, told).comparison
        assert comparison is not None
        points = [point for run in comparison.runs for point in run.points]
        assert points
        assert all((point.success is not None) == success for point in points), environment


def test_every_run_has_its_points(told: Told, quick: Path) -> None:
    found = compare(asked(quick, algorithms=("ppo",), seeds=2, **SECONDS), told)
    assert found.comparison is not None
    assert [(run.algorithm, run.seed, run.state) for run in found.comparison.runs] == [
        ("ppo", 1, "done"),
        ("ppo", 2, "done"),
    ]
    for run in found.comparison.runs:
        assert run.points[-1].seconds >= 0.6
        steps = [point.step for point in run.points]
        assert steps == sorted(set(steps))
        assert {step % 32 for step in steps} == {0}


def test_the_page_is_written_and_nothing_else(told: Told, quick: Path, tmp_path: Path) -> None:
    page = tmp_path / "compare.html"
    found = compare(asked(quick, algorithms=("ppo", "a2c"), html=page, **SECONDS), told)
    assert found.comparison is not None
    assert [one.contender.source for one in told.of(events.ContenderAnnounced)] == [
        "baseline current of study 'toy'",
        found.comparison.arms[1].source,
    ]
    assert [(one.runs, one.workers) for one in told.of(events.ComparisonEstimated)] == [(2, 1)]
    assert page.read_text().count('class="plot"') == 2
    assert not (tmp_path / "studies").exists()


def test_an_environment_that_raises_ends_it_before_the_first_run(told: Told, tmp_path: Path) -> None:
    path = write_study(tmp_path, timesteps=16384, environment={"id": "tuner_toys:ToyClosing-v0"})
    with pytest.raises(EnvironmentFailed, match="the gripper is stuck"):
        compare(asked(path, algorithms=("ppo",), **SECONDS), told)
    assert told.of(events.ComparisonEstimated) == []


def test_ctrl_c_leaves_what_there_is(told: Told, quick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = comparison_plan.ComparisonSource.on_outcome

    def finished(source: comparison_plan.ComparisonSource, number: int, outcome: TrialOutcome) -> None:
        own(source, number, outcome)
        raise KeyboardInterrupt

    monkeypatch.setattr(comparison_plan.ComparisonSource, "on_outcome", finished)
    found = compare(asked(quick, algorithms=("ppo", "a2c"), **SECONDS), told)
    assert found.interrupted
    assert found.comparison is not None
    assert len(found.comparison.runs) == 1
    assert told.of(events.Interrupted) == [events.Interrupted(what="comparison", kept=True)]
