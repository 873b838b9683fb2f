"""A study on a Ray cluster with several nodes: after any kill, exactly N trials, equal to those of one worker."""

import contextlib
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from audit import FINISHED, audit
from conftest import Tuner, write_study
from driving import children
from ray.cluster_utils import Cluster
from test_kills import reports

TRIALS = 6
LIMIT = 240.0  # s, for anything here
NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80_000_000}

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_cluster")]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Trials of seconds, none pruned, drawn from a seed."""
    changes: dict[str, Any] = {"timesteps": 6_400, "checkpoints": 10, "pruner": "none", "sampler": "random", "seed": 7}
    return write_study(tmp_path, **changes, trials=TRIALS)


@contextlib.contextmanager
def head(num_cpus: int) -> Iterator[Cluster]:
    """A cluster's head, and no other node."""
    made = Cluster(initialize_head=True, head_node_args={**NODE, "num_cpus": num_cpus, "include_dashboard": False})
    yield made
    made.shutdown()  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A head without CPUs."""
    with head(num_cpus=0) as made:
        yield made


@pytest.fixture
def nodes(cluster: Cluster) -> Iterator[list[Any]]:
    """Three nodes of one CPU each; all that are there at the end are taken away."""
    yield [cluster.add_node(**NODE) for _ in range(3)]
    for node in list(cluster.worker_nodes):
        cluster.remove_node(node, allow_graceful=False)


def start(study: Path, cluster: Cluster, trials: int = TRIALS) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tuner", "run", str(study), "--json", "--engine", "ray", "--skip-check"]
    command += ["--ray-address", cluster.address, "--workers", "4", "--trials", str(trials)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'studies' / 'tuner.db'}"


def wait_for(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)


def trains(node: Any) -> bool:
    """Whether a trial runs on a node: its workers are its raylet's children, named after what they do."""
    [raylet] = node.all_processes["raylet"]
    return bool(children("ray::trial", raylet.process.pid))


def found(folder: Path) -> dict[int, tuple[Any, ...]]:
    """Parameters, value and curve of every finished trial, by its seed."""
    study = optuna.load_study(storage=url(folder), study_name="toy")
    trials = study.get_trials(deepcopy=False, states=FINISHED)
    return {trial.user_attrs["seed"]: (trial.params, trial.value, trial.intermediate_values) for trial in trials}


def alone(study: Path, folder: Path, tuner: Tuner, monkeypatch: pytest.MonkeyPatch) -> dict[int, tuple[Any, ...]]:
    """The trials of one worker."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert tuner(f"run {study} --engine inline --skip-check").code == 0
    return found(folder)


def test_a_node_dies_and_one_joins_and_every_trial_is_what_one_worker_finds(
    study: Path, cluster: Cluster, nodes: list[Any], tmp_path: Path, tuner: Tuner, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = start(study, cluster)
    wait_for(lambda: reports(tmp_path) >= 4 and trains(nodes[0]), process)
    cluster.remove_node(nodes[0], allow_graceful=False)
    cluster.add_node(**NODE)
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    assert json.loads(out)["finished"] == TRIALS
    assert re.search(r"Node \S+ left: \d nodes, \d CPUs\.", err)
    assert re.search(r"Node \S+ joined: \d nodes, \d CPUs\.", err)
    assert re.search(r"trial \d failed \(lost node \S+\)", err)
    states = audit(url(tmp_path), "toy", TRIALS).states
    assert states["COMPLETE"] == TRIALS
    assert states.get("FAIL", 0) >= 1
    assert found(tmp_path) == alone(study, tmp_path / "alone", tuner, monkeypatch)


@pytest.mark.parametrize(
    ("how", "code"),
    [pytest.param(signal.SIGKILL, -9, id="killed"), pytest.param(signal.SIGTERM, 143, id="terminated")],
)
@pytest.mark.long
def test_a_killed_driver_ends_its_trials_and_the_run_resumes(
    how: signal.Signals, code: int, study: Path, cluster: Cluster, nodes: list[Any], tmp_path: Path
) -> None:
    process = start(study, cluster)
    wait_for(lambda: reports(tmp_path) >= 4, process)
    process.send_signal(how)
    process.communicate(timeout=LIMIT)
    assert process.returncode == code
    again = start(study, cluster)
    _, err = again.communicate(timeout=LIMIT)
    assert again.returncode == 0, err
    assert "of an earlier run will run again" in err
    assert audit(url(tmp_path), "toy", TRIALS).states["FAIL"] >= 1


@pytest.mark.long
def test_a_lost_head_ends_the_run_in_a_line_and_it_resumes_on_the_next_cluster(study: Path, tmp_path: Path) -> None:
    with head(num_cpus=1) as doomed:
        process = start(study, doomed, trials=1000)
        wait_for(lambda: reports(tmp_path) >= 2, process)
        address = doomed.address
        node: Any = doomed.head_node
        [server] = node.all_processes["gcs_server"]
        server.process.kill()
        _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert "The head of the Ray cluster does not answer (Connection refused); waiting for it." in err
    assert f"tuner: the head of the Ray cluster, {address}, has not answered for " in err
    before = found(tmp_path)
    with head(num_cpus=1) as cluster:
        again = start(study, cluster, trials=len(before) + 2)
        _, err = again.communicate(timeout=LIMIT)
    assert again.returncode == 0, err
    audit(url(tmp_path), "toy", len(before) + 2)
    assert before.items() <= found(tmp_path).items()
