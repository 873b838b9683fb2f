"""When failures are too many: then a run stops rather than burn the night."""

from tuner.errors import TooManyFailures
from tuner.records import TrialOutcome

MAX_ATTEMPTS = 3  # of one parameter set or run, before all stops
MAX_LOSSES = 10  # of one parameter set with what it ran on: it may be what kills it
MAX_FAILURES_IN_A_ROW = 5
WAY_OUT = "mend the cause, then the same command goes on"


class FailuresInARow:
    """Counts failures since the last end without one. What was lost with its node is none."""

    def __init__(self) -> None:
        self._count = 0

    def none(self) -> None:
        """Something ended without failure: the row begins anew."""
        self._count = 0

    def one(self, outcome: TrialOutcome) -> None:
        """Something failed.

        Raises:
            TooManyFailures: where it is the fifth in a row.
        """
        self._count += not outcome.lost_with
        if self._count >= MAX_FAILURES_IN_A_ROW:
            raise TooManyFailures(f"{MAX_FAILURES_IN_A_ROW} failures in a row, at last: {outcome.reason} ({WAY_OUT})")


def too_often(what: str, outcome: TrialOutcome) -> TooManyFailures:
    """The error for one thing that failed, or was lost, again and again."""
    how = f"was lost {MAX_LOSSES} times" if outcome.lost_with else f"failed {MAX_ATTEMPTS} times"
    return TooManyFailures(f"{what} {how}, at last: {outcome.reason} ({WAY_OUT})")
