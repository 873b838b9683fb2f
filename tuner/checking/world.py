"""Verdicts on the environment itself: finite values, determinism, effect and bounds of actions, endings, speed."""

import gymnasium as gym
import numpy as np

from tuner.checking.entries import numbered
from tuner.checking.evidence import Evidence, graded, ok, warning, wrong
from tuner.checking.probes import ROUNDING
from tuner.checking.rollout import ENDLESS
from tuner.verdicts import Line

SLOW = 100.0  # steps a second
TRIAL_STEPS = 100_000  # the usual length of a trial
RESCALED = "environment: {wrappers: [{gymnasium.wrappers.RescaleAction: {min_action: -1, max_action: 1}}]}"
FEW_BOUNDS = 3  # pairs of bounds that are shown


def finite(evidence: Evidence) -> Line:
    """Whether all values are finite."""
    counts: dict[str, int] = {}
    for recording in evidence.recordings.values():
        for what, count in recording.not_finite.items():
            counts[what] = counts.get(what, 0) + count
    if not counts:
        return ok("finite values", f"observations, rewards and info in {evidence.steps():,} steps")
    found = ", ".join(f"{what} in {count} episode{'s' * (count > 1)}" for what, count in counts.items())
    fix = "find the division, square root or exploding state that gives NaN or infinity; one such step ends a trial"
    return wrong("finite values", f"not finite: {found}", fix)


def errors(evidence: Evidence) -> Line:
    """Whether steps raise once in a while."""
    raised = [error for recording in evidence.recordings.values() for error in recording.errors]
    if not raised:
        return ok("errors", f"none in {evidence.steps():,} steps")
    count = len(evidence.episodes()) + len(raised)
    fix = "mend it, or let it end its episode: `environment: {on_error: end_episode}`; else it costs its trial"
    return warning("errors", f"{len(raised)} of {count} episodes ended by an error, the last: {raised[-1]}", fix)


def determinism(evidence: Evidence) -> Line:
    """Whether the same seed and actions give the same episode."""
    probes = evidence.probes
    if probes.difference <= ROUNDING:
        return ok("determinism", f"{probes.episodes} episodes ran twice from their seeds, with the same results")
    by = "in their lengths" if np.isinf(probes.difference) else f"by up to {probes.difference:.3g}"
    if probes.seeded:
        finding = f"seeds begin the same episodes, which then differ {by}: noise that reset does not seed, or contacts"
        fix = "draw noise from self.np_random; some physics engines keep contacts over a reset, which no seed can mend"
        return warning("determinism", finding, fix)
    fix = (
        "draw every random number from self.np_random, call super().reset(seed=seed), and restore the whole state in "
        "reset; else no episode repeats and no scores can be compared"
    )
    return wrong("determinism", f"the same seed and actions, twice, differ {by} from the start", fix)


def starts(evidence: Evidence) -> Line:
    """Whether training, which resets without a seed, sees different starts."""
    if not evidence.probes.same_start:
        return ok("starts", "reset() without a seed begins as different episodes as seeds do")
    fix = (
        "let reset(seed=None) go on with self.np_random: call super().reset(seed=seed), have no default seed, and seed "
        "no generator in reset"
    )
    finding = "reset() without a seed always begins the same episode: training would see one start, evaluation many"
    return wrong("starts", finding, fix)


def actions(evidence: Evidence) -> Line:
    """Whether every action entry has an effect."""
    idle, rewarded, count = evidence.probes.idle, evidence.probes.rewarded, evidence.probes.entries
    s = "s" * (len(rewarded) == 1)
    name = "action effect"
    if evidence.probes.masked:
        return ok(name, "unknown: only some actions are valid at a time (action_masks)")
    if idle is None:
        if evidence.probes.difference > ROUNDING:
            return warning(name, "unknown: the environment is not deterministic", "see determinism")
        return warning(name, "unknown: no time was left", "run `tuner check`, which takes longer")
    if not idle and rewarded and any(episode.length > 1 for episode in evidence.episodes()):
        which = "every action entry changes" if len(rewarded) == count else f"{numbered(rewarded)} of {count} change{s}"
        fix = "a penalty on an action is no effect: make sure that every entry reaches a motor"
        return warning(name, f"{which} only the reward, not what is observed", fix)
    if not idle:
        each = "the action changes" if count == 1 else f"each of {count} action entries changes"
        return ok(name, f"{each} what is {'rewarded' if rewarded else 'observed'}")
    all_idle = len(idle) == count
    which = (
        "no action entry changes" if all_idle else f"{numbered(idle)} of {count} never change{'s' * (len(idle) == 1)}"
    )
    fix = "make sure that every action entry reaches a motor and is not overwritten; leave out those without effect"
    return graded(name, bad=all_idle, finding=f"{which} what is observed", fix=fix)


def action_scale(evidence: Evidence) -> Line:
    """Whether the bounds of the actions are [-1, 1]."""
    space, name = evidence.action_space, "action bounds"
    if not isinstance(space, gym.spaces.Box):
        return ok(name, f"{space}")
    if np.all(space.low == -1.0) and np.all(space.high == 1.0):
        return ok(name, "[-1, 1]")
    found = sorted({(float(low), float(high)) for low, high in zip(space.low.flat, space.high.flat, strict=True)})
    fix = f"PPO's first policy draws from N(0, 1): take actions in [-1, 1], or wrap it: `{RESCALED}`"
    shown = ", ".join(f"[{low:g}, {high:g}]" for low, high in found[:FEW_BOUNDS])
    return warning(name, f"within {shown}{' …' * (len(found) > FEW_BOUNDS)}, not all [-1, 1]", fix)


def endings(evidence: Evidence) -> Line:
    """Time-outs, episodes without an end, time limits reported as `terminated`."""
    name, episodes = "episode ends", evidence.episodes()
    if any(recording.endless for recording in evidence.recordings.values()):
        return wrong(name, f"an episode did not end in {ENDLESS:,} steps", "truncate episodes at a time limit")
    if not episodes:
        return warning(name, "no episode ended in the time given", "run `tuner check`, which takes longer")
    share = _timeouts(evidence)
    shares = ", ".join(f"{policy} {value:.0%}" for policy, value in share.items())
    if evidence.has_success() and all(value == 1.0 for value in share.values()):
        fix = "terminate on success and on failure, and truncate at the time limit alone"
        return warning(name, f"every episode timed out ({shares})", fix)
    failed = [episode.length for episode in episodes if episode.terminated and episode.success is False]
    if len(failed) >= 10 and len(set(failed)) == 1 and failed[0] > 1:
        fix = "return truncated, not terminated, at the time limit: PPO then counts the value of the steps not taken"
        return warning(name, f"all {len(failed)} failures were `terminated` at {failed[0]} steps: a time limit?", fix)
    return ok(name, f"time-outs: {shares}")


def _timeouts(evidence: Evidence) -> dict[str, float]:
    return {
        policy: float(np.mean([not episode.terminated for episode in recording.episodes]))
        for policy, recording in evidence.recordings.items()
        if recording.episodes
    }


def speed(evidence: Evidence) -> Line:
    """Whether the environment is fast enough."""
    recording = evidence.recordings["random"]
    rate = recording.steps / max(recording.seconds, 1e-9)
    finding = f"{rate:,.0f} steps a second; {TRIAL_STEPS:,} take {TRIAL_STEPS / max(rate, 1e-9) / 60:.1f} minutes"
    if rate >= SLOW:
        return ok("speed", finding)
    return warning("speed", finding, "fewer or cheaper physics steps per control step; no rendering during training")
