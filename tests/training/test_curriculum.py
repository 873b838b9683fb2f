"""The curriculum: when the difficulty is raised, what is recorded, and that evaluation is at full difficulty."""

from typing import Any

import numpy as np
import pytest
from conftest import make_job

from tuner.errors import EnvironmentUnusable
from tuner.records import Curriculum, Decision, EnvironmentRef, Evaluation, TrialOutcome
from tuner.training.curriculum import CurriculumCallback
from tuner.training.environments import make_vec_env, normalized
from tuner.training.evaluation import Evaluator
from tuner.trial import run_trial

GRADED = EnvironmentRef(id="tuner_toys:ToyGraded-v0")
RULES = Curriculum(start=0.1, threshold=0.5, window=4, signal="is_success")


class Fed:
    """A curriculum callback fed with episode ends by hand."""

    def __init__(self, **rules: Any) -> None:
        self.env = make_vec_env(EnvironmentRef(id=GRADED.id, n_envs=2))
        self.callback = CurriculumCallback(Curriculum(**{**RULES.__dict__, **rules}))
        self.callback.begin(self.env, GRADED.id)
        self.logged: dict[str, float] = {}
        self.callback.model = self  # type: ignore[assignment]
        self.logger = self

    def get_env(self) -> Any:
        return self.env

    def record(self, name: str, value: float) -> None:
        self.logged[name] = value

    def end(self, *successes: bool | None) -> None:
        """A step in which the environments' episodes end with these flags; None for one that continues."""
        infos = [{} if success is None else {"is_success": success} for success in successes]
        self.callback.num_timesteps += len(successes)
        self.callback.locals = {"dones": np.array([success is not None for success in successes]), "infos": infos}
        assert self.callback._on_step()

    def difficulties(self) -> list[float]:
        return self.env.get_attr("difficulty")


def test_it_begins_where_the_study_says() -> None:
    assert Fed(start=0.3).difficulties() == [0.3, 0.3]


def test_it_gets_a_tenth_harder_when_enough_of_a_full_window_succeed() -> None:
    fed = Fed()
    fed.end(True, True)
    fed.end(False, None)
    assert fed.difficulties() == [0.1, 0.1]  # three episodes, of four that are needed
    assert fed.logged == {"curriculum/difficulty": 0.1, "curriculum/success": pytest.approx(2 / 3)}
    fed.end(None, False)
    assert fed.difficulties() == [0.2, 0.2]
    assert fed.callback.raises == [{"step": 0, "difficulty": 0.1}, {"step": 6, "difficulty": 0.2}]


def test_only_episodes_since_the_last_raise_count() -> None:
    fed = Fed(threshold=1.0)
    fed.end(True, True)
    fed.end(True, True)
    assert fed.callback.difficulty == 0.2
    fed.end(True, True)
    fed.end(True, None)
    assert fed.callback.difficulty == 0.2
    fed.end(True, None)
    assert fed.callback.difficulty == 0.3


def test_too_few_successes_leave_it_as_it_is() -> None:
    fed = Fed()
    for _ in range(20):
        fed.end(False, None)
    fed.end(True, None)
    assert fed.callback.difficulty == 0.1


def test_it_ends_at_the_full_difficulty() -> None:
    fed = Fed(start=0.9)
    for _ in range(8):
        fed.end(True, True)
    assert fed.difficulties() == [1.0, 1.0]
    assert [entry["difficulty"] for entry in fed.callback.raises] == [0.9, 1.0]


def test_an_environment_without_difficulties_is_refused() -> None:
    env = make_vec_env(EnvironmentRef(id="tuner_toys:ToyLine-v0"))
    with pytest.raises(EnvironmentUnusable, match=r"no method set_difficulty.*`curriculum: false`"):
        CurriculumCallback(RULES).begin(env, "tuner_toys:ToyLine-v0")


def train(**changes: Any) -> tuple[TrialOutcome, list[Evaluation]]:
    evaluations: list[Evaluation] = []

    def report(evaluation: Evaluation) -> Decision:
        evaluations.append(evaluation)
        return Decision(go_on=True)

    return run_trial(make_job(**{"environment": GRADED, "curriculum": RULES, **changes}), report), evaluations


@pytest.mark.parametrize("trainer", ["fused", "sb3"])
def test_a_trial_keeps_its_raises_and_every_checkpoint_its_difficulty(trainer: str) -> None:
    outcome, evaluations = train(trainer=trainer)
    assert outcome.state == "completed"
    raises = outcome.facts["curriculum"]
    assert raises[0] == {"step": 0, "difficulty": 0.1}
    assert len(raises) > 1
    for evaluation in evaluations:
        reached = [entry["difficulty"] for entry in raises if entry["step"] <= evaluation.step]
        assert evaluation.difficulty == reached[-1]


def test_without_a_curriculum_nothing_is_recorded() -> None:
    outcome, evaluations = train(curriculum=None)
    assert "curriculum" not in outcome.facts
    assert [evaluation.difficulty for evaluation in evaluations] == [None, None]


def test_training_is_the_one_without_a_curriculum_where_it_stays_at_the_full_difficulty() -> None:
    pairs = [train(curriculum=rules)[1] for rules in (None, Curriculum(**{**RULES.__dict__, "start": 1.0}))]
    first, second = ([(e.score, e.mean_return, e.health) for e in evaluations] for evaluations in pairs)
    assert first == second


def test_a_signal_that_info_lacks_fails_the_trial_with_its_name() -> None:
    outcome, _ = train(curriculum=Curriculum(**{**RULES.__dict__, "signal": "grapsed"}))
    assert outcome.state == "failed"
    assert outcome.reason == (
        "curriculum.signal: info['grapsed'] is missing at an episode's end; flags there: is_success, near"
    )


def test_evaluation_is_at_the_full_difficulty_whatever_the_options_say() -> None:
    arm = EnvironmentRef(id="roarm_envs:RoArmReach-v0")
    easy = EnvironmentRef(id=arm.id, kwargs={"difficulty": 0.1})
    distances = []
    for ref in (arm, easy):
        evaluator = Evaluator(ref, objective="success", most_goals=3)
        result = evaluator.run(lambda observations: np.zeros((len(observations), 5), np.float32), 3)
        evaluator.close()
        distances.append(result.distance)
    assert distances[0] == distances[1]


def test_it_reaches_environments_behind_vec_normalize() -> None:
    env = normalized(make_vec_env(EnvironmentRef(id=GRADED.id, n_envs=2)), {"norm_obs": True})
    CurriculumCallback(RULES).begin(env, GRADED.id)
    assert env.get_attr("difficulty") == [0.1, 0.1]
