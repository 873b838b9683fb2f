"""A study reduced to some of its trials, which keeps Optuna's plots of large studies small."""

from collections.abc import Container, Sequence

from optuna import Study
from optuna.trial import FrozenTrial, TrialState


class Sample(Study):
    """A read-only view of some trials of a study."""

    def __init__(self, study: Study, trials: Sequence[FrozenTrial]) -> None:
        super().__init__(study_name=study.study_name, storage=study._storage)
        self._chosen = list(trials)

    def get_trials(
        self,
        deepcopy: bool = True,  # noqa: ARG002
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """The chosen trials in these states, not copied."""
        return [trial for trial in self._chosen if states is None or trial.state in states]


def thinned(trials: Sequence[FrozenTrial], most: int) -> list[FrozenTrial]:
    """About `most` trials in order: baselines, each new best, the best fifth of `most`, and others evenly spaced."""
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
