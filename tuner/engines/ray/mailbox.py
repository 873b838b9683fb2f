"""What workers on other machines have to tell, and where they leave it."""

import asyncio
from dataclasses import dataclass

from tuner.records import Decision, Evaluation


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
