"""The mailbox: messages, and answers to waiting workers."""

import asyncio
import sys

import pytest
from conftest import make_job
from driving import EVALUATION

from tuner.engines.ray.node import Began, Loaded, Mailbox, NodeMessage, run_on_node
from tuner.errors import EnvironmentUnusable
from tuner.records import Decision, EnvironmentRef, Evaluation, TrialOutcome

BEGAN = Began(node="abc", address="10.0.0.1")
LINE = EnvironmentRef(id="tuner_toys:ToyLine-v0")
ON, OFF = Decision(go_on=True), Decision(go_on=False)


def test_messages_come_in_order_all_at_once_and_once() -> None:
    async def scene() -> None:
        box = Mailbox()
        empty = asyncio.create_task(box.empty())
        await asyncio.sleep(0)
        assert not empty.done()
        await box.tell(1, BEGAN)
        await box.tell(2, Loaded())
        assert await empty == [(1, BEGAN), (2, Loaded())]
        await box.tell(1, Loaded())
        assert await box.empty() == [(1, Loaded())]

    asyncio.run(scene())


def test_each_is_answered_under_its_own_key() -> None:
    async def scene() -> None:
        box = Mailbox()
        waiting = [asyncio.create_task(box.report(key, EVALUATION)) for key in (1, 2)]
        assert await box.empty() == [(1, EVALUATION), (2, EVALUATION)]
        await box.answer(2, OFF)
        await box.answer(3, ON)  # no worker waits under it
        assert await waiting[1] == OFF
        assert not waiting[0].done()
        await box.answer(1, ON)
        assert await waiting[0] == ON
        await box.answer(1, OFF)  # twice

    asyncio.run(scene())


def test_a_forgotten_wait_is_cancelled() -> None:
    async def scene() -> None:
        box = Mailbox()
        waiting = asyncio.create_task(box.report(1, EVALUATION))
        await box.empty()
        await box.forget(1)
        await box.forget(1)
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(scene())


class FakeChannel:
    """A connection to a coordinator that answers at once, or fails at evaluation `breaks`."""

    def __init__(self, answer: Decision = ON, breaks: int | None = None) -> None:
        self.messages: list[NodeMessage] = []
        self._answer = answer
        self._breaks = breaks

    def tell(self, message: NodeMessage) -> None:
        self.messages.append(message)

    def report(self, evaluation: Evaluation) -> Decision:
        self.messages.append(evaluation)
        if self._breaks == evaluation.index:
            raise ConnectionError("gone")
        return self._answer


def test_a_worker_reports_its_node_that_it_has_loaded_and_its_evaluations() -> None:
    channel = FakeChannel()
    outcome = run_on_node(make_job(), channel, BEGAN, LINE, None)
    assert isinstance(outcome, TrialOutcome)
    assert outcome.state == "completed"
    assert channel.messages[:2] == [BEGAN, Loaded()]
    assert [message.step for message in channel.messages[2:] if isinstance(message, Evaluation)] == [64, 128]


def test_an_error_of_the_spec_is_returned() -> None:
    outcome = run_on_node(
        make_job(environment=EnvironmentRef(id="tuner_toys:ToyNo-v0")), FakeChannel(), BEGAN, LINE, None
    )
    assert isinstance(outcome, EnvironmentUnusable)


def test_an_error_of_the_channel_is_raised() -> None:
    with pytest.raises(ConnectionError, match="gone"):
        run_on_node(make_job(), FakeChannel(breaks=1), BEGAN, LINE, None)


def test_a_package_that_a_node_lacks_is_named_with_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tuner.trial", None)
    outcome = run_on_node(make_job(), FakeChannel(), BEGAN, LINE, None)
    assert isinstance(outcome, EnvironmentUnusable)
    assert str(outcome).startswith("node 10.0.0.1: ")
    assert "every node needs the packages" in str(outcome)
