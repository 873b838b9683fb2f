"""Verdicts on the observation: its bounds, its scale, entries that never change."""

import gymnasium as gym
import numpy as np

from tuner.checking.evidence import ENOUGH, Evidence, named, ok, warning, wrong
from tuner.verdicts import Line

LARGE = 5.0  # an entry beyond it is not normalised to about [-1, 1]
HUGE = 1000.0  # from here on `tuner run` scales them
TINY = 0.01  # an entry that varies but is never larger
STUCK = 0.5  # share of the steps at a bound


def bounds(evidence: Evidence) -> Line:
    """Observations outside their space, or stuck at its bounds."""
    name, observed = "observation bounds", evidence.observed()
    outside = np.flatnonzero(observed.outside > 0)
    if len(outside):
        worst = float(observed.outside.max())
        fix = "declare bounds that hold, or clip the observation to them"
        return warning(name, f"{named(outside.tolist())} outside the space, in up to {worst:.1%} of the steps", fix)
    stuck = np.flatnonzero((observed.at_bound > STUCK) & ~observed.constant & ~observed.flag)
    if len(stuck) and _is_box(evidence) and not _is_picture(evidence):
        fix = "widen the scale of these entries: PPO cannot learn from what is clipped"
        return warning(name, f"{named(stuck.tolist())} at a bound in most steps", fix)
    cut = float(observed.at_bound.max(where=~observed.constant & ~observed.flag, initial=0.0))
    at_bound = f"; at a bound in up to {cut:.0%} of the steps" if _is_box(evidence) else ""
    return ok(name, f"{len(observed.least)} entries stay within their space{at_bound}")


def scale(evidence: Evidence) -> Line:
    """Entries that are not normalised."""
    name, observed = "observation scale", evidence.observed()
    space = evidence.observation_space
    if not _is_box(evidence) or space.dtype == np.uint8:
        return ok(name, f"{type(space).__name__} {space.dtype or ''}: scaled during training".replace("  ", " "))
    size = observed.size
    large = np.flatnonzero(size > LARGE)
    fix = "normalise each entry to about [-1, 1], by its known range"
    if len(large):
        finding = f"{named(large.tolist())} of up to {float(size.max()):.4g}, should be about 1"
        return warning(name, finding, fix)
    tiny = np.flatnonzero((size < TINY) & ~observed.constant)
    if len(tiny):
        return warning(name, f"{named(tiny.tolist())} never above {TINY:g}: nearly invisible next to the others", fix)
    return ok(name, f"every entry within ±{max(float(size.max(initial=0.0)), 0.01):.2g}")


def far_too_large(evidence: Evidence) -> bool:
    """Whether observations are so large that they should be scaled by SB3's VecNormalize."""
    space = evidence.observation_space
    return _is_box(evidence) and space.dtype != np.uint8 and float(evidence.observed().size.max(initial=0.0)) > HUGE


def dead(evidence: Evidence) -> Line:
    """Entries that never change."""
    name, observed = "dead observations", evidence.observed()
    if observed.count < ENOUGH:
        return ok(name, f"unknown: only {observed.count} observations")
    constant = np.flatnonzero(observed.constant)
    if not len(constant):
        return ok(name, "every entry changes")
    fix = "find out why the value does not change, or leave the entry out"
    if len(constant) == len(observed.least):
        return wrong(name, "no entry ever changes: the policy is blind", fix)
    if _is_picture(evidence):
        return ok(name, f"{len(observed.least) - len(constant):,} of {len(observed.least):,} values of pixels change")
    return warning(name, f"{named(constant.tolist())} of {len(observed.least)} never changed", fix)


def _is_box(evidence: Evidence) -> bool:
    return isinstance(evidence.observation_space, gym.spaces.Box)


def _is_picture(evidence: Evidence) -> bool:
    """Whether it is a picture, in which pixels that stay black, white or the same are nothing unusual."""
    space = evidence.observation_space
    return _is_box(evidence) and space.dtype == np.uint8 and len(space.shape or ()) == 3
