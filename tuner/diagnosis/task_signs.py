"""The questions of a diagnosis about the task: reward, success, length of episodes, what evaluations measure."""

from collections.abc import Iterator

import numpy as np

from tuner.diagnosis import bounds
from tuner.diagnosis.sign_lines import SMALLER, fine, sign
from tuner.diagnosis.training_record import Sign, TrainingRecord, early, late, moved
from tuner.verdicts import Verdict

REWARD_FIRST = "verify the reward first (`tuner check`), then lower learning_rate"
DEFAULT_GAMMA = 0.99  # of every algorithm of Stable-Baselines3


def reward(run: TrainingRecord) -> Iterator[Sign]:
    """The PPO guide: ep_rew_mean rises; its tip 5: the reward does not change. Not asked under a curriculum."""
    values = run.trend("ep_rew_mean")
    if values is None or run.curriculum:
        return
    name, said, way = "ep_rew_mean", f"{early(values):.4g} → {late(values):.4g}", moved(values)
    if way >= bounds.MOVED:
        yield fine(name, f"rises, {said}")
    elif run.solved:
        yield fine(name, f"{said}, and success is {run.late_success:.0%}")
    elif float(values.std()) <= bounds.FLAT * float(np.abs(values).max()):
        yield sign("wrong", name, "does not change", f"does not change, {said}", REWARD_FIRST)
    elif way <= -bounds.MOVED:
        yield sign("wrong", name, "falls", f"falls, {said}", SMALLER)
    else:
        yield sign("warning", name, "does not rise", f"does not rise, {said}", REWARD_FIRST)


def length(run: TrainingRecord) -> Iterator[Sign]:
    """The PPO guide: ep_len_mean falls. Asked only where episodes end early by success alone."""
    values = run.trend("ep_len_mean")
    if values is None or not ends_by_success(run) or run.curriculum or not values.std():
        return
    name, said, way = "ep_len_mean", f"{early(values):.4g} → {late(values):.4g}", moved(values)
    if way <= -bounds.MOVED or run.solved:
        yield fine(name, f"falls, {said}" if way <= -bounds.MOVED else said)
    else:
        trend = "rises" if way >= bounds.MOVED else "does not fall"
        fix = "success takes ever longer: lower learning_rate, or a larger success bonus (PPO guide: 10 … 50)"
        yield sign("warning", name, trend, f"{trend}, {said}", fix)


def ends_by_success(run: TrainingRecord) -> bool:
    """Whether episodes end early by success alone: some succeed, and an episode either succeeds or times out."""
    success, timeouts = run.late_success, run.timeouts
    return bool(success) and timeouts is not None and abs(1.0 - (success or 0.0) - timeouts) < 0.1


def timeouts(run: TrainingRecord) -> Iterator[Sign]:
    """Episodes that end by their time limit. Asked only with a success signal, and while success is low."""
    share, success = run.timeouts, run.late_success
    if share is None or success is None or success >= bounds.SOLVED:
        return
    said = f"{share:.0%} of the evaluation episodes"
    if share > bounds.MANY_TIMEOUTS:
        finding = f"{said}, success {success:.0%}"
        symptom = "every episode" if share >= bounds.ALL_TIMEOUTS else "most episodes"
        fix = "more steps of training, higher learning_rate, or a reward that leads to the goal (`tuner check`)"
        verdict: Verdict = "wrong" if share >= bounds.ALL_TIMEOUTS else "warning"
        yield sign(verdict, "time-outs", symptom, finding, fix)
    else:
        yield fine("time-outs", said)


def return_without_success(run: TrainingRecord) -> Iterator[Sign]:
    """A return that rises while success does not: the reward pays for something else."""
    if run.success is None or run.returns is None or len(run.returns) < bounds.EVALUATIONS or run.curriculum:
        return
    rises = moved(run.returns) >= bounds.MOVED
    gained = late(run.success) - early(run.success)
    said = f"return {early(run.returns):.4g} → {late(run.returns):.4g}, success {late(run.success):.0%}"
    if rises and gained < bounds.GAINED and late(run.success) < bounds.SUCCEEDS:
        yield sign(
            "warning",
            "success",
            "return up, success flat",
            f"flat while the return rises, {said}",
            "terms of 0.5 … 2 a step, a success bonus of 10 … 50 (`tuner check` shows the share of each)",
        )
    elif rises:
        yield fine("success", f"comes with the return, {said}")


def evaluation_gap(run: TrainingRecord) -> Iterator[Sign]:
    """An evaluation whose return is far under that of training: it measures something else than what is learned."""
    trained = run.trend("ep_rew_mean")
    if trained is None or run.returns is None or len(run.returns) < bounds.EVALUATIONS or run.curriculum:
        return
    there, here = late(trained), late(run.returns)
    said = f"{here:.4g} in evaluations, {there:.4g} in training"
    far = bounds.APART * max(abs(there), abs(here))
    noise = 2 * max(float(np.diff(run.returns).std()), float(np.diff(trained).std()))
    if there - here > max(far, noise):
        fix = (
            "training sees too few starts (`tuner check`), evaluations run elsewhere, or the policy is good "
            "only while it draws its actions: `evaluation: stochastic`"
        )
        yield sign("warning", "evaluation gap", "far under training", f"far under training: {said}", fix)
    else:
        yield fine("evaluation gap", said)


def gamma(run: TrainingRecord) -> Iterator[Sign]:
    """The PPO guide: 0.95 for short episodes, 0.99 for long ones. The horizon is 1 / (1 - gamma) steps."""
    if not run.length or not run.longest:
        return
    value = float(run.arguments.get("gamma", DEFAULT_GAMMA))
    horizon = 1 / (1 - value) if value < 1 else float("inf")
    said = f"{value:g} looks {horizon:.3g} steps ahead, episodes last {run.length:.4g}"
    # Without a success signal a short episode may be a failure, and its length says nothing about the task.
    # A horizon that spans the whole episode already at 0.95 leaves gamma nothing to change.
    sees_all = run.longest * (1 - bounds.TOLERANCE) <= 1 / (1 - bounds.SHORT_GAMMA)
    longer = value > bounds.SHORT_GAMMA and horizon > bounds.SIGHT * run.longest
    if run.late_success is not None and longer and not sees_all:
        said = f"{value:g} looks {horizon:.3g} steps ahead, episodes last up to {run.longest:.4g}"
        fix = f"PPO guide: {bounds.SHORT_GAMMA:g} for short episodes"
        yield sign("warning", "gamma", "far-sighted", f"far-sighted: {said}", fix)
    elif value < bounds.LONG_GAMMA and horizon * bounds.SIGHT < run.length:
        fix = f"PPO guide: {bounds.LONG_GAMMA:g} for long episodes"
        yield sign("warning", "gamma", "short-sighted", f"short-sighted: {said}", fix)
    else:
        yield fine("gamma", said)
