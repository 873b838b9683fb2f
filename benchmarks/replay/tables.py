"""Tables of learning curves: many configurations, each trained with several seeds."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tuner.record_type import Record

FLOORS = {"brax": -2000.0, "box2d": -200.0}  # for runs that diverged, as the tables' README has them


class Table(Record):
    """One task."""

    name: str
    values: NDArray[np.float64]  # (configurations, seeds, checkpoints): success rate or return
    points: NDArray[np.float64]  # (configurations, parameters), each parameter as its rank from 0 to 1
    successes: NDArray[np.float64] | None = None  # (configurations, seeds), at the last checkpoint, where there are any

    @property
    def truth(self) -> NDArray[np.float64]:
        """Mean over the seeds at the last checkpoint, by configuration."""
        return np.asarray(self.values[:, :, -1].mean(axis=1), dtype=np.float64)

    def value(self, row: int, used: Collection[int]) -> float:
        """Mean at the last checkpoint over the seeds that took no part in choosing a row; of all seeds if all did."""
        return float(self.values[row, self._judges(used), -1].mean())

    def success(self, row: int, used: Collection[int]) -> float | None:
        """Success rate of the same seeds."""
        return None if self.successes is None else float(self.successes[row, self._judges(used)].mean())

    def _judges(self, used: Collection[int]) -> list[int]:
        seeds = range(self.values.shape[1])
        return [seed for seed in seeds if seed not in used] or list(seeds)

    def regret(self, value: float) -> float:
        """(best - value) / (best - median)."""
        truth = self.truth
        return float((truth.max() - value) / (truth.max() - np.median(truth)))


def load_tables(path: Path) -> list[Table]:
    """Every task of a file with arrays `return_TASK` and `config_TASK`, and `success_TASK` where there is success.

    Raises:
        OSError: the file cannot be read.
    """
    with np.load(path) as data:
        names = [key.removeprefix("return_") for key in data.files if key.startswith("return_")]
        return [
            _table(name, data[f"return_{name}"], data[f"config_{name}"], data.get(f"success_{name}")) for name in names
        ]


def _table(
    name: str,
    returns: NDArray[np.float32],
    configurations: NDArray[np.float64],
    successes: NDArray[np.float32] | None = None,
) -> Table:
    floor = next((value for kind, value in FLOORS.items() if name.startswith(kind)), -np.inf)
    if floor == -np.inf:  # of this project's own making: NaN stands for runs that are still missing
        whole = np.isfinite(returns).all(axis=(0, 2))
        returns = returns[:, whole]
        successes = None if successes is None else successes[:, whole]
    values = np.maximum(np.nan_to_num(returns.astype(np.float64), nan=floor, neginf=floor), floor)
    last = None if successes is None else successes[:, :, -1].astype(np.float64)
    return Table(name=name, values=values, points=_ranks(configurations), successes=last)


def _ranks(configurations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every column as ranks from 0 to 1; equal values share their mean rank."""
    columns = []
    for column in configurations.T:
        unique, places, counts = np.unique(column, return_inverse=True, return_counts=True)
        means = np.cumsum(counts) - (counts + 1) / 2
        columns.append(means[places] / max(len(column) - 1, 1) if len(unique) > 1 else np.full(len(column), 0.5))
    return np.stack(columns, axis=1)
