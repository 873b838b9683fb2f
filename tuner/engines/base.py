"""The engine protocol and its events."""

from typing import Protocol

from tuner.errors import TunerError
from tuner.record_type import Record
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome


class Evaluated(Record):
    """A trial reached a checkpoint and waits for a decision."""

    number: int
    evaluation: Evaluation


class Finished(Record):
    """A trial ended; if its worker died, the outcome is failed."""

    number: int
    outcome: TrialOutcome


class Broken(Record):
    """A trial raised an error that is not an outcome: an invalid spec or a bug. The run must stop."""

    number: int
    error: TunerError


def failed(number: int, reason: str, lost_with: str = "") -> Finished:
    """The event of a failed trial; `lost_with` names the node or mailbox whose loss ended it."""
    return Finished(number=number, outcome=TrialOutcome(state="failed", reason=reason, lost_with=lost_with))


Event = Evaluated | Finished | Broken


class Engine(Protocol):
    """Runs jobs in parallel. Every started job ends in one `Finished` or `Broken`, unless the engine is stopped."""

    @property
    def workers(self) -> int:
        """The number of jobs that may run in parallel now."""

    def prepare(self, count: int) -> None:
        """Announces that up to `count` jobs will run in parallel, so that workers can start in the background."""

    def start(self, job: TrialJob) -> None:
        """Starts a job; call it only while fewer than `workers` jobs run."""

    def wait(self, timeout: float) -> list[Event]:
        """The events since the last call; waits up to `timeout` seconds for the first."""

    def answer(self, number: int, decision: Decision) -> None:
        """Sends the decision on a trial's evaluation; ignored if the trial has ended."""

    def stop(self) -> None:
        """Abandons all jobs and terminates all workers within seconds; may be called twice."""
