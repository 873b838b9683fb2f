"""How often one thing may fail before the run stops rather than burn the night."""

from tuner.errors import TooManyFailures
from tuner.records import TrialOutcome

MAX_ATTEMPTS = 3  # of one parameter set or run, before all stops
MAX_LOSSES = 10  # of one parameter set with what it ran on: it may be what kills it
WAY_OUT = "mend the cause, then the same command goes on"


def too_often(what: str, outcome: TrialOutcome) -> TooManyFailures:
    """The error for one thing that failed, or was lost, again and again."""
    how = f"was lost {MAX_LOSSES} times" if outcome.lost_with else f"failed {MAX_ATTEMPTS} times"
    return TooManyFailures(f"{what} {how}, at last: {outcome.reason} ({WAY_OUT})")
