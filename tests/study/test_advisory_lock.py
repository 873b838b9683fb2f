"""One coordinator per study on PostgreSQL; and the contract of both kinds of lock."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import optuna
import psycopg
import pytest
from servers import Server
from sqlalchemy.engine import URL

from tuner.errors import StudyLocked
from tuner.study.advisory_lock import AdvisoryLock, key_of
from tuner.study.storage import open_to_read, open_to_write, parse_url, study_lock

HOLDER = """
import sys
from tuner.study.storage import parse_url, study_lock

with study_lock(parse_url(sys.argv[1]), "toy"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(database: URL) -> "Iterator[subprocess.Popen[Any]]":
    """Another process that holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLDER, database.render_as_string(hide_password=False)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_holder_is_told_who_and_since_when(database: URL, holder: "subprocess.Popen[Any]") -> None:
    with pytest.raises(StudyLocked) as caught, study_lock(database, "toy"):
        pytest.fail("both hold it")
    assert f"by process {holder.pid} on {socket.gethostname()} since 20" in str(caught.value)


def test_the_lock_of_a_dead_holder_is_free(database: URL, holder: "subprocess.Popen[Any]") -> None:
    holder.kill()
    holder.wait()
    with study_lock(database, "toy"), pytest.raises(StudyLocked, match=f"process {os.getpid()} "):
        study_lock(database, "toy").__enter__()


def test_a_lock_let_go_is_free_at_once(database: URL) -> None:
    for _ in range(5):
        with study_lock(database, "toy") as lock:
            optuna.create_study(storage=open_to_write(database, lock), study_name="toy", load_if_exists=True)
    with pytest.raises(RuntimeError), study_lock(database, "toy"):
        raise RuntimeError
    with study_lock(database, "toy"), study_lock(database, "other"), pytest.raises(StudyLocked):
        study_lock(database, "other").__enter__()


def test_the_key_follows_from_the_name_for_good() -> None:
    assert key_of("reach") == -2834076288918786917
    assert len({key_of(f"study{number}") for number in range(1000)}) == 1000
    assert all(-(2**63) <= key_of(f"study{number}") < 2**63 for number in range(1000))


def test_after_a_break_the_lock_is_taken_again_before_the_next_write(server: Server, postgres: URL) -> None:
    with study_lock(postgres, "toy") as lock:
        study = optuna.create_study(storage=open_to_write(postgres, lock), study_name="toy")
        for _ in range(3):
            assert server.end_sessions(str(postgres.database)) >= 1
            study.set_user_attr("written", value=True)
            with pytest.raises(StudyLocked, match=f"process {os.getpid()} "):
                study_lock(postgres, "toy").__enter__()


def test_a_former_connection_that_the_server_still_keeps_is_ended(postgres: URL) -> None:
    """The client lost the connection, but on the server it still exists and holds the lock."""
    with AdvisoryLock(postgres, "toy") as lock, contextlib.closing(lock.connect()) as former:
        lock._connection = SimpleNamespace(info=former.info, close=lambda: None)  # type: ignore[assignment]
        following = lock.connect()
        assert following.info.backend_pid != former.info.backend_pid
        with pytest.raises(psycopg.OperationalError, match="terminating connection"):
            former.execute("SELECT 1")
        with pytest.raises(StudyLocked):
            study_lock(postgres, "toy").__enter__()


def test_a_process_that_lost_its_lock_to_another_writes_nothing_more(server: Server, postgres: URL) -> None:
    with study_lock(postgres, "toy") as lock:
        study = optuna.create_study(storage=open_to_write(postgres, lock), study_name="toy")
        trial = study.ask()
        server.end_sessions(str(postgres.database))
        other = study_lock(postgres, "toy")
        with other:
            for write in (lambda: trial.report(0.5, 1), lambda: study.tell(trial, 0.5), study.ask):
                with pytest.raises(StudyLocked, match="the connection was lost, and meanwhile study 'toy' is being"):
                    write()
        with pytest.raises(StudyLocked, match="the connection was lost"):  # even when it is free again
            study.tell(trial, 0.5)
    (stored,) = optuna.load_study(storage=open_to_read(postgres), study_name="toy").get_trials()
    assert (stored.state, stored.intermediate_values) == (optuna.trial.TrialState.RUNNING, {})


def test_a_lock_of_a_session_that_is_no_coordinator_is_respected(server: Server, postgres: URL) -> None:
    with server.session(str(postgres.database)) as session:
        session.execute("SELECT pg_advisory_lock(%s)", [key_of("toy")])
        process = session.info.backend_pid
        with pytest.raises(StudyLocked, match=rf"by another session \(process {process} of the server\)"):
            AdvisoryLock(parse_url(postgres.render_as_string(hide_password=False)), "toy").__enter__()
