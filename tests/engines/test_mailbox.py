"""Letters, and answers to those who wait for them."""

import asyncio
import sys

import pytest
from conftest import make_job
from driving import EVALUATION

from tuner.engines.ray.node import Began, Letter, Loaded, Mailbox, run_on_node
from tuner.errors import EnvironmentUnusable
from tuner.records import Decision, EnvironmentRef, Evaluation, TrialOutcome

BEGAN = Began(node="abc", address="10.0.0.1")
LINE = EnvironmentRef(id="tuner_toys:ToyLine-v0")
ON, OFF = Decision(go_on=True), Decision(go_on=False)


def test_letters_come_in_order_all_at_once_and_once() -> None:
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
        await box.answer(3, ON)  # of nobody
        assert await waiting[1] == OFF
        assert not waiting[0].done()
        await box.answer(1, ON)
        assert await waiting[0] == ON
        await box.answer(1, OFF)  # twice

    asyncio.run(scene())


def test_who_is_forgotten_waits_no_longer() -> None:
    async def scene() -> None:
        box = Mailbox()
        waiting = asyncio.create_task(box.report(1, EVALUATION))
        await box.empty()
        await box.forget(1)
        await box.forget(1)
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(scene())


class Post:
    """The way to a coordinator that answers at once, or is gone at its `breaks`th evaluation."""

    def __init__(self, answer: Decision = ON, breaks: int | None = None) -> None:
        self.letters: list[Letter] = []
        self._answer = answer
        self._breaks = breaks

    def tell(self, letter: Letter) -> None:
        self.letters.append(letter)

    def report(self, evaluation: Evaluation) -> Decision:
        self.letters.append(evaluation)
        if self._breaks == evaluation.index:
            raise ConnectionError("gone")
        return self._answer


def test_a_worker_says_where_it_is_that_it_has_loaded_and_what_it_sees() -> None:
    post = Post()
    outcome = run_on_node(make_job(), post, BEGAN, LINE, None)
    assert isinstance(outcome, TrialOutcome)
    assert outcome.state == "completed"
    assert post.letters[:2] == [BEGAN, Loaded()]
    assert [letter.step for letter in post.letters[2:] if isinstance(letter, Evaluation)] == [64, 128]


def test_a_fault_of_the_spec_is_returned() -> None:
    outcome = run_on_node(make_job(environment=EnvironmentRef(id="tuner_toys:ToyNo-v0")), Post(), BEGAN, LINE, None)
    assert isinstance(outcome, EnvironmentUnusable)


def test_a_post_that_breaks_is_no_fault_of_the_trial() -> None:
    with pytest.raises(ConnectionError, match="gone"):
        run_on_node(make_job(), Post(breaks=1), BEGAN, LINE, None)


def test_a_package_that_a_node_lacks_is_named_with_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tuner.trial", None)
    outcome = run_on_node(make_job(), Post(), BEGAN, LINE, None)
    assert isinstance(outcome, EnvironmentUnusable)
    assert str(outcome).startswith("node 10.0.0.1: ")
    assert "every node needs the packages" in str(outcome)
