"""Running statistics of every entry of the observation: an image has too many numbers to keep them all."""

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float64]
BATCH = 128  # rows


class Observed:
    """Minimum, maximum, and how often at or outside a bound, for every entry."""

    def __init__(self, low: Row, high: Row) -> None:
        self.count = 0
        self.least = np.full(low.shape, np.inf)
        self.greatest = np.full(low.shape, -np.inf)
        self._low, self._high = low, high
        self._at_bound = np.zeros(low.shape)
        self._outside = np.zeros(low.shape)
        self._between = np.zeros(low.shape)  # neither at a bound nor 0
        self._rows: list[Row] = []

    def add(self, row: Row) -> None:
        """Adds one observation of finite numbers."""
        self._rows.append(row)
        if len(self._rows) == BATCH:
            self.flush()

    def flush(self) -> "Observed":
        """Adds the buffered rows to the statistics."""
        if self._rows:
            rows = np.stack(self._rows)
            self._rows = []
            self.count += len(rows)
            self.least = np.minimum(self.least, rows.min(axis=0))
            self.greatest = np.maximum(self.greatest, rows.max(axis=0))
            at_bound = (rows == self._low) | (rows == self._high)
            self._at_bound += at_bound.sum(axis=0)
            self._between += (~at_bound & (rows != 0.0)).sum(axis=0)
            slack = 1e-6 * np.maximum(np.nan_to_num(np.maximum(abs(self._low), abs(self._high)), posinf=0.0), 1.0)
            self._outside += ((rows < self._low - slack) | (rows > self._high + slack)).sum(axis=0)
        return self

    def merged(self, other: "Observed") -> "Observed":
        """The statistics of both together."""
        one, other = self.flush(), other.flush()
        both = Observed(one._low, one._high)
        both.count = one.count + other.count
        both.least = np.minimum(one.least, other.least)
        both.greatest = np.maximum(one.greatest, other.greatest)
        both._at_bound = one._at_bound + other._at_bound
        both._outside = one._outside + other._outside
        both._between = one._between + other._between
        return both

    @property
    def size(self) -> Row:
        """The greatest absolute value of every entry."""
        if self.count == 0:
            return np.zeros(self.least.shape)
        return np.asarray(np.maximum(abs(self.least), abs(self.greatest)))

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Which entries never changed."""
        return np.asarray(self.least == self.greatest)

    @property
    def flag(self) -> NDArray[np.bool_]:
        """Which entries were only ever at a bound or 0: they are flags, and nothing was clipped."""
        return np.asarray(self._between == 0)

    @property
    def at_bound(self) -> Row:
        """Share of the steps in which every entry was exactly at a bound of its space."""
        return self._at_bound / max(self.count, 1)

    @property
    def outside(self) -> Row:
        """Share of the steps in which every entry was outside its space."""
        return self._outside / max(self.count, 1)
