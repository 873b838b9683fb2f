"""Evaluations in an environment with other arguments: in trials, confirmation, final training and play."""

from pathlib import Path
from typing import Any

import pytest
from conftest import Tuner, make_job, write_study

from tuner.app.play import PlayRequest, cast
from tuner.app.resolve import open_study
from tuner.records import Decision, EnvironmentRef, Evaluation, TrialJob
from tuner.trial import run_trial

RUN = "--trials 1 --engine inline --skip-check --sampler random --seed 1"
NEAR: dict[str, Any] = {"environment": {"reach": 0.01}}  # goals that no one can miss


def evaluations(job: TrialJob) -> list[Evaluation]:
    seen: list[Evaluation] = []

    def report(evaluation: Evaluation) -> Decision:
        seen.append(evaluation)
        return Decision(go_on=True)

    assert run_trial(job, report).state == "completed"
    return seen


def test_episodes_have_its_arguments_and_training_does_not() -> None:
    wide = EnvironmentRef(id="wrapped_toys:Wide")
    usual = evaluations(make_job(environment=wide))[-1]
    near = evaluations(make_job(environment=wide, evaluation_kwargs={"reach": 0.01}))[-1]
    assert usual.success != 1.0
    assert near.success == 1.0
    assert near.health == usual.health  # training was the same


def test_a_study_is_scored_and_confirmed_trained_and_played_there(tuner: Tuner, tmp_path: Path) -> None:
    environment = {"id": "wrapped_toys:Wide"}
    path = write_study(tmp_path, environment=environment, evaluation=NEAR, baselines={})
    assert tuner(f"run {path} {RUN}").code == 0
    [row] = open_study("toy", None).rows
    assert row.success == 1.0
    said = tuner("confirm toy --seeds 2 --engine inline")
    assert said.code == 0, said.err
    assert "100%" in said.out
    assert tuner("export toy -o best.yml").code == 0
    said = tuner("train best.yml --engine inline")
    assert "Success of the best model over 100 fresh episodes: 100%" in said.err + said.out
    assert cast(PlayRequest(study="toy")).ref.kwargs == {"reach": 0.01}
    assert cast(PlayRequest(study="toy", kwargs={"reach": 0.5})).ref.kwargs == {"reach": 0.5}


def test_other_arguments_are_another_study(tuner: Tuner, tmp_path: Path) -> None:
    environment = {"id": "wrapped_toys:Wide"}
    assert tuner(f"run {write_study(tmp_path, environment=environment, baselines={})} {RUN}").code == 0
    path = write_study(tmp_path, environment=environment, evaluation=NEAR, baselines={})
    said = tuner(f"run {path} {RUN}")
    assert said.code != 0
    assert 'evaluation.environment: stored nothing, now {"reach": 0.01}' in said.err


@pytest.mark.parametrize("skip", ["", "--skip-check"])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"count": 3}, "evaluation.environment: actions of Discrete(3) in evaluations, of Discrete(2) in training"),
        ({"cuont": 3}, "has no option 'cuont', did you mean 'count'?"),
    ],
    ids=["other spaces", "unknown argument"],
)
def test_what_cannot_be_evaluated_in_is_refused_before_the_first_trial(
    tuner: Tuner, tmp_path: Path, arguments: dict[str, Any], words: str, skip: str
) -> None:
    (tmp_path / "choices.py").write_text(CHOICES)
    environment, evaluation = {"id": "choices:Choices"}, {"environment": arguments}
    path = write_study(tmp_path, environment=environment, evaluation=evaluation, baselines={})
    said = tuner(f"run {path} --trials 1 --engine inline {skip}")
    assert said.code == 2
    assert words in said.err
    assert not (tmp_path / "studies" / "tuner.db").exists()


CHOICES = """
import gymnasium
from tuner_toys import Line

class Choices(Line):
    def __init__(self, *, count=2):
        super().__init__()
        self.action_space = gymnasium.spaces.Discrete(count)

    def step(self, action):
        return super().step([1.0 - action])
"""
