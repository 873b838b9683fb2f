"""A trial in a worker process of a node, and the mailbox where it leaves what it has to tell its coordinator."""

import asyncio
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
    """A worker has the job, and loads what it needs."""

    node: str
    address: str


@dataclass(frozen=True)
class Loaded:
    """A worker has loaded what it needs."""


@dataclass(frozen=True)
class Overfull:
    """A worker held too much memory, and ends."""

    held: int  # bytes


Letter = Began | Loaded | Overfull | Evaluation


class Mailbox:
    """Where workers leave letters and wait for answers; whoever coordinates empties it.

    Made for an asynchronous actor: every worker that waits is a coroutine, none a thread. A key stands for one run of
    one job, so that a lost run's letters are not taken for its successor's.
    """

    def __init__(self) -> None:
        self._letters: list[tuple[int, Letter]] = []
        self._news = asyncio.Event()
        self._answers: dict[int, asyncio.Future[Decision]] = {}

    async def tell(self, key: int, letter: Letter) -> None:
        """Leaves a letter that wants no answer."""
        self._letters.append((key, letter))
        self._news.set()

    async def report(self, key: int, evaluation: Evaluation) -> Decision:
        """Leaves an evaluation and waits for the answer."""
        answer: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        self._answers[key] = answer
        await self.tell(key, evaluation)
        return await answer

    async def empty(self) -> list[tuple[int, Letter]]:
        """All letters there are, each with its key; waits for the first."""
        await self._news.wait()
        self._news.clear()
        letters, self._letters = self._letters, []
        return letters

    async def answer(self, key: int, decision: Decision) -> None:
        """Answers whoever waits under that key."""
        if (waiting := self._answers.pop(key, None)) is not None:
            waiting.set_result(decision)

    async def forget(self, key: int) -> None:
        """Nobody waits under that key any longer."""
        if (waiting := self._answers.pop(key, None)) is not None:
            waiting.cancel()


LEAVE = 5.0  # s
WATCH = 1.0  # s between a worker's looks at its own memory

_warm: set[str] = set()  # the environments that this process has made already


class Post(Protocol):
    """The way to the coordinator."""

    def tell(self, letter: Letter) -> None:
        """Brings a letter there."""

    def report(self, evaluation: Evaluation) -> Decision:
        """Brings an evaluation there, and its answer back."""


def run_on_node(
    job: TrialJob, post: Post, began: Began, warm: EnvironmentRef, limit: int | None
) -> TrialOutcome | TunerError:
    """Runs one job; every fault is returned, but those of the post.

    Args:
        job: What to train.
        post: Where its news goes.
        began: Where it runs.
        warm: The environment that a process makes once before its first trial, outside the trial's time.
        limit: Bytes of memory that this process may hold.
    """
    post.tell(began)
    ended = threading.Event()
    if limit is not None:
        threading.Thread(target=_watch, args=(post, limit, ended), daemon=True).start()
    try:
        return _run(job, post, warm)
    except TunerError as error:
        return error
    except ImportError as error:
        return EnvironmentUnusable(
            f"node {began.address}: {' '.join(str(error).split())}; every node needs the packages that are installed "
            "on the machine of the run (docs/cluster.md)"
        )
    finally:
        ended.set()


def _run(job: TrialJob, post: Post, warm: EnvironmentRef) -> TrialOutcome | TunerError:
    from tuner.trial import run_trial

    if warm.id not in _warm:
        warm_up(warm)
        _warm.add(warm.id)
    post.tell(Loaded())
    lost: list[Exception] = []

    def report(evaluation: Evaluation) -> Decision:
        try:
            return post.report(evaluation)
        except Exception as error:
            lost.append(error)
            raise

    try:
        return run_trial(job, report)
    except TunerError as error:
        return error
    except Exception as error:  # noqa: BLE001 - the border: it is passed on whole
        if lost:
            raise lost[0] from None
        return broken(error)


def _watch(post: Post, limit: int, ended: threading.Event, look: Callable[[int], int] = memory) -> None:
    """Ends this process where it holds too much memory, once that is told."""
    while not ended.wait(WATCH):
        if (held := look(os.getpid())) > limit:
            try:
                post.tell(Overfull(held))
                time.sleep(LEAVE)  # whoever hears of it ends this process: before its end is heard of by itself
            finally:
                os._exit(1)
