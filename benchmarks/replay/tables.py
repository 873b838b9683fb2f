"""Tables of learning curves: many configurations, each trained with several seeds."""

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

    @property
    def truth(self) -> NDArray[np.float64]:
        """Mean over the seeds at the last checkpoint, by configuration."""
        return np.asarray(self.values[:, :, -1].mean(axis=1), dtype=np.float64)

    def regret(self, row: int, used: set[int]) -> float:
        """(best - chosen) / (best - median), the chosen one judged on seeds that took no part in choosing it."""
        unseen = [seed for seed in range(self.values.shape[1]) if seed not in used]
        truth = self.truth
        value = self.values[row][unseen, -1].mean() if unseen else truth[row]
        return float((truth.max() - value) / (truth.max() - np.median(truth)))


def load_tables(path: Path) -> list[Table]:
    """Every task of a file with arrays `return_TASK` and `config_TASK`.

    Raises:
        OSError: the file cannot be read.
    """
    with np.load(path) as data:
        names = [key.removeprefix("return_") for key in data.files if key.startswith("return_")]
        return [_table(name, data[f"return_{name}"], data[f"config_{name}"]) for name in names]


def _table(name: str, returns: NDArray[np.float32], configurations: NDArray[np.float64]) -> Table:
    floor = next((value for kind, value in FLOORS.items() if name.startswith(kind)), -np.inf)
    if floor == -np.inf:  # of this project's own making: NaN stands for runs that are still missing
        returns = returns[:, np.isfinite(returns).all(axis=(0, 2))]
    values = np.maximum(np.nan_to_num(returns.astype(np.float64), nan=floor, neginf=floor), floor)
    return Table(name=name, values=values, points=_ranks(configurations))


def _ranks(configurations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every column as ranks from 0 to 1; equal values share their mean rank."""
    columns = []
    for column in configurations.T:
        unique, places, counts = np.unique(column, return_inverse=True, return_counts=True)
        means = np.cumsum(counts) - (counts + 1) / 2
        columns.append(means[places] / max(len(column) - 1, 1) if len(unique) > 1 else np.full(len(column), 0.5))
    return np.stack(columns, axis=1)
