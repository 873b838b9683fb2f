"""The attempts of one trial: it and the failed trials that it repeats with the same seed."""

from collections.abc import Sequence

from optuna.trial import FrozenTrial

from tuner.records import TrialOutcome
from tuner.study.stored import MAX_ATTEMPTS

GAVE_UP = "gave_up"  # attribute of a trial that is not tried again


def attempts(trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """A trial and the trials that it retries, back to the first."""
    found = [trial]
    while (previous := found[-1].user_attrs.get("retry_of")) is not None:
        found.append(trials[previous])
    return found


def why_give_up(trial: FrozenTrial, trials: Sequence[FrozenTrial], outcome: TrialOutcome) -> str | None:
    """Why a failed trial is not tried again: three failures, or twice the same error; None if it is.

    What is lost with its node has other limits, and a worker's death may be the machine's doing.
    """
    before = [one.user_attrs["failure"] for one in attempts(trial, trials) if "failure" in one.user_attrs]
    alike = outcome.reason in before and not outcome.of_the_process
    if outcome.lost_with or not (alike or len(before) + 1 >= MAX_ATTEMPTS):
        return None
    return f"failed {len(before) + 1} times: {outcome.reason}"
