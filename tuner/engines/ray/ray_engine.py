"""Workers on a Ray cluster: one task a trial, one mailbox for what trials report. Ray Core alone, no Ray Tune."""

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
from tuner.engines.ray.node import Began, Letter, Loaded, Mailbox, Overfull, run_on_node
from tuner.engines.ray.shipping import local_sources, to_send
from tuner.engines.worker import broken
from tuner.errors import ClusterFailed, EnvironmentUnusable, TunerError
from tuner.records import Decision, EnvironmentRef, Evaluation, TrialJob, TrialOutcome

LEAST_CONCURRENCY = 20_000  # calls at once that the mailbox takes; at least twice the workers

_log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class _SentJob:
    """A job that was given to the cluster."""

    number: int
    task: Any
    node: Began | None = None


class _Post:
    """The way from a worker to the mailbox."""

    def __init__(self, mailbox: Any, key: int) -> None:
        self._mailbox = mailbox
        self._key = key

    def tell(self, letter: Letter) -> None:
        ray.get(self._mailbox.tell.remote(self._key, letter))

    def report(self, evaluation: Evaluation) -> Decision:
        decision: Decision = ray.get(self._mailbox.report.remote(self._key, evaluation))
        return decision


def _task(job: TrialJob, mailbox: Any, key: int, warm: EnvironmentRef, limit: int | None) -> TrialOutcome | TunerError:
    here = Began(node=ray.get_runtime_context().get_node_id(), address=_own_address())
    try:
        return run_on_node(job, _Post(mailbox, key), here, warm, limit)
    except exceptions.RayError as error:
        return TrialOutcome(state="failed", reason=f"the mailbox is gone ({brief(error)})", lost_with="mailbox")
    except Exception as error:  # noqa: BLE001 - the border: it is passed on whole
        return broken(error)


def _own_address() -> str:
    address: str = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
    return address


class RayEngine:
    """One task for each trial, on one CPU of whichever node has one free.

    By default as many trials run side by side as the cluster has CPUs at the time. Where more were asked for than there
    are, half as many again wait in Ray's queue, so that a cluster that grows on demand sees some. Ray repeats nothing:
    what is lost is an outcome, and whoever coordinates decides.
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
        """Connects to a cluster, or starts one on this machine where there is none.

        Args:
            environment: What most trials train in: its code is sent to the nodes, and every worker makes it once
                before its first trial.
            workers: Trials side by side at most.
            address: `HOST:PORT` of the cluster. Without one: the variable RAY_ADDRESS, else a cluster that this machine
                is a node of, else one of its own.
            memory: Bytes that a worker may hold; no node takes more trials than have room.
            hang_detector: Watches over silent workers.
            say: Told in a line which nodes there are, come and go.

        Raises:
            ClusterFailed: where there is no cluster at that address, or it does not take this process in.
            UsageProblem: where the environment's code is too much to be sent.
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
            self._task: Any = ray.remote(**options)(_task)  # once: the cluster keeps every one that it is sent
            self._open_mailbox()
            self._nodes = Nodes(say, memory)
            self._closing = opened.pop_all()

    @property
    def workers(self) -> int:
        """How many jobs may run, or wait in the cluster's queue, just now."""
        there = max(1, self._nodes.places)
        return (
            min(there, self._concurrency // 2) if self._asked is None else min(self._asked, there + max(1, there // 2))
        )

    def prepare(self, count: int) -> None:
        """Nothing to do: workers load what they need before their first trial, outside the trial's own time."""

    def start(self, job: TrialJob) -> None:
        """Gives the job to the cluster."""
        self._keys += 1
        key = self._keys
        if job.environment.id == self._environment.id:
            job = replace(job, environment=replace(job.environment, id=self._sent.id))
        task = self._task.options(name=f"trial-{job.number}").remote(job, self._mailbox, key, self._sent, self._memory)
        self._runs[key] = _SentJob(number=job.number, task=task)
        self._when_there(task, functools.partial(self._ended, key))

    def wait(self, timeout: float) -> list[Event]:
        """Evaluations, outcomes and losses since the last call.

        Raises:
            ClusterFailed: where the cluster itself is gone.
        """
        events: list[Event] = []
        try:
            with contextlib.suppress(queue.Empty):
                events += self._news.get(timeout=timeout)()
                while True:
                    events += self._news.get_nowait()()
            events += self._given_up(spared={event.number for event in events})
            self._nodes.look()
        except exceptions.RayError as error:
            raise ClusterFailed(f"the Ray cluster is gone ({brief(error)}); the same command goes on") from error
        return events

    def answer(self, number: int, decision: Decision) -> None:
        """Answers the trial of that number."""
        for key, run in self._runs.items():
            if run.number == number:
                self._hang_detector.begin(number)
                self._mailbox.answer.remote(key, decision)

    def stop(self) -> None:
        """Leaves the cluster, which then ends this run's workers; ends a cluster of our own."""
        self._runs.clear()
        self._closing.close()

    def _when_there(self, reference: Any, handle: Callable[["Future[Any]"], list[Event]]) -> None:
        """Has `wait` call `handle` once a result, or its loss, is there."""
        reference.future().add_done_callback(lambda future: self._news.put(lambda: handle(future)))

    def _open_mailbox(self) -> None:
        self._mailboxes += 1
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        options = {"num_cpus": 0, "max_restarts": 0, "max_concurrency": self._concurrency, "scheduling_strategy": here}
        self._mailbox: Any = ray.remote(Mailbox).options(**options).remote()
        self._collect()

    def _collect(self) -> None:
        self._when_there(self._mailbox.empty.remote(), functools.partial(self._letters, self._mailboxes))

    def _letters(self, mailbox: int, future: "Future[list[tuple[int, Letter]]]") -> list[Event]:
        if mailbox != self._mailboxes:
            return []
        if (error := future.exception()) is not None:
            return self._mailbox_lost(error)
        self._collect()
        return [event for key, letter in future.result() if (event := self._read(key, letter)) is not None]

    def _read(self, key: int, letter: Letter) -> Event | None:
        if (run := self._runs.get(key)) is None:  # given up meanwhile
            return None
        match letter:
            case Began():
                run.node = letter
                self._hang_detector.begin(run.number, loading=True)
            case Loaded():
                self._hang_detector.begin(run.number)
            case Overfull(held=held):
                return self._give_up(key, too_much(held, self._memory or 0))
            case Evaluation():
                if run.number >= 0:  # short measurements come much sooner
                    self._hang_detector.heard(run.number)
                self._hang_detector.forget(run.number)
                return Evaluated(number=run.number, evaluation=letter)
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
        """What was under way reports to nobody: it is ended, and a new mailbox takes the place of the old."""
        lost, name = list(self._runs), f"mailbox {self._mailboxes}"
        self._open_mailbox()
        return [self._give_up(key, f"the mailbox is gone ({brief(error)})", name) for key in lost]

    def _give_up(self, key: int, reason: str, lost_with: str = "") -> Event:
        run = self._runs.pop(key)
        self._hang_detector.forget(run.number)
        self._mailbox.forget.remote(key)
        ray.cancel(run.task, force=True)
        return failed(run.number, reason, lost_with)

    def _given_up(self, spared: set[int]) -> list[Event]:
        """Ends runs that were silent for too long, but those just heard of."""
        silent = set(self._hang_detector.look(lambda _: False)) - spared
        if not silent:
            return []
        reason = self._hang_detector.reason
        return [self._give_up(key, reason) for key, run in list(self._runs.items()) if run.number in silent]


def _loss(run: _SentJob, error: BaseException) -> Event:
    """What to tell of a task that gave no result."""
    where = f"node {run.node.address}" if run.node is not None else "its node"
    match error:
        case exceptions.NodeDiedError():
            return failed(run.number, f"{where} is gone", f"node {run.node.node}" if run.node is not None else "a node")
        case exceptions.OutOfMemoryError():
            reason = (
                f"{where} ran short of memory and Ray ended the worker: with --memory GB no node takes too many trials"
            )
            return failed(run.number, reason)
        case exceptions.WorkerCrashedError():
            return failed(run.number, f"the worker process died on {where}")
        case exceptions.RayTaskError():  # before our own code could run
            return Broken(number=run.number, error=EnvironmentUnusable(f"{where} cannot run a trial: {brief(error)}"))
        case exceptions.ObjectLostError():  # its node went after it had ended
            return failed(run.number, f"its result is lost with {where}", "a result")
        case _:
            return failed(run.number, f"lost on {where}: {brief(error)}")


def _named(error: exceptions.NodeDiedError) -> Began | None:
    """The node that an error tells of; a task may be lost before it said where it runs."""
    found = re.search(r"Node IP: (\S+), node ID: (\w+)", str(error))
    return Began(node=found[2], address=found[1]) if found else None
