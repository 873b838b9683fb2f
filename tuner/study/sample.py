"""A study reduced to some of its trials, so that Optuna's own plots of thousands of trials stay small."""

from collections.abc import Container, Sequence

from optuna import Study
from optuna.trial import FrozenTrial, TrialState


class Sample(Study):
    """A stored study of which one sees some trials only; to read from."""

    def __init__(self, study: Study, trials: Sequence[FrozenTrial]) -> None:
        super().__init__(study_name=study.study_name, storage=study._storage)
        self._chosen = list(trials)

    def get_trials(
        self,
        deepcopy: bool = True,  # noqa: ARG002
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """The chosen trials in these states; never copies."""
        return [trial for trial in self._chosen if states is None or trial.state in states]


def thinned(trials: Sequence[FrozenTrial], most: int) -> list[FrozenTrial]:
    """At most about so many trials: the baselines, every one that set a record, the best, and others evenly.

    The order stays.
    """
    if len(trials) <= most:
        return list(trials)
    kept = {trial.number for trial in trials if "role" in trial.user_attrs}
    done = [trial for trial in trials if trial.state == TrialState.COMPLETE and trial.value is not None]
    record = float("-inf")
    for trial in done:
        if trial.value is not None and trial.value > record:
            record = trial.value
            kept.add(trial.number)
    best = sorted(done, key=lambda trial: -(trial.value or 0.0))[: most // 5]
    kept |= {trial.number for trial in best}
    others = [trial.number for trial in trials if trial.number not in kept]
    room = max(most - len(kept), 0)
    kept |= {others[place * len(others) // room] for place in range(room)} if room else set()
    return [trial for trial in trials if trial.number in kept]
