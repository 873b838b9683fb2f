"""Messages about a cluster whose head does not answer for a while, or for good."""

import socket
from types import SimpleNamespace

import pytest

from tuner.engines.ray import connection as module
from tuner.engines.ray.connection import Nodes
from tuner.errors import ClusterFailed


class Head:
    """A server at the address of a cluster's head."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def go(self) -> None:
        self._listener.close()

    def come_back(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))


@pytest.fixture
def head(monkeypatch: pytest.MonkeyPatch) -> Head:
    """A head that knows one node with two CPUs; every check asks it."""
    made = Head()
    node = {"NodeID": "a", "NodeManagerAddress": "10.0.0.2", "Resources": {"CPU": 2.0}, "Alive": True}
    context = SimpleNamespace(gcs_address=f"127.0.0.1:{made.port}")
    fake = SimpleNamespace(nodes=lambda: [node], get_runtime_context=lambda: context)
    monkeypatch.setattr(module, "ray", fake)
    monkeypatch.setattr(module, "CHECK_INTERVAL", 0.0)
    return made


def test_a_head_that_comes_back_is_waited_for_and_its_nodes_still_count(head: Head) -> None:
    said: list[str] = []
    nodes = Nodes(said.append)
    head.go()
    for _ in range(3):
        nodes.check()
    assert nodes.places == 2
    head.come_back()
    for _ in range(2):
        nodes.check()
    head.go()
    assert said == [
        f"Ray cluster at 127.0.0.1:{head.port}: 1 node, 2 CPUs.",
        "The head of the Ray cluster does not answer (Connection refused); waiting for it.",
        "The head of the Ray cluster answers again.",
    ]


def test_a_head_that_does_not_come_back_ends_the_run_with_advice(head: Head, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    nodes = Nodes(said.append)
    head.go()
    nodes.check()
    monkeypatch.setattr(module, "HEAD_RETURN_LIMIT", 0.0)
    with pytest.raises(ClusterFailed, match=rf"127\.0\.0\.1:{head.port}, has not answered for \d+ s .*restart the"):
        nodes.check()
    assert len(said) == 2
