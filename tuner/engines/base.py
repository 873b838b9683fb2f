"""What an engine is, and the events it gives."""

from typing import Protocol

from tuner.errors import TunerError
from tuner.record_type import Record
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome


class Evaluated(Record):
    """A trial reached a checkpoint and waits for an answer."""

    number: int
    evaluation: Evaluation


class Finished(Record):
    """A trial ended; a worker that died under it counts as a failed outcome."""

    number: int
    outcome: TrialOutcome


class Broken(Record):
    """A trial raised what no trial may raise: a fault of the spec or of ours. The run must stop."""

    number: int
    error: TunerError


def failed(number: int, reason: str, lost_with: str = "") -> Finished:
    """The end of a trial whose worker failed it, or was lost with what it ran on."""
    return Finished(number=number, outcome=TrialOutcome(state="failed", reason=reason, lost_with=lost_with))


Event = Evaluated | Finished | Broken


class Engine(Protocol):
    """Runs jobs side by side. Every started job ends in one `Finished` or `Broken`, unless the engine is stopped."""

    @property
    def workers(self) -> int:
        """How many jobs may run side by side just now."""

    def prepare(self, count: int) -> None:
        """Is told that up to `count` jobs will run side by side, and may get ready for them meanwhile."""

    def start(self, job: TrialJob) -> None:
        """Starts a job; call it only while fewer than `workers` jobs run."""

    def wait(self, timeout: float) -> list[Event]:
        """The events since the last call; waits up to `timeout` seconds for the first."""

    def answer(self, number: int, decision: Decision) -> None:
        """Answers the evaluation that a trial waits on. An answer to a dead trial is dropped."""

    def stop(self) -> None:
        """Lets go of every job and ends every worker process within seconds; stopping twice is harmless."""
