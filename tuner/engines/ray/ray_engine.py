"""Runs trials on a Ray cluster: one task per trial and one mailbox for their messages. Ray Core only, no Ray Tune."""

import contextlib
import functools
import logging
import queue
import re
import tempfile
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray
from ray import exceptions
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from tuner.engines.base import Broken, Evaluated, Event, Finished, failed
from tuner.engines.hang_detector import HangDetector, too_much
from tuner.engines.processes import run_once
from tuner.engines.ray.connection import Nodes, brief, connected
from tuner.engines.ray.node import Began, Living, Loaded, Mailbox, NodeMessage, Overfull, run_on_node
from tuner.engines.ray.shipping import local_sources, to_send
from tuner.engines.worker import broken
from tuner.errors import ClusterFailed, EnvironmentUnusable, TunerError
from tuner.records import Decision, EnvironmentRef, Evaluation, TrialJob, TrialOutcome

LEAST_CONCURRENCY = 20_000  # concurrent calls of the mailbox; at least twice the workers

_log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class _SentJob:
    """A job that was submitted to the cluster."""

    number: int
    task: Any
    node: Began | None = None


class _MailboxChannel:
    """A worker's connection to the mailbox."""

    def __init__(self, mailbox: Any, key: int) -> None:
        self._mailbox = mailbox
        self._key = key

    def tell(self, message: NodeMessage) -> None:
        ray.get(self._mailbox.tell.remote(self._key, message))

    def report(self, evaluation: Evaluation) -> Decision:
        decision: Decision = ray.get(self._mailbox.report.remote(self._key, evaluation))
        return decision


def _task(job: TrialJob, mailbox: Any, key: int, warm: EnvironmentRef, limit: int | None) -> TrialOutcome | TunerError:
    here = Began(node=ray.get_runtime_context().get_node_id(), address=_own_address())
    try:
        return run_on_node(job, _MailboxChannel(mailbox, key), here, warm, limit)
    except exceptions.RayError as error:
        return TrialOutcome(state="failed", reason=f"the mailbox died ({brief(error)})", lost_with="mailbox")
    except Exception as error:  # noqa: BLE001 - passed on with its traceback
        return broken(error)


def _own_address() -> str:
    address: str = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
    return address


class RayEngine:
    """Runs one task per trial, on one CPU of any node with a free one.

    By default as many trials run in parallel as the cluster has CPUs at the time. If more workers were requested, half
    as many again wait in Ray's queue, so that an autoscaling cluster sees demand. Ray retries nothing: a lost trial is
    an outcome, and the coordinator decides.
    """

    def __init__(
        self,
        environment: EnvironmentRef,
        workers: int | None = None,
        address: str | None = None,
        *,
        memory: int | None = None,
        hang_detector: HangDetector | None = None,
        say: Callable[[str], None] = _log.info,
    ) -> None:
        """Connects to a cluster, or starts one on this machine if there is none.

        Args:
            environment: The environment of most trials: its code is sent to the nodes, and every worker makes it once
                before its first trial.
            workers: The most parallel trials.
            address: `HOST:PORT` of the cluster. Default: the variable RAY_ADDRESS, else a cluster that this machine is
                a node of, else a new one on this machine.
            memory: Bytes that a worker may use; no node gets more trials than fit into its memory.
            hang_detector: Detects unresponsive workers.
            say: Receives a line about the nodes at the start and when one joins or leaves.

        Raises:
            ClusterFailed: if there is no cluster at the address, or it refuses the connection.
            UsageProblem: if the environment's code is too large to send.
        """
        self._asked = workers
        self._concurrency = max(LEAST_CONCURRENCY, 2 * (workers or 0))
        self._environment = environment
        self._memory = memory
        self._hang_detector = hang_detector or HangDetector()
        self._runs: dict[int, _SentJob] = {}  # by key
        self._keys = self._mailboxes = 0
        self._news: queue.SimpleQueue[Callable[[], list[Event]]] = queue.SimpleQueue()  # filled by Ray's threads
        sources = run_once(local_sources, environment)
        self._sent = replace(environment, id=sources.id)
        with contextlib.ExitStack() as opened:
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="tuner-ray-")))
            opened.enter_context(connected(address, workers, to_send(sources, folder)))
            options: dict[str, Any] = {"num_cpus": 1, "max_retries": 0, "memory": memory}
            self._task: Any = ray.remote(**options)(_task)  # once: the cluster keeps every definition
            self._open_mailbox()
            self._nodes = Nodes(say, memory)
            self._closing = opened.pop_all()

    @property
    def workers(self) -> int:
        """The number of jobs that may run, or wait in Ray's queue, now."""
        places = max(1, self._nodes.places)
        if self._asked is None:
            return min(places, self._concurrency // 2)
        return min(self._asked, places + max(1, places // 2))

    def prepare(self, count: int) -> None:
        """Does nothing: workers load their libraries before their first trial, not counted in its time."""

    def start(self, job: TrialJob) -> None:
        """Submits the job to the cluster."""
        self._keys += 1
        key = self._keys
        if job.environment.id == self._environment.id:
            job = replace(job, environment=replace(job.environment, id=self._sent.id))
        task = self._task.options(name=f"trial-{job.number}").remote(job, self._mailbox, key, self._sent, self._memory)
        self._runs[key] = _SentJob(number=job.number, task=task)
        self._when_ready(task, functools.partial(self._ended, key))

    def wait(self, timeout: float) -> list[Event]:
        """Evaluations, outcomes and lost jobs since the last call.

        Raises:
            ClusterFailed: if the cluster itself is lost.
        """
        events: list[Event] = []
        try:
            with contextlib.suppress(queue.Empty):
                events += self._news.get(timeout=timeout)()
                while True:
                    events += self._news.get_nowait()()
            events += self._terminate_unresponsive(spared={event.number for event in events})
            self._nodes.check()
        except exceptions.RayError as error:
            raise ClusterFailed(f"lost the Ray cluster ({brief(error)}): restart it, then rerun to resume") from error
        return events

    def answer(self, number: int, decision: Decision) -> None:
        """Sends the decision to the trial."""
        for key, run in self._runs.items():
            if run.number == number:
                self._hang_detector.begin(number)
                self._mailbox.answer.remote(key, decision)

    def stop(self) -> None:
        """Disconnects, after which the cluster ends this run's workers; stops a cluster that was started here."""
        self._runs.clear()
        self._closing.close()

    def _when_ready(self, reference: Any, handle: Callable[["Future[Any]"], list[Event]]) -> None:
        """Makes `wait` call `handle` once the result is available or lost."""
        reference.future().add_done_callback(lambda future: self._news.put(lambda: handle(future)))

    def _open_mailbox(self) -> None:
        self._mailboxes += 1
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        options = {"num_cpus": 0, "max_restarts": 0, "max_concurrency": self._concurrency, "scheduling_strategy": here}
        self._mailbox: Any = ray.remote(Mailbox).options(**options).remote()
        self._collect()

    def _collect(self) -> None:
        self._when_ready(self._mailbox.empty.remote(), functools.partial(self._messages, self._mailboxes))

    def _messages(self, mailbox: int, future: "Future[list[tuple[int, NodeMessage]]]") -> list[Event]:
        if mailbox != self._mailboxes:
            return []
        if (error := future.exception()) is not None:
            return self._mailbox_lost(error)
        self._collect()
        return [event for key, message in future.result() if (event := self._event(key, message)) is not None]

    def _event(self, key: int, message: NodeMessage) -> Event | None:
        if (run := self._runs.get(key)) is None:  # terminated meanwhile
            return None
        match message:
            case Began():
                run.node = message
                self._hang_detector.begin(run.number, loading=True)
            case Loaded():
                self._hang_detector.begin(run.number)
            case Living():
                self._hang_detector.sign(run.number)
            case Overfull(held=held):
                return self._terminate(key, too_much(held, self._memory or 0))
            case Evaluation():
                if run.number >= 0:  # short measurements come much sooner
                    self._hang_detector.message_received(run.number)
                self._hang_detector.forget(run.number)
                return Evaluated(number=run.number, evaluation=message)
        return None

    def _ended(self, key: int, future: "Future[TrialOutcome | TunerError]") -> list[Event]:
        if (run := self._runs.pop(key, None)) is None:
            return []
        self._hang_detector.forget(run.number)
        if (error := future.exception()) is not None:
            self._mailbox.forget.remote(key)
            if isinstance(error, exceptions.NodeDiedError):
                run.node = run.node or _named(error)
                if run.node is not None:
                    self._nodes.lost(run.node.node)
            return [_loss(run, error)]
        result = future.result()
        if isinstance(result, TunerError):
            return [Broken(number=run.number, error=result)]
        if result.lost_with:
            result = replace(result, lost_with=f"{result.lost_with} {self._mailboxes}")
        return [Finished(number=run.number, outcome=result)]

    def _mailbox_lost(self, error: BaseException) -> list[Event]:
        """Terminates the running trials, which can no longer report, and opens a new mailbox."""
        lost, name = list(self._runs), f"mailbox {self._mailboxes}"
        self._open_mailbox()
        return [self._terminate(key, f"the mailbox died ({brief(error)})", name) for key in lost]

    def _terminate(self, key: int, reason: str, lost_with: str = "") -> Event:
        run = self._runs.pop(key)
        self._hang_detector.forget(run.number)
        self._mailbox.forget.remote(key)
        ray.cancel(run.task, force=True)
        return failed(run.number, reason, lost_with)

    def _terminate_unresponsive(self, spared: set[int]) -> list[Event]:
        """Terminates runs with unresponsive workers, except the jobs in `spared`."""
        hung = set(self._hang_detector.unresponsive(lambda _: False)) - spared
        if not hung:
            return []
        found = [(key, run.number) for key, run in self._runs.items() if run.number in hung]
        return [self._terminate(key, self._hang_detector.reason(number)) for key, number in found]


def _loss(run: _SentJob, error: BaseException) -> Event:
    """The event of a task that returned no result."""
    where = f"node {run.node.address}" if run.node is not None else "its node"
    match error:
        case exceptions.NodeDiedError():
            return failed(run.number, f"lost {where}", f"node {run.node.node}" if run.node is not None else "a node")
        case exceptions.OutOfMemoryError():
            reason = f"{where} ran out of memory and Ray killed the worker: limit the trials per node with --memory GB"
            return failed(run.number, reason)
        case exceptions.WorkerCrashedError():
            return failed(run.number, f"the worker process died on {where}")
        case exceptions.RayTaskError():  # raised before our code ran
            return Broken(number=run.number, error=EnvironmentUnusable(f"{where} cannot run a trial: {brief(error)}"))
        case exceptions.ObjectLostError():  # its node was lost after it had ended
            return failed(run.number, f"lost its result with {where}", "a result")
        case _:
            return failed(run.number, f"lost on {where}: {brief(error)}")


def _named(error: exceptions.NodeDiedError) -> Began | None:
    """The node named in the error, for a task that was lost before it reported its node."""
    found = re.search(r"Node IP: (\S+), node ID: (\w+)", str(error))
    return Began(node=found[2], address=found[1]) if found else None
