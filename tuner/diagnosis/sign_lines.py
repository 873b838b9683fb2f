"""How the lines of a diagnosis are written."""

from tuner.diagnosis.training_record import Sign
from tuner.verdicts import Verdict

SMALLER = "lower learning_rate, lower clip_range, fewer n_epochs"


def fine(name: str, finding: str) -> Sign:
    """Nothing to change."""
    return Sign(name=name, verdict="ok", finding=finding)


def sign(verdict: Verdict, name: str, symptom: str, finding: str, fix: str) -> Sign:
    """A problem with its suggestion."""
    return Sign(name=name, verdict=verdict, symptom=symptom, finding=finding, suggestion=fix)
