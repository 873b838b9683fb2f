"""The check finds a planted fault, says where it is, and finds nothing in a healthy environment."""

import json
from typing import Any

import gymnasium as gym
import numpy as np
import planted_toys
import pytest

from tuner.checking.check_report import CheckPlan, CheckReport, full, quick
from tuner.checking.run_check import QUESTIONS, behind_normalize, refuse_wrong, run_check
from tuner.errors import CheckFailed, EnvironmentFailed
from tuner.records import EnvironmentRef
from tuner.seeds import CHECK_GOALS
from tuner.verdicts import Line

EPISODES = 60


def check(name: str, plan: CheckPlan | None = None) -> CheckReport:
    return run_check(EnvironmentRef(id=name), plan or full(EPISODES))


def verdicts(report: CheckReport) -> dict[str, str]:
    return {line.name: line.verdict for line in report.lines}


# A class, the line that must find the fault, words of its finding, its verdict.
PLANTED = {
    "exploded reward": ("Exploded", "return an episode", "within ±50", "warning"),
    "constant reward": ("Constant", "reward varies", "0 in every one of", "wrong"),
    "reward that rises while success falls": ("Contrary", "return and success", "succeeds more than", "wrong"),
    "unscaled observation": ("Unscaled", "observation scale", "entry 1 of up to", "warning"),
    "dead observation": ("Dead", "dead observations", "entry 2 of 4 never changed", "warning"),
    "action without effect": ("Inert", "action effect", "entry 1 of 2 changes only the reward", "warning"),
    "unreachable goals": ("Unreachable", "goals in reach", "the expert succeeds in 0%", "wrong"),
    "NaN": ("NotFinite", "finite values", "not finite: observation in", "wrong"),
    "noise of its own": ("Unsteady", "determinism", "seeds begin the same episodes, which then differ", "warning"),
    "goals of its own": ("Unseeded", "determinism", "the same seed and actions, twice, differ", "wrong"),
    "unreachable goals, no expert": ("UnreachableUnaided", "goals in reach", "no policy came near", "warning"),
    "idling is paid better than success": (
        "Idle",
        "return and success",
        "successes return less than its failures",
        "wrong",
    ),
    "success alone is rewarded": ("Sparse", "reward a step", "0 in every step but the last", "warning"),
    "clipped reward": ("Clipped", "reward clipping", "pay exactly -0.2", "warning"),
    "no observation at all": ("Blind", "dead observations", "the policy is blind", "wrong"),
    "no action but effort": ("Lame", "action effect", "every action entry changes only the reward", "warning"),
    "no action at all": ("Limp", "action effect", "no action entry changes", "wrong"),
    "a default seed of reset": ("DefaultSeed", "starts", "always begins the same episode", "wrong"),
    "a generator that reset seeds": ("OwnGenerator", "starts", "always begins the same episode", "wrong"),
    "success under another name": ("Renamed", "success signal", "info['task_solved'] is 0 or 1", "warning"),
    "success beside a part of the task": ("Parted", "success signal", "info['success'] is 0 or 1", "warning"),
    "pedals": ("Pedals", "action bounds", "within [-1, 1], [0, 1], not all [-1, 1]", "warning"),
    "half a success": ("Half", "success signal", "between 0 and 1 in", "warning"),
}


@pytest.mark.parametrize(("toy", "line", "words", "verdict"), PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_found_where_it_is(toy: str, line: str, words: str, verdict: str) -> None:
    report = check(f"planted_toys:{toy}")
    (found,) = [one for one in report.lines if one.name == line]
    assert (found.verdict, words in found.finding, bool(found.suggestion)) == (verdict, True, True), found


@pytest.mark.parametrize("name", ["planted_toys:Healthy", "planted_toys:Unaided"])
def test_a_healthy_environment_is_ok_in_every_line(name: str) -> None:
    report = check(name)
    assert [line for line in report.lines if line.verdict != "ok"] == []
    assert len(report.lines) == len(QUESTIONS)


def test_reach_passes() -> None:
    report = check("roarm_envs:RoArmReach-v0", full(20))
    assert report.of("wrong") == []


def test_the_policies_stand_in_their_order() -> None:
    rows = {row.policy: row for row in check("planted_toys:Healthy").policies}
    assert list(rows) == ["zero", "random", "expert"]
    assert (rows["zero"].success, rows["expert"].success) == (0.0, 1.0)
    assert rows["expert"].mean_return == pytest.approx(12.6, abs=0.5)
    assert rows["expert"].timeouts == 0.0


def test_terms_have_their_shares() -> None:
    report = check("planted_toys:Healthy")
    for policy in ("random", "expert"):
        assert sum(row.share for row in report.terms if row.policy == policy) == pytest.approx(1.0)
    expert = {row.term: row.per_episode for row in report.terms if row.policy == "expert"}
    assert expert["success"] == pytest.approx(10.0)


def test_the_same_seeds_give_the_same_findings() -> None:
    one, other = (check("planted_toys:Healthy", full(10)) for _ in range(2))
    assert [line for line in one.lines if line.name != "speed"] == [x for x in other.lines if x.name != "speed"]
    assert one.terms == other.terms
    assert one.first_seed == CHECK_GOALS


def test_a_check_without_time_still_answers() -> None:
    report = check("planted_toys:Healthy", quick(0.0))
    assert report.of("wrong") == []
    assert verdicts(report)["action effect"] == "warning"
    assert [row.episodes for row in report.policies] == [0, 0, 0]


def test_pixels_may_stay_black_or_white() -> None:
    lines = {line.name: line for line in check("planted_toys:Filmed").lines}
    assert [lines[name].verdict for name in ("dead observations", "observation bounds", "observation scale")] == [
        "ok"
    ] * 3
    assert "of 144 values of pixels change" in lines["dead observations"].finding


def test_time_outs_are_no_fault_where_no_success_is_told() -> None:
    assert verdicts(check("Pendulum-v1", full(2)))["episode ends"] == "ok"


def test_one_short_episode_is_too_short_to_call_anything_constant() -> None:
    found = verdicts(check("CartPole-v1", full(1)))
    assert found["reward varies"] == found["dead observations"] == "ok"


def test_rounding_is_no_share_of_a_reward() -> None:
    shares = {(row.policy, row.term): row.share for row in check("RoArmPickPlace-v0", full(4)).terms}
    assert {share for (policy, _), share in shares.items() if policy == "zero"} == {0.0}
    assert sum(share for (policy, _), share in shares.items() if policy == "expert") == pytest.approx(1.0)


def test_lines_that_normalisation_settles_are_left_out() -> None:
    names = ("finite values", "observation scale", "reward a step", "return an episode")
    lines = tuple(Line(name=name, verdict="wrong", finding="", suggestion="fix it") for name in names)
    report = CheckReport(environment="it", seconds=0.0, first_seed=0, policies=(), terms=(), lines=lines)
    kept = [line.name for line in behind_normalize(report, {"norm_reward": True, "norm_obs": False}).lines]
    assert kept == ["finite values", "observation scale"]
    assert behind_normalize(report, {"gamma": 0.99}) == report


def test_a_report_is_json() -> None:
    data = json.loads(json.dumps(check("planted_toys:Exploded", full(5)).data()))
    assert data["verdict"] == "warning"
    assert data["normalize"] == ["norm_reward"]
    assert {"name", "verdict", "finding", "suggestion"} == set(data["lines"][0])


def test_what_is_wrong_is_refused_with_the_lines_and_their_suggestions() -> None:
    with pytest.raises(CheckFailed) as caught:
        refuse_wrong(check("planted_toys:Unseeded"))
    said = str(caught.value)
    assert "determinism" in said
    assert "draw every random number from self.np_random" in said
    assert "--skip-check" in said.splitlines()[-1]
    refuse_wrong(check("planted_toys:Dead"))


@pytest.mark.parametrize("name", ["Exploded", "Constant", "Contrary", "Unreachable", "Idle"])
def test_what_may_train_well_is_not_refused(name: str) -> None:
    refuse_wrong(check(f"planted_toys:{name}"))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("Exploded", ("norm_reward",)), ("Unscaled", ("norm_obs",)), ("Healthy", ())],
)
def test_what_is_far_too_large_is_to_be_scaled(name: str, arguments: tuple[str, ...]) -> None:
    assert check(f"planted_toys:{name}").normalize == arguments
    assert check("Pendulum-v1", full(5)).normalize == ("norm_reward",)


@pytest.mark.parametrize("name", ["Pendulum-v1", "CartPole-v1", "tuner_toys:ToyGrid-v0", "tuner_toys:ToyMatrix-v0"])
def test_any_environment_can_be_checked(name: str) -> None:
    report = check(name, full(5))
    assert verdicts(report)["determinism"] == "ok"
    assert verdicts(report)["action effect"] == "ok"


def test_an_action_space_that_ppo_cannot_use_is_reported() -> None:
    report = check("tuner_toys:ToyDictionary-v0")
    (line,) = report.lines
    assert (line.verdict, line.finding) == ("wrong", "PPO cannot act in a Dict space")


def test_an_episode_without_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.checking.rollout.ENDLESS", 50)
    assert verdicts(check("planted_toys:Endless", full(5)))["episode ends"] == "wrong"


class Faulty(planted_toys.Healthy):
    """Does one thing that no environment should."""

    def __init__(self, *, fault: str) -> None:
        super().__init__()
        self._fault = fault

    @classmethod
    def make_expert(cls, env: Any) -> Any:
        if env._fault == "hook":
            raise RuntimeError("no controller")
        return {"no callable": 3, "expert": lambda _: 1 / 0}.get(env._fault, lambda _: np.zeros(2, np.float32))

    def reset(self, **kwargs: Any) -> Any:
        if self._fault == "reset":
            raise RuntimeError("the gripper fell off")
        observation, info = super().reset(**kwargs)
        return observation[:3] if self._fault == "shape" else observation, info

    def step(self, action: Any) -> Any:
        observation, reward, *ends, info = super().step(action)
        if self._fault == "success":
            info = {**info, "is_success": "yes"}
        if self._fault == "terms":
            info = {**info, "reward_terms": 3.0}
        return (observation, "much" if self._fault == "reward" else reward, *ends, info)

    def close(self) -> None:
        if self._fault == "close":
            raise RuntimeError("the gripper is stuck")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("reset", "raised in reset: RuntimeError: the gripper fell off"),
        ("reward", "the reward must be one number, not str 'much'"),
        ("close", "raised in close: RuntimeError: the gripper is stuck"),
        ("shape", "does not fit its space: shape (3,) in a space of shape (4,)"),
        ("success", "info['is_success'] must be a flag or one number, not 'yes'"),
        ("terms", "info['reward_terms'] must map names to numbers"),
        ("hook", "raised in make_expert: RuntimeError: no controller"),
        ("no callable", "make_expert must return a callable"),
        ("expert", "raised in the expert: ZeroDivisionError"),
    ],
)
def test_an_environment_that_breaks_the_rules_is_refused(fault: str, words: str) -> None:
    gym.registry.pop("Faulty-v0", None)
    gym.register("Faulty-v0", entry_point=lambda **kwargs: Faulty(**kwargs))
    with pytest.raises(EnvironmentFailed) as caught:
        run_check(EnvironmentRef(id="Faulty-v0", kwargs={"fault": fault}), full(2))
    assert words in str(caught.value)
