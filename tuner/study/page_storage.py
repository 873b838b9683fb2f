"""What the dashboard reads of a long study: every trial, and the curves of those that are looked at."""

import copy
from collections.abc import Container, Sequence

from optuna.storages import RDBStorage
from optuna.storages._cached_storage import _CachedStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import URL

from tuner.study.storage import open_to_read

MOST_CURVES = 300  # drawn in seconds; a browser takes minutes for ten thousand
LONG = ("diagnosis ", "arguments", "hardware")  # how attributes begin that the others come without


class PageStorage(_CachedStorage):
    """A storage to read; of a study with many trials, only the best and the last have curves and long attributes.

    The page draws a line for every trial that has one, and a browser cannot draw ten thousand. `whole` has them all.
    """

    def __init__(self, storage: RDBStorage) -> None:
        super().__init__(storage)
        self.whole = _CachedStorage(storage)
        self._plain: dict[int, FrozenTrial] = {}  # finished trials without their curves, by id

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """As Optuna's, with at most `MOST_CURVES` curves."""
        trials = self.whole.get_all_trials(study_id, deepcopy=deepcopy, states=states)
        if len(trials) <= MOST_CURVES:
            return trials
        shown = _shown(trials)
        return [trial if trial.number in shown else self._without_curve(trial) for trial in trials]

    def _without_curve(self, trial: FrozenTrial) -> FrozenTrial:
        if (plain := self._plain.get(trial._trial_id)) is None:
            plain = copy.copy(trial)
            plain.intermediate_values = {}
            plain._user_attrs = {name: one for name, one in trial.user_attrs.items() if not name.startswith(LONG)}
            if trial.state.is_finished():
                self._plain[trial._trial_id] = plain
        return plain


def open_for_pages(url: URL) -> PageStorage:
    """Opens a database for the dashboard, read-only and light.

    Raises:
        StorageFailed: as `open_to_read`.
    """
    return PageStorage(open_to_read(url, light=True)._backend)  # type: ignore[attr-defined]


def _shown(trials: Sequence[FrozenTrial]) -> set[int]:
    """The numbers of the best trials, half of `MOST_CURVES`, and of the last."""
    ranked = sorted((trial for trial in trials if trial.state == TrialState.COMPLETE), key=_value, reverse=True)
    best = {trial.number for trial in ranked[: MOST_CURVES // 2]}
    others = [trial.number for trial in trials if trial.number not in best]
    return best | {*others[len(best) - MOST_CURVES :]}


def _value(trial: FrozenTrial) -> float:
    return trial.values[0] if trial.values else float("-inf")
