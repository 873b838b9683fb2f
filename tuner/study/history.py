"""A study's finished trials: they stay as they are, so that each needs to be looked at once."""

from collections.abc import Sequence

from optuna.trial import FrozenTrial


class History:
    """Tells apart what finished since it was last asked."""

    def __init__(self) -> None:
        self._seen = 0
        self._open: list[int] = []  # the numbers of those seen before they had finished

    def finished_since(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """Those of a study's trials, all of which are given in their order, that finished since the last call."""
        looked_at = [*self._open, *range(self._seen, len(trials))]
        self._seen = len(trials)
        self._open = [number for number in looked_at if not trials[number].state.is_finished()]
        still = set(self._open)
        return [trials[number] for number in looked_at if number not in still]

    def unfinished(self) -> list[int]:
        """The numbers of those that had not finished at the last call."""
        return self._open
