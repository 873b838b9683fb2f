"""Every question of a diagnosis, on series as training makes them: healthy ones, and one for each problem."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tuner.diagnosis.signs import QUESTIONS, diagnose, in_words, judge
from tuner.diagnosis.training_record import Peak, Sign, TrainingRecord
from tuner.verdicts import worst

POINTS = 40
PLACE = np.linspace(0.0, 1.0, POINTS)
NOISE = np.random.default_rng(1).normal(size=POINTS)


def line(start: float, end: float, noise: float = 0.05) -> NDArray[np.float64]:
    """From `start` to `end`, with noise of a share of the larger of them."""
    return start + (end - start) * PLACE + noise * max(abs(start), abs(end)) * NOISE


def decay(start: float, end: float) -> NDArray[np.float64]:
    """From `start` to `end` by equal factors."""
    return np.geomspace(start, end, POINTS)


HEALTHY: dict[str, NDArray[np.float64]] = {
    "approx_kl": line(0.02, 0.02),
    "clip_fraction": line(0.2, 0.15),
    "policy_gradient_loss": line(-0.02, -0.01),
    "value_loss": line(2.0, 0.2),
    "explained_variance": line(0.1, 0.9),
    "std": line(1.0, 0.5),
    "ep_rew_mean": line(-5.0, 12.0),
    "ep_len_mean": line(100.0, 30.0),
}
CURVE = {"success": np.linspace(0.0, 0.8, 8), "returns": np.linspace(-5.0, 12.0, 8)}


def run(signals: dict[str, Any] | None = None, **changes: Any) -> TrainingRecord:
    """A healthy run with changed signals (None takes one away) and facts."""
    kept = {name: values for name, values in {**HEALTHY, **(signals or {})}.items() if values is not None}
    facts: dict[str, Any] = {
        "algorithm": "ppo",
        "arguments": {"gamma": 0.95},
        "updates": POINTS,
        "peaks": {"approx_kl": Peak(value=0.04, step=4096, above=0)},
        "timeouts": 0.3,
        "length": 30.0,
        **CURVE,
    }
    return TrainingRecord(signals=kept, **{**facts, **changes})


def sign(found: TrainingRecord, name: str) -> Sign | None:
    return next((sign for sign in judge(found) if sign.name == name), None)


FLAT_SUCCESS: dict[str, Any] = {"success": np.zeros(8), "timeouts": 1.0}


def test_a_healthy_run_is_ok_in_every_line() -> None:
    signs = judge(run())
    assert [sign.name for sign in signs if sign.verdict != "ok"] == []
    assert {sign.name for sign in signs} == {
        "ep_rew_mean", "ep_len_mean", "policy loss", "value_loss", "approx_kl", "clip_fraction", "explained_variance",
        "std", "time-outs", "success", "evaluation gap", "gamma",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "name", "verdict", "symptom", "suggestion"),
    [
        (
            run(peaks={"approx_kl": Peak(value=0.23, step=8192, above=1)}),
            "approx_kl", "warning", "above 0.1", "lower learning_rate, lower clip_range, fewer n_epochs",
        ),
        (run(peaks={"approx_kl": Peak(value=0.4, step=8192, above=9)}), "approx_kl", "wrong", "above 0.1", "n_epochs"),
        (run({"approx_kl": line(0.07, 0.06)}), "approx_kl", "warning", "above 0.05", "lower learning_rate"),
        (run({"approx_kl": line(0.002, 0.003)}), "approx_kl", "warning", "below 0.01", "higher learning_rate"),
        (run({"clip_fraction": line(0.4, 0.5)}), "clip_fraction", "warning", "above 0.3", "lower clip_range"),
        (run({"clip_fraction": line(0.02, 0.01)}), "clip_fraction", "warning", "below 0.1", "higher learning_rate"),
        (run({"policy_gradient_loss": line(-4.0, -9.0)}), "policy loss", "wrong", "huge", "lower learning_rate"),
        (run({"policy_gradient_loss": line(-1e-6, -2e-6)}), "policy loss", "warning", "tiny", "higher learning_rate"),
        (
            run({"value_loss": line(1.0, 3.0), "explained_variance": line(0.0, 0.1)}),
            "value_loss", "warning", "does not fall", "lower learning_rate",
        ),
        (run({"explained_variance": line(0.1, -0.5)}), "explained_variance", "wrong", "below 0", "value net"),
        (run({"explained_variance": line(0.0, 0.12)}), "explained_variance", "warning", "below 0.3", "value net"),
        (run({"std": decay(1.0, 0.001)}), "std", "wrong", "collapsed", "higher ent_coef"),
        (run({"std": line(1.0, 4.0)}), "std", "warning", "grows", "lower ent_coef"),
        (
            run({"std": None, "entropy_loss": -decay(0.69, 0.001)}),
            "entropy", "wrong", "collapsed", "higher ent_coef",
        ),
        (run({"ep_rew_mean": line(-3.0, -3.0, 0.0001)}), "ep_rew_mean", "wrong", "does not change", "tuner check"),
        (run({"ep_rew_mean": line(-3.0, -3.0, 0.3)}), "ep_rew_mean", "warning", "does not rise", "tuner check"),
        (run({"ep_rew_mean": line(5.0, -9.0)}), "ep_rew_mean", "wrong", "falls", "lower learning_rate"),
        (run({"ep_len_mean": line(40.0, 90.0)}), "ep_len_mean", "warning", "rises", "success bonus"),
        (run({"critic_loss": decay(0.1, 80.0)}), "critic_loss", "wrong", "runs away", "lower learning_rate"),
        (run({"ent_coef": decay(0.1, 50.0)}), "ent_coef", "wrong", "runs away", "scaled up"),
        (run(**FLAT_SUCCESS), "time-outs", "wrong", "every episode", "tuner check"),
        (run(success=np.full(8, 0.3), timeouts=0.7), "time-outs", "warning", "most episodes", "more steps"),
        (run(**FLAT_SUCCESS), "success", "warning", "return up, success flat", "success bonus"),
        (run(returns=np.linspace(-5.0, -12.0, 8)), "evaluation gap", "warning", "far under training", "stochastic"),
        (run(arguments={"gamma": 0.998}, length=17.0), "gamma", "warning", "far-sighted", "0.95"),
        (run(arguments={"gamma": 1.0}, length=1000.0), "gamma", "warning", "far-sighted", "0.95"),
        (run(arguments={"gamma": 0.9}, length=200.0), "gamma", "warning", "short-sighted", "0.99"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_problem_is_named_with_its_suggestion(
    changed: TrainingRecord, name: str, verdict: str, symptom: str, suggestion: str
) -> None:
    found = sign(changed, name)
    assert found is not None
    assert (found.verdict, found.symptom) == (verdict, symptom)
    assert suggestion in found.suggestion
    assert found.finding


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        (run({"value_loss": np.concatenate([line(0.2, 3.0)[:20], line(3.0, 0.4)[20:]])}), "value_loss"),
        (run({"value_loss": line(1.0, 3.0)}), "value_loss"),  # well explained
        (run({"std": decay(1.0, 0.001)}, success=np.ones(8)), "std"),
        (run({"ep_rew_mean": line(9.0, 9.0)}, success=np.ones(8)), "ep_rew_mean"),
        (run({"critic_loss": line(0.1, 0.5)}), "critic_loss"),
        (run({"ent_coef": line(1.0, 0.01)}), "ent_coef"),
        (run({"std": None, "entropy_loss": line(-0.69, -0.3)}), "entropy"),
        (run(arguments={"gamma": 0.99}, length=1000.0), "gamma"),
        (run(arguments={}, length=100.0), "gamma"),
    ],
    ids=[
        "loss rose and fell", "loss grows with the return", "spread gone after success", "solved from the start",
        "critic", "temperature", "entropy", "long", "default",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_problem_is_ok(changed: TrainingRecord, name: str) -> None:
    found = sign(changed, name)
    assert found is not None
    assert found.verdict == "ok"
    assert not found.suggestion


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        *((run({signal: None}), name) for signal, name in {
            "approx_kl": "approx_kl", "clip_fraction": "clip_fraction", "policy_gradient_loss": "policy loss",
            "value_loss": "value_loss", "explained_variance": "explained_variance", "std": "std",
            "ep_rew_mean": "ep_rew_mean", "ep_len_mean": "ep_len_mean",
        }.items()),
        (run({"value_loss": np.full(POINTS, np.nan)}), "value_loss"),
        (run({"value_loss": line(2.0, 1.0)[:5]}), "value_loss"),
        (run(), "critic_loss"),
        (run(), "ent_coef"),
        (run({"ent_coef": np.full(POINTS, 0.1)}), "ent_coef"),
        (run(success=None), "time-outs"),
        (run(success=None), "success"),
        (run(success=None), "ep_len_mean"),
        (run(timeouts=1.0), "ep_len_mean"),  # success does not end the episode
        (run(success=np.ones(8), timeouts=1.0), "time-outs"),
        (run(length=None), "gamma"),
        (run(curriculum=True), "ep_rew_mean"),
        (run(arguments={"normalize_advantage": False}), "policy loss"),
    ],
)  # fmt: skip
def test_a_missing_signal_gets_no_line(changed: TrainingRecord, name: str) -> None:
    assert sign(changed, name) is None


def test_short_episodes_without_a_success_signal_say_nothing_of_gamma() -> None:
    found = sign(run(success=None, arguments={"gamma": 0.998}, length=17.0), "gamma")
    assert found is not None
    assert found.verdict == "ok"


@pytest.mark.parametrize(
    ("longest", "length", "gamma"),
    [
        pytest.param(20.0, 5.0, 0.99, id="a limit of 20, solved in 5"),
        pytest.param(1.0, 1.0, 0.999, id="one step"),
        pytest.param(100.0, 6.0, 0.99, id="a limit of 100, solved in 6"),
    ],
)
def test_gamma_goes_by_the_time_limit_and_by_what_it_could_change(longest: float, length: float, gamma: float) -> None:
    found = sign(run({"ep_len_mean": line(longest, length)}, arguments={"gamma": gamma}, length=length), "gamma")
    assert found is not None
    assert found.verdict == "ok"


@pytest.mark.parametrize(
    ("signals", "name"),
    [
        ({"approx_kl": line(0.00997, 0.00997)}, "approx_kl"),
        ({"approx_kl": line(0.0521, 0.0521)}, "approx_kl"),
        ({"clip_fraction": line(0.0955, 0.0955)}, "clip_fraction"),
    ],
)
def test_a_mean_that_misses_its_bound_by_little_is_ok(signals: dict[str, Any], name: str) -> None:
    found = sign(run(signals), name)
    assert found is not None
    assert found.verdict == "ok"


def test_an_explained_variance_about_zero_is_no_worse_than_a_constant() -> None:
    found = sign(run({"explained_variance": line(-0.0008, -0.0008)}), "explained_variance")
    assert found is not None
    assert (found.verdict, found.symptom) == ("warning", "below 0.3")


def test_a_trial_that_succeeds_is_not_warned_for_a_signal_alone() -> None:
    signals = {"approx_kl": line(0.001, 0.001), "clip_fraction": line(0.5, 0.5), "explained_variance": line(0.0, -0.5)}
    bad = {one.name for one in judge(run(signals, success=np.full(8, 0.5))) if one.verdict != "ok"}
    assert bad == {"approx_kl", "clip_fraction", "explained_variance"}
    good = judge(run(signals, success=np.full(8, 0.86)))
    assert [one for one in good if one.verdict != "ok"] == []
    assert "the trial succeeds all the same" in next(one.finding for one in good if one.name == "approx_kl")


def test_a_trial_of_an_earlier_version_has_no_diagnosis() -> None:
    assert diagnose("ppo", {}, {"curve": [{"step": 1, "success": 0.0, "return": 0.0}], "timeout_share": 1.0}) == ()


def test_an_empty_record_has_no_diagnosis() -> None:
    assert diagnose("ppo", {}, {"health": {}}) == ()
    assert len(QUESTIONS) == 14


def test_the_dashboard_attributes_have_verdict_finding_and_suggestion() -> None:
    signs = judge(run(arguments={"gamma": 0.998}, length=17.0))
    words = in_words(signs)
    assert worst(signs) == "warning"
    assert words.keys() == {"diagnosis", "diagnosis gamma"}
    assert words["diagnosis"] == "warning (1 warning, 11 ok)"
    assert words["diagnosis gamma"].startswith(
        "warning: far-sighted: 0.998 looks 500 steps ahead, episodes last up to 10"
    )
    assert words["diagnosis gamma"].endswith("(PPO guide: 0.95 for short episodes)")
