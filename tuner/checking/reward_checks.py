"""Verdicts on the reward: whether it varies, its scale by the PPO guide, its terms, clipping."""

import numpy as np
from numpy.typing import NDArray

from tuner.checking.evidence import ENOUGH, Evidence, ok, warning, wrong
from tuner.checking.rollout import Recording
from tuner.verdicts import Line

# The PPO guide: per-step terms of 0.5 … 2, a success bonus of 10 … 50, returns within ±50, three to five terms.
STEP = (0.5, 2.0)
BONUS = (10.0, 50.0)
RETURN = 50.0
TERMS = (3, 5)
TENFOLD = 10.0  # times a bound, from which `tuner run` scales rewards
MANY_VALUES = 20  # distinct rewards; with fewer, many equal ones do not hint at clipping
PILED_UP = 0.05  # share of the steps at one extreme value
UNEXPLAINED = 0.01  # share of the steps whose reward is not the sum of its terms


def variation(evidence: Evidence) -> Line:
    """A reward that never changes."""
    name, recordings = "reward varies", evidence.recordings
    rewards = np.concatenate([recording.rewards for recording in recordings.values()])
    returns = np.concatenate([recording.returns() for recording in recordings.values()])
    if rewards.size < ENOUGH:
        return ok(name, f"unknown: only {rewards.size} steps")
    if np.ptp(rewards) > 0:
        return ok(name, "it changes from step to step")
    finding = f"{rewards[0]:g} in every one of {rewards.size:,} steps"
    if returns.size and np.ptp(returns) > 0:
        fix = "add a dense term, such as progress to the goal, of 0.5 … 2 a step"
        return warning(name, f"{finding}; returns differ by the length of the episode alone", fix)
    fix = "PPO has nothing to learn from: reward progress to the goal by 0.5 … 2 a step, and success by 10 … 50"
    return wrong(name, finding, fix)


def step_scale(evidence: Evidence) -> Line:
    """The size of a step's reward, without the last of each episode."""
    name, fix = "reward a step", "scale the dense terms to 0.5 … 2 a step; the success bonus stays 10 … 50"
    dense = np.concatenate([_dense(recording) for recording in evidence.recordings.values()])
    if dense.size == 0:
        return ok(name, "unknown: every step ended an episode")
    if not dense.any():
        fix = "add a dense term, such as progress to the goal; or learn goals in hindsight (`replay_buffer: her`)"
        return warning(name, "0 in every step but the last of an episode: sparse", fix)
    size = _step_size(evidence)
    finding = f"up to {size:.3g} in 99% of the steps (PPO guide: {STEP[0]:g} … {STEP[1]:g})"
    if size > STEP[1]:
        return warning(name, finding, fix)
    if size < STEP[0] / TENFOLD:
        return warning(name, finding, fix)
    return ok(name, finding)


def bonus(evidence: Evidence) -> Line:
    """The reward of the step that succeeds."""
    name, fix = "success bonus", "pay 10 … 50 once, in the step that succeeds"
    paid = [e.last_reward for e in evidence.episodes() if e.success and e.terminated]
    if not paid:
        return ok(name, "unknown: no episode ended in success")
    usual = [_dense(recording) for recording in evidence.recordings.values()]
    extra = float(np.median(paid) - np.median(np.concatenate([*usual, np.zeros(1)])))
    finding = f"{extra:.3g} above a usual step (PPO guide: {BONUS[0]:g} … {BONUS[1]:g})"
    if extra > BONUS[1]:
        return warning(name, finding, fix)
    return ok(name, finding) if extra >= BONUS[0] * 0.9 else warning(name, finding, fix)  # 0.9: step costs reduce it


def return_scale(evidence: Evidence) -> Line:
    """The size of an episode's return."""
    name = "return an episode"
    returns = {p: r.returns() for p, r in evidence.recordings.items() if r.episodes}
    if not returns:
        return ok(name, "no episode ended")
    size = _return_size(evidence)
    low, high = (min(v.min() for v in returns.values()), max(v.max() for v in returns.values()))
    finding = f"{low:.4g} … {high:.4g} (PPO guide: within ±{RETURN:g})"
    if size <= RETURN:
        return ok(name, finding)
    fix = (
        "divide the reward, all terms alike, until an episode stays within ±50 (the value net cannot learn "
        "thousands), or set `normalize: true` in the study"
    )
    return warning(name, finding, fix)


def _return_size(evidence: Evidence) -> float:
    """What 95 % of the returns are within, under the policy with the largest."""
    returns = (recording.returns() for recording in evidence.recordings.values() if recording.episodes)
    return max((float(np.quantile(np.abs(values), 0.95)) for values in returns), default=0.0)


def _step_size(evidence: Evidence) -> float:
    """What 99 % of the rewards that end no episode are within."""
    dense = np.concatenate([_dense(recording) for recording in evidence.recordings.values()])
    return float(np.quantile(np.abs(dense), 0.99)) if dense.size else 0.0


def far_too_large(evidence: Evidence) -> bool:
    """Whether rewards are so large that they should be scaled by SB3's VecNormalize: ten times what the guide says."""
    return _step_size(evidence) > TENFOLD * STEP[1] or _return_size(evidence) > TENFOLD * RETURN


def terms(evidence: Evidence) -> Line:
    """The number of terms, and whether one is always 0."""
    name = "reward terms"
    names = list(dict.fromkeys(term for r in evidence.recordings.values() for term in r.terms))
    if not names:
        return ok(name, 'unknown; report them in info["reward_terms"] to see their shares')
    silent = [t for t in names if not any(np.any(r.terms.get(t, [0.0])) for r in evidence.recordings.values())]
    if len(names) > TERMS[1]:
        return warning(name, f"{len(names)} terms (PPO guide: three to five)", "keep those that matter most")
    if silent:
        fix = "check whether its condition can come true: a term that is always 0 teaches nothing"
        return warning(name, f"always 0: {', '.join(silent)}", fix)
    return ok(name, f"{len(names)}: {', '.join(names)} (PPO guide: three to five)")


def clipping(evidence: Evidence) -> Line:
    """A reward that is clipped, or not the sum of its terms."""
    name, fix = (
        "reward clipping",
        "scale the terms instead of clipping their sum: PPO cannot learn from what is clipped",
    )
    left = np.concatenate([np.asarray(r.unexplained) for r in evidence.recordings.values()])
    if left.size:
        share = float(np.mean(np.abs(left) > 1e-6))
        finding = f"the reward is not the sum of its terms in {share:.1%} of the steps"
        return warning(name, finding, fix) if share > UNEXPLAINED else ok(name, "the reward is the sum of its terms")
    values = np.concatenate([_dense(r) for p, r in evidence.recordings.items() if p != "zero"])
    if len(np.unique(values)) <= MANY_VALUES:
        return ok(name, "none seen")
    piled = {float(end): float(np.mean(values == end)) for end in (values.min(), values.max()) if end != 0.0}
    end, share = max(piled.items(), key=lambda item: item[1], default=(0.0, 0.0))
    if share > PILED_UP:
        return warning(name, f"{share:.0%} of the steps pay exactly {end:g}, the extreme: probably clipped", fix)
    return ok(name, "none seen")


def _dense(recording: Recording) -> NDArray[np.float64]:
    """The rewards of all steps that did not end an episode."""
    rewards: NDArray[np.float64] = np.asarray(recording.rewards, dtype=float)
    ended = np.asarray(recording.ended, dtype=bool)
    return np.asarray(rewards[~ended])
