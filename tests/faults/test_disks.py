"""A full or read-only disk, and a locked database: nothing is lost, and the error is one line."""

import gc
import shlex
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from audit import audit
from conftest import Said, Tuner, write_study
from test_kills import LIMIT, query, reports, start, wait_for

INLINE = "--engine inline --skip-check"
TRIALS = 6

pytestmark = pytest.mark.slow

Remount = Callable[[str], None]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, Remount]]:
    """A disk of two megabytes, and a way to mount it anew with other options."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run([mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True)
    if not made or made.returncode:
        pytest.skip("needs the right to mount a file system (root)")

    def remount(options: str) -> None:
        subprocess.run([str(mount), "-o", f"remount,{options}", str(place)], check=True)

    yield place, remount
    subprocess.run([str(shutil.which("umount")), "--lazy", str(place)], check=True)


def command(study: Path, place: Path, trials: int) -> str:
    return f"run {study} --trials {trials} --storage sqlite:///{place}/studies/tuner.db {INLINE}"


def typed(line: str) -> Said:
    """Runs the command in a new process, which closes every file at its end."""
    said = subprocess.run(
        [sys.executable, "-m", "tuner", *shlex.split(line)], capture_output=True, text=True, timeout=LIMIT
    )
    return Said(code=said.returncode, out=said.stdout, err=said.stderr)


def values(place: Path, trials: int) -> dict[int, float | None]:
    return audit(f"sqlite:///{place}/studies/tuner.db", "toy", trials).values


def test_a_full_disk_stops_the_run_and_with_room_it_resumes(
    tuner: Tuner, disk: tuple[Path, Remount], tmp_path: Path
) -> None:
    place, remount = disk
    study = write_study(tmp_path)
    assert tuner(command(study, place, 2)).code == 0
    before = values(place, 2)
    free = shutil.disk_usage(place).free
    (place / "filler").write_bytes(b"x" * (free - 8192))
    full = tuner(command(study, place, TRIALS))
    assert full.code == 1, full.err
    assert "full" in full.err.splitlines()[-1] or "No space left" in full.err.splitlines()[-1]
    assert "Traceback" not in full.err
    remount("size=16m")
    assert tuner(command(study, place, TRIALS)).code == 0
    assert before.items() <= values(place, TRIALS).items()


def test_a_disk_that_became_read_only_stops_the_run_and_with_rights_it_resumes(
    tuner: Tuner, disk: tuple[Path, Remount], tmp_path: Path
) -> None:
    place, remount = disk
    remount("size=16m")
    study = write_study(tmp_path)
    assert typed(command(study, place, 2)).code == 0
    before = values(place, 2)
    gc.collect()  # the connection of the audit
    remount("ro")
    refused = typed(command(study, place, TRIALS))
    assert refused.code == 1, refused.err
    assert "read-only disk or missing permissions" in refused.err.splitlines()[-1]
    assert "Traceback" not in refused.err
    for line in (
        "status toy",
        "show --study toy",
        f"export toy -o {tmp_path}/best.yml",
        f"report toy -o {tmp_path}/a.html",
    ):
        read = tuner(f"{line} --storage sqlite:///{place}/studies/tuner.db")  # from a copy
        assert read.code == 0, read.err
    remount("rw")
    assert typed(command(study, place, TRIALS)).code == 0
    assert before.items() <= values(place, TRIALS).items()


def test_a_database_locked_for_seconds_is_waited_for(tmp_path: Path) -> None:
    study = write_study(tmp_path, timesteps=12_800, checkpoints=20)
    process = start(study)
    wait_for(lambda: reports(tmp_path) >= 2, process)
    other = sqlite3.connect(tmp_path / "studies" / "tuner.db", timeout=30, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    held = reports(tmp_path)
    time.sleep(4)  # longer than SQLite itself waits
    assert reports(tmp_path) == held
    other.execute("COMMIT")
    other.close()
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    assert "FAIL" not in audit(f"sqlite:///{tmp_path}/studies/tuner.db", "toy", 4).states
    assert not query(tmp_path, "SELECT 1 FROM trials WHERE state = 'RUNNING'")
