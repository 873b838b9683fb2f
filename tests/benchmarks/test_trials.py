"""Long runs on separate training and evaluation seeds."""

import bench_fresh
import bench_pick_place
import pytest

from tuner import seeds
from tuner.config.load import find, load_study
from tuner.records import Evaluation
from tuner.study.rows import Row


def row(number: int, value: float | None, role: str | None = None) -> Row:
    nothing = dict.fromkeys(("success", "seed", "seconds", "episode_length"))
    return Row(
        number=number, state="complete", role=role, value=value, milestones={}, arguments={}, params={}, steps=0,
        attributes={}, **nothing,
    )  # fmt: skip


def test_the_best_tuned_trial_is_compared_even_if_a_baseline_won() -> None:
    rows = [row(0, 0.9, "baseline:current"), row(1, None, "baseline:proposed"), row(2, 0.5), row(3, 0.7)]
    assert {name: found.number for name, found in bench_fresh.configurations(rows).items()} == {
        "tuned": 3,
        "current": 0,
    }


def test_every_configuration_has_the_same_new_training_and_evaluation_seeds() -> None:
    spec = load_study(find("studies", "reach"))
    jobs = bench_fresh.jobs(spec, {"tuned": {"gamma": 0.9}, "current": {"gamma": 0.99}}, 2, 30)
    assert [(job.seed - seeds.TEST, job.params["gamma"]) for job in jobs] == [(0, 0.9), (0, 0.99), (1, 0.9), (1, 0.99)]
    assert {job.first_goal for job in jobs} == {seeds.TEST_GOALS}
    assert {job.checkpoints[-1].goals for job in jobs} == {30}
    assert [job.number for job in jobs] == [0, 1, 2, 3]


def test_means_are_held_against_the_first_baseline() -> None:
    found = bench_fresh.report(["tuned", "current"], {"tuned": [1.0, 0.9], "current": [0.5, 0.6]})
    assert [line["above the first baseline"] for line in found] == ["+0.400", "+0.000"]
    assert found[0]["success by seed"] == "100% 90%"


def test_both_sides_of_pick_and_place_share_their_seeds() -> None:
    jobs = bench_pick_place.jobs(load_study(find("studies", "pick_place")), 100_000, 2)
    assert [job.seed for job in jobs] == [seeds.TEST, seeds.TEST, seeds.TEST + 1, seeds.TEST + 1]
    assert [job.curriculum is None for job in jobs] == [False, True, False, True]
    assert jobs[0].params == jobs[1].params == bench_pick_place.TUNED
    assert [checkpoint.goals for checkpoint in jobs[0].checkpoints] == [50] * 9 + [100]


def test_a_curve_shows_milestones_and_difficulty() -> None:
    seen = Evaluation(
        index=0, step=10, score=0.0, success=0.25, distance=None, mean_return=0.0, mean_length=1.0, timeout_share=0.0,
        seconds=1.0, evaluation_seconds=0.1, health={}, milestones={"grasped": 0.5}, difficulty=0.3,
    )  # fmt: skip
    assert bench_pick_place.point(seen) == {"step": 10, "difficulty": "0.3", "grasped": "50%", "success": "25%"}


@pytest.mark.parametrize("name", ["n_steps", "learning_rate", "log_std_init"])
def test_the_studys_best_configuration_is_in_its_space(name: str) -> None:
    low, high = load_study(find("studies", "pick_place")).space.parameters[name].bounds
    assert low <= bench_pick_place.TUNED[name] <= high
