"""Runs a trial in a worker process of a node; and the mailbox through which it reports to the coordinator."""

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tuner.engines.hang_detector import memory
from tuner.engines.worker import broken, warm_up
from tuner.errors import EnvironmentUnusable, TunerError
from tuner.records import Decision, EnvironmentRef, Evaluation, TrialJob, TrialOutcome


@dataclass(frozen=True)
class Began:
    """A worker received the job and is loading its libraries."""

    node: str
    address: str


@dataclass(frozen=True)
class Loaded:
    """A worker has loaded its libraries."""


@dataclass(frozen=True)
class Living:
    """A worker has stepped an environment or updated a model since its last message."""


@dataclass(frozen=True)
class Overfull:
    """A worker used too much memory and is exiting."""

    held: int  # bytes


NodeMessage = Began | Loaded | Living | Overfull | Evaluation


class Mailbox:
    """An actor in which workers leave messages and wait for answers; the coordinator empties it.

    Asynchronous, so that each waiting worker is a coroutine, not a thread. A key stands for one run of one job, so that
    messages of a lost run are not taken for those of its retry.
    """

    def __init__(self) -> None:
        self._messages: list[tuple[int, NodeMessage]] = []
        self._news = asyncio.Event()
        self._answers: dict[int, asyncio.Future[Decision]] = {}

    async def tell(self, key: int, message: NodeMessage) -> None:
        """Leaves a message that needs no answer."""
        self._messages.append((key, message))
        self._news.set()

    async def report(self, key: int, evaluation: Evaluation) -> Decision:
        """Leaves an evaluation and waits for the answer."""
        answer: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        self._answers[key] = answer
        await self.tell(key, evaluation)
        return await answer

    async def empty(self) -> list[tuple[int, NodeMessage]]:
        """Removes and returns all messages with their keys; waits for the first."""
        await self._news.wait()
        self._news.clear()
        messages, self._messages = self._messages, []
        return messages

    async def answer(self, key: int, decision: Decision) -> None:
        """Answers the worker that waits under the key, if any."""
        if (waiting := self._answers.pop(key, None)) is not None:
            waiting.set_result(decision)

    async def forget(self, key: int) -> None:
        """Cancels the wait under the key, if any."""
        if (waiting := self._answers.pop(key, None)) is not None:
            waiting.cancel()


REPORT_GRACE = 5.0  # s for the coordinator to kill a worker that reported too much memory
PULSE = 10.0  # s between two signs of life
MEMORY_INTERVAL = 1.0  # s between two checks of a worker's memory

_warm: set[str] = set()  # ids of the environments that this process has made


class Channel(Protocol):
    """A worker's connection to the coordinator."""

    def tell(self, message: NodeMessage) -> None:
        """Sends a message."""

    def report(self, evaluation: Evaluation) -> Decision:
        """Sends an evaluation and returns the decision."""


def run_on_node(
    job: TrialJob, channel: Channel, began: Began, warm: EnvironmentRef, limit: int | None
) -> TrialOutcome | TunerError:
    """Runs one job; returns every error except those of the channel, which are raised.

    Args:
        job: What to train.
        channel: The connection to the coordinator.
        began: The node that it runs on.
        warm: The environment that a process makes once before its first trial, not counted in the trial's time.
        limit: Bytes of memory that this process may use.
    """
    channel.tell(began)
    ended = threading.Event()
    if limit is not None:
        threading.Thread(target=_watch, args=(channel, limit, ended), daemon=True).start()
    try:
        return _run(job, channel, warm)
    except TunerError as error:
        return error
    except ImportError as error:
        return EnvironmentUnusable(
            f"node {began.address}: {' '.join(str(error).split())}; every node needs the packages that are installed "
            "on the coordinator's machine (docs/howto/cluster.md)"
        )
    finally:
        ended.set()


def _run(job: TrialJob, channel: Channel, warm: EnvironmentRef) -> TrialOutcome | TunerError:
    from tuner.training.life import LIFE, Pulse
    from tuner.trial import run_trial

    if warm.id not in _warm:
        warm_up(warm)
        _warm.add(warm.id)
    channel.tell(Loaded())
    lost: list[Exception] = []

    def report(evaluation: Evaluation) -> Decision:
        try:
            return channel.report(evaluation)
        except Exception as error:
            lost.append(error)
            raise

    LIFE.watch_optimizers()
    try:
        with Pulse(lambda: _tell_life(channel), PULSE):
            return run_trial(job, report)
    except TunerError as error:
        return error
    except Exception as error:  # noqa: BLE001 - passed on with its traceback
        if lost:
            raise lost[0] from None
        return broken(error)


def _tell_life(channel: Channel) -> None:
    """Leaves a sign of life; a lost channel is noticed by the next evaluation."""
    with contextlib.suppress(Exception):
        channel.tell(Living())


def _watch(channel: Channel, limit: int, ended: threading.Event, look: Callable[[int], int] = memory) -> None:
    """Ends this process if it uses too much memory, after reporting it."""
    while not ended.wait(MEMORY_INTERVAL):
        if (held := look(os.getpid())) > limit:
            try:
                channel.tell(Overfull(held))
                time.sleep(REPORT_GRACE)  # so that the message arrives before the end of this process
            finally:
                os._exit(1)
