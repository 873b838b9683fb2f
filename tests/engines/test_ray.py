"""The Ray engine beyond the contract of all engines: dead workers, threads, sent code."""

import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from conftest import make_job
from driving import LONG, children, completes, drive, gone, until_next, wait_for, write_arm

from tuner.engines.base import Evaluated, Event, Finished
from tuner.engines.ray.ray_engine import RayEngine
from tuner.errors import ClusterFailed, UsageProblem
from tuner.records import Decision, EnvironmentRef

STRANGER = 65534  # the uid of another user
LINE = EnvironmentRef(id="tuner_toys:ToyLine-v0")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_cluster")]


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def engine(toys: None, one_cluster: None, said: list[str]) -> Iterator[RayEngine]:
    made = RayEngine(LINE, 2, "local", say=said.append)
    yield made
    made.stop()


def failure(event: Event) -> str:
    assert isinstance(event, Finished)
    assert event.outcome.state == "failed"
    return event.outcome.reason


def test_the_cluster_is_reported(engine: RayEngine, said: list[str]) -> None:
    assert len(said) == 1
    assert said[0].startswith("Ray cluster at ")
    assert said[0].endswith(": 1 node, 2 CPUs.")
    assert engine.workers == 2


def test_a_cluster_of_its_own_is_closed_to_other_users(engine: RayEngine, tmp_path: Path) -> None:
    """Its folder, from which workers import code, its token and its ports."""
    assert completes(engine, make_job(number=20))  # so that a worker is there
    processes = [*children("/ray/", recursive=True), *children("ray::", recursive=True)]
    node: Any = ray._private.worker._global_node
    folder = Path(node.get_session_dir_path()).parent.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not any(Path.home().glob(".ray/*"))
    listening = [one for process in processes for one in process.net_connections("inet") if one.status == "LISTEN"]
    assert len(listening) > 3
    assert {one.laddr.ip.removeprefix("::ffff:") for one in listening} == {"127.0.0.1"}
    [server] = [process for process in processes if "gcs_server" in process.name()]
    environment = server.environ()
    assert environment["RAY_AUTH_MODE"] == "token"
    assert len(environment["RAY_AUTH_TOKEN"]) == 64
    if os.getuid() == 0:
        listed = subprocess.run(["/bin/ls", folder], user=STRANGER, group=STRANGER, capture_output=True, text=True)
        assert "Permission denied" in listed.stderr


def test_two_jobs_run_in_parallel(engine: RayEngine) -> None:
    engine.start(make_job(number=0))
    engine.start(make_job(number=1))
    assert {until_next(engine).number, until_next(engine).number} == {0, 1}  # both wait before any is answered
    for number in (1, 0):
        engine.answer(number, Decision(go_on=False))
        event = until_next(engine)
        assert isinstance(event, Finished)
        assert (event.number, event.outcome.state) == (number, "stopped")


def test_a_worker_killed_in_a_trial_is_a_failed_outcome(engine: RayEngine) -> None:
    engine.start(make_job(number=4, **LONG))
    assert isinstance(until_next(engine), Evaluated)
    [worker] = children("ray::trial-4", recursive=True)
    worker.kill()
    event = until_next(engine)
    assert failure(event).startswith("the worker process died on node ")
    assert isinstance(event, Finished)
    assert event.outcome.lost_with == ""
    assert completes(engine, make_job(number=5))


def test_a_mailbox_that_dies_takes_its_jobs_along_and_the_next_one_serves(engine: RayEngine) -> None:
    engine.start(make_job(number=6, **LONG))
    engine.start(make_job(number=7, **LONG))
    assert {type(until_next(engine)), type(until_next(engine))} == {Evaluated}
    engine.answer(6, Decision(go_on=True))  # one trains, the other waits for its answer
    [mailbox] = children("ray::Mailbox", recursive=True)
    mailbox.kill()
    lost: list[Event] = []
    assert wait_for(lambda: lost.extend(engine.wait(1.0)) or len(lost) == 2)  # type: ignore[func-returns-value]
    assert all(failure(event).startswith("the mailbox died") for event in lost)
    assert {event.outcome.lost_with for event in lost if isinstance(event, Finished)} == {"mailbox 1"}
    assert wait_for(lambda: not children("ray::trial", recursive=True))
    assert completes(engine, make_job(number=8))


def test_a_worker_that_takes_too_much_memory_ends(engine: RayEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_memory", 1_000_000_000)
    event = drive(engine, make_job(number=9, environment=EnvironmentRef(id="tuner_toys:ToyHungry-v0"), **LONG))[-1]
    assert "over the --memory limit of 1 GB; killed" in failure(event)
    assert completes(engine, make_job(number=10))


def test_a_worker_that_hangs_is_ended(engine: RayEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (11, 12):  # so that the median is known
        assert completes(engine, make_job(number=number))
    monkeypatch.setattr("tuner.engines.hang_detector.LEAST_LIMIT", 6.0)
    event = drive(engine, make_job(number=13, environment=EnvironmentRef(id="tuner_toys:ToyHanging-v0")))[-1]
    assert failure(event).startswith("worker unresponsive for ")
    assert wait_for(lambda: not children("ray::trial-13", recursive=True))
    assert completes(engine, make_job(number=14))


def test_a_worker_has_one_thread(engine: RayEngine) -> None:
    engine.start(make_job(number=15, environment=EnvironmentRef(id="tuner_toys:ToyThreads-v0")))
    event = until_next(engine)
    assert isinstance(event, Evaluated)
    assert event.evaluation.distance == 1.0  # this environment's distance is the number of torch's threads
    [worker] = children("ray::trial-15", recursive=True)
    variables = worker.environ()
    assert (variables["OMP_NUM_THREADS"], variables["MKL_NUM_THREADS"]) == ("1", "1")
    engine.answer(15, Decision(go_on=False))
    assert isinstance(until_next(engine), Finished)


def test_the_sigterm_handler_is_restored(engine: RayEngine) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    assert getattr(handler, "__module__", "") != "ray._private.worker"


def test_nothing_is_left_and_code_was_sent(engine: RayEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this order, since a process has one cluster at a time."""
    every = [*children("/ray/", recursive=True), *children("ray::", recursive=True)]
    family = [
        one for one in every if "-c" not in one.cmdline()
    ]  # multiprocessing's helpers, whose paths name Ray's too
    assert family
    engine.stop()
    engine.stop()
    assert wait_for(lambda: all(gone(process.pid) for process in family))
    assert not ray.is_initialized()
    reward = "1.0 if 'py_modules_files' in __file__ and 'py_modules_files' in metal.__file__ else 0.0"
    path = write_arm(tmp_path / "elsewhere" / "arm.py", "import metal", reward)
    (path.parent / "metal.py").touch()
    environment = EnvironmentRef(id=f"{path}:Arm")
    monkeypatch.setenv("PYTHONPATH", "")
    other = RayEngine(environment, 1, "local")
    try:
        job = make_job(environment=environment, objective="return")
        evaluated = drive(other, job)[0]
        assert isinstance(evaluated, Evaluated)
        assert evaluated.evaluation.mean_return == 1.0
    finally:
        other.stop()


@pytest.mark.parametrize("address", ["127.0.0.1:9", "no-such-host.invalid:6379"])
def test_no_cluster_at_an_address_is_one_line(address: str, toys: None) -> None:
    before = ray.is_initialized()  # by the engine of the tests before, where these run in another process
    with pytest.raises(ClusterFailed, match=rf"cannot connect to a Ray cluster at {address} \(.+\): check its"):
        RayEngine(LINE, 1, address)
    assert ray.is_initialized() == before


def test_a_folder_with_too_long_a_name_is_told_with_its_cure(
    toys: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(*_: object, **__: object) -> None:  # as Ray's own `validate_socket_filename` raises
        raise OSError("AF_UNIX path length cannot exceed 107 bytes: /x/ray/session_1/sockets/plasma_store")

    monkeypatch.setattr("tuner.engines.ray.connection.ray.init", too_long)
    with pytest.raises(ClusterFailed, match=r"has too long a name: set RAY_TMPDIR to a short path, such as /tmp$"):
        RayEngine(LINE, 1, "local")


def test_a_cluster_that_another_user_names_is_not_joined(
    toys: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ray_current_cluster"
    file.write_text("127.0.0.1:9")
    monkeypatch.setattr("ray._private.utils.read_ray_address", lambda: "127.0.0.1:9")
    monkeypatch.setattr("tuner.engines.ray.connection.get_ray_address_file", lambda _: str(file))
    monkeypatch.setattr("tuner.engines.ray.connection.os.getuid", lambda: STRANGER)
    if os.geteuid() == 0:
        os.chown(file, STRANGER - 1, -1)
    with pytest.raises(ClusterFailed, match=r"belongs to another user, uid \d+\): `--ray-address HOST:PORT` joins it"):
        RayEngine(LINE, 1)


def test_a_password_on_the_command_line_is_refused(toys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["tuner", "run", "--storage=postgresql://me:secret@host/db", "--engine", "ray"])
    with pytest.raises(UsageProblem, match=r"=postgresql://me:\*\*\*@host/db has a password, and Ray shows") as refused:
        RayEngine(LINE, 1, "local")
    assert "secret" not in str(refused.value)


def test_a_ray_without_tokens_is_refused(toys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.__version__", "2.51.2")
    with pytest.raises(ClusterFailed, match=r"Ray 2\.51\.2 lets every user .* 2\.52 and later have tokens"):
        RayEngine(LINE, 1, "local")


def test_a_folder_of_rays_that_is_not_there_is_named(toys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_TMPDIR", "/nowhere/at/all")
    with pytest.raises(ClusterFailed, match=r"RAY_TMPDIR names /nowhere/at/all, which is no folder: make it, or unset"):
        RayEngine(LINE, 1, "local")
