"""Verdicts on the observation: its bounds, its scale, entries that never change."""

import numpy as np

from tuner.checking.entries import entries_of
from tuner.checking.evidence import ENOUGH, Evidence, ok, warning, wrong
from tuner.verdicts import Line

LARGE = 5.0  # an entry beyond it is not normalised to about [-1, 1]
HUGE = 1000.0  # from here on `tuner run` scales them
TINY = 0.01  # an entry that varies but is never larger
STUCK = 0.5  # share of the steps at a bound


def bounds(evidence: Evidence) -> Line:
    """Observations outside their space, or stuck at its bounds."""
    name, observed, entries = "observation bounds", evidence.observed(), entries_of(evidence.observation_space)
    outside = np.flatnonzero(observed.outside > 0)
    if len(outside):
        worst = float(observed.outside.max())
        fix = "declare bounds that hold, or clip the observation to them"
        found = entries.named(outside.tolist())
        return warning(name, f"{found} outside the space, in up to {worst:.1%} of the steps", fix)
    varied = entries.measured & ~observed.constant & ~observed.flag
    stuck = np.flatnonzero((observed.at_bound > STUCK) & varied)
    if len(stuck):
        fix = "widen the scale of these entries: PPO cannot learn from what is clipped"
        return warning(name, f"{entries.named(stuck.tolist())} at a bound in most steps", fix)
    cut = float(observed.at_bound.max(where=varied, initial=0.0))
    at_bound = f"; at a bound in up to {cut:.0%} of the steps" if entries.measured.any() else ""
    return ok(name, f"{len(observed.least):,} entries stay within their space{at_bound}")


def scale(evidence: Evidence) -> Line:
    """Entries that are not normalised."""
    name, observed, entries = "observation scale", evidence.observed(), entries_of(evidence.observation_space)
    space = evidence.observation_space
    if not entries.measured.any():
        return ok(name, f"{type(space).__name__} {space.dtype or ''}: scaled during training".replace("  ", " "))
    size = np.where(entries.measured, observed.size, 0.0)
    large = np.flatnonzero(size > LARGE)
    fix = "normalise each entry to about [-1, 1], by its known range"
    if len(large):
        finding = f"{entries.named(large.tolist())} of up to {float(size.max()):.4g}, should be about 1"
        return warning(name, finding, fix)
    tiny = np.flatnonzero((size < TINY) & ~observed.constant & entries.measured)
    if len(tiny):
        found = entries.named(tiny.tolist())
        return warning(name, f"{found} never above {TINY:g}: nearly invisible next to the others", fix)
    return ok(name, f"every entry within ±{max(float(size.max(initial=0.0)), 0.01):.2g}")


def far_too_large(evidence: Evidence) -> bool:
    """Whether observations are so large that they should be scaled by SB3's VecNormalize, which can scale them all."""
    size, entries = evidence.observed().size, entries_of(evidence.observation_space)
    return bool(entries.measured.all()) and float(size.max(initial=0.0)) > HUGE


def dead(evidence: Evidence) -> Line:
    """Entries that never change."""
    name, observed, entries = "dead observations", evidence.observed(), entries_of(evidence.observation_space)
    if observed.count < ENOUGH:
        return ok(name, f"unknown: only {observed.count} observations")
    if not observed.constant.any():
        return ok(name, "every entry changes")
    fix = "find out why the value does not change, or leave the entry out"
    if observed.constant.all():
        return wrong(name, "no entry ever changes: the policy is blind", fix)
    constant = np.flatnonzero(observed.constant & ~entries.pixels)
    if not len(constant):
        changing, count = int(np.sum(entries.pixels & ~observed.constant)), int(entries.pixels.sum())
        return ok(name, f"{changing:,} of {count:,} values of pixels change")
    return warning(name, f"{entries.named(constant.tolist())} of {len(observed.least):,} never changed", fix)
