"""Configurations with known distributions of the success rate over training seeds, as exact probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

GOALS = 100
COUNTS = np.arange(GOALS + 1)

Probabilities = NDArray[np.float64]  # (GOALS + 1,), of every count of successes


@dataclass(frozen=True, kw_only=True)
class KnownArm:
    """A configuration with the distribution of its number of successes."""

    name: str
    probabilities: Probabilities

    @property
    def mean(self) -> float:
        """Expected success rate."""
        return float(self.probabilities @ COUNTS) / GOALS

    @property
    def iqm(self) -> float:
        """Mean of the middle half of the distribution."""
        ends = np.clip(np.concatenate([[0.0], np.cumsum(self.probabilities)]), 0.25, 0.75)
        return float(2 * np.diff(ends) @ COUNTS) / GOALS

    def draw(self, seeds: int, rng: np.random.Generator, repeats: int | None = None) -> NDArray[np.float64]:
        """Success rates by seed: shape (seeds,), or (repeats, seeds)."""
        shape = (seeds,) if repeats is None else (repeats, seeds)
        return rng.choice(COUNTS, size=shape, p=self.probabilities) / GOALS


def binomial(share: float) -> Probabilities:
    """Seeds that differ only by their evaluation episodes."""
    return np.asarray(stats.binom.pmf(COUNTS, GOALS, share), dtype=np.float64)


def beta_binomial(mean: float, spread: float) -> Probabilities:
    """Seeds whose success rates are beta-distributed with this mean and standard deviation."""
    size = mean * (1 - mean) / spread**2 - 1
    return np.asarray(stats.betabinom.pmf(COUNTS, GOALS, mean * size, (1 - mean) * size), dtype=np.float64)


def _arm(name: str, probabilities: Probabilities) -> KnownArm:
    return KnownArm(name=name, probabilities=probabilities / probabilities.sum())


LEARNT, FAILED = beta_binomial(0.85, 0.06), beta_binomial(0.05, 0.03)

ARMS = (
    _arm("alike, 0.6", binomial(0.6)),
    _arm("alike, 0.97", binomial(0.97)),
    _arm("0.5 sd 0.1", beta_binomial(0.5, 0.1)),
    _arm("0.7 sd 0.2", beta_binomial(0.7, 0.2)),
    _arm("0.3 sd 0.25", beta_binomial(0.3, 0.25)),
    _arm("0.9 sd 0.08", beta_binomial(0.9, 0.08)),
    _arm("0.97 sd 0.03", beta_binomial(0.97, 0.03)),
    _arm("0.02 sd 0.02", beta_binomial(0.02, 0.02)),
    _arm("all or nothing, 0.5 sd 0.35", beta_binomial(0.5, 0.35)),
    _arm("5 of 10 fail", 0.5 * LEARNT + 0.5 * FAILED),
    _arm("3 of 10 fail", 0.7 * LEARNT + 0.3 * FAILED),
    _arm("1 of 10 fails", 0.9 * LEARNT + 0.1 * FAILED),
)
