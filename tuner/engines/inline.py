"""Runs one trial at a time on a thread of this process: for debuggers, tests and one-core machines."""

import queue
import threading

from tuner.engines.base import Broken, Evaluated, Event, Finished
from tuner.engines.worker import result_or_error
from tuner.errors import TunerError
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome


class InlineEngine:
    """Runs each job on a new thread, one job at a time."""

    def __init__(self) -> None:
        self.workers = 1
        self._events: queue.Queue[Event] = queue.Queue()
        self._answers: queue.Queue[Decision] = queue.Queue()
        self._running: int | None = None
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    def prepare(self, count: int) -> None:
        """Nothing to do."""

    def start(self, job: TrialJob) -> None:
        """Starts a job."""
        self._running = job.number
        self._answers = queue.Queue()
        self._thread = threading.Thread(target=self._run, args=(job, self._answers), name=f"trial-{job.number}")
        self._thread.start()

    def _run(self, job: TrialJob, answers: "queue.Queue[Decision]") -> None:
        def report(evaluation: Evaluation) -> Decision:
            if self._stopped.is_set():
                return Decision(go_on=False)
            self._events.put(Evaluated(number=job.number, evaluation=evaluation))
            return answers.get()

        from tuner.trial import run_trial

        try:
            result = result_or_error(lambda: run_trial(job, report, self._stopped.is_set))
        except SystemExit as error:  # would end a worker process
            result = TrialOutcome(state="failed", reason=f"the environment raised SystemExit: {error}")
        if isinstance(result, TunerError):
            self._events.put(Broken(number=job.number, error=result))
        else:
            self._events.put(Finished(number=job.number, outcome=result))

    def wait(self, timeout: float) -> list[Event]:
        """The next event, if one comes within `timeout` seconds."""
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            return []
        if not isinstance(event, Evaluated):
            self._running = None
        return [event]

    def answer(self, number: int, decision: Decision) -> None:
        """Answers the running trial."""
        if number == self._running:
            self._answers.put(decision)

    def stop(self) -> None:
        """Ends the running trial at its next step, after a current update or evaluation."""
        self._stopped.set()
        self._answers.put(Decision(go_on=False))
        if self._thread is not None:
            self._thread.join()
