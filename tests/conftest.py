"""Fixtures for all tests: a folder of their own, no access to a user's database, one torch thread, toy studies."""

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is imported
os.environ["MPLCONFIGDIR"] = f"{tempfile.gettempdir()}/tuner-tests-matplotlib"  # fonts are looked for once
os.environ["RAY_AUTH_TOKEN"] = "tests"  # noqa: S105 - Ray stores its own under HOME, which differs in every test

import filelock
import pytest
import yaml
from servers import PRESENT, REQUIRED, WHY, Server, running_server
from sqlalchemy.engine import URL

from tuner.cli.main import call
from tuner.records import Checkpoint, EnvironmentRef, TrialJob
from tuner.study.storage import parse_url

if TYPE_CHECKING:
    from dashboard_parts import Shown

pytest_plugins = ["use_cases"]

# Tests that a shell starts in the background ignore Ctrl-C, and their child processes would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parent.parent
TOYS = ROOT / "tests" / "toys"

SPACE: dict[str, Any] = {
    "parameters": {
        "learning_rate": {"type": "float", "low": 1e-5, "high": 1e-2, "scale": "log"},
        "n_steps": {"type": "int", "low": 16, "high": 64, "scale": "power_of_two"},
        "batch_size": {"type": "int", "low": 4, "high": 32, "scale": "power_of_two", "below": "n_steps"},
    },
    "fixed": {"n_epochs": 1},
}
BASELINES = {
    "current": {"learning_rate": 3e-4, "n_steps": 32, "batch_size": 8, "n_epochs": 1, "device": "auto"},
    "proposed": {"learning_rate": 1e-4, "n_steps": 64, "batch_size": 16, "n_epochs": 2, "device": "cuda"},
}
STUDY = {
    "environment": {"id": "tuner_toys:ToyLine-v0"},
    "space": "toy_space.yaml",
    "timesteps": 384,
    "checkpoints": 6,
    "goals": {"early": 3, "late": 4},
    "trials": 4,
    "baselines": BASELINES,
}


def pytest_configure(config: pytest.Config) -> None:
    """Compiles what trials compute before the first test: a test of something else would wait for it."""
    compiled = any((ROOT / "tuner" / "training" / "fused" / "__pycache__").glob("*.nbi"))
    if not compiled and not hasattr(config, "workerinput"):
        path = os.pathsep.join(map(str, (ROOT, ROOT / "envs")))
        code = "import tuner.training.warm"
        subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=True)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs in an empty folder, in which `studies/tuner.db` would be its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TUNER_STORAGE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (TOYS, ROOT, ROOT / "envs"))))  # this checkout's
    monkeypatch.syspath_prepend(str(TOYS))


@pytest.fixture(autouse=True)
def _own_modules(tmp_path: Path) -> Iterator[None]:
    """Modules that a test imports from its folder are removed after it, so that the next test imports its own."""
    before = set(sys.modules)
    yield
    for name in sys.modules.keys() - before:
        spec = getattr(sys.modules[name], "__spec__", None)  # some libraries put objects of their own there
        places = [*(getattr(spec, "submodule_search_locations", None) or ()), getattr(spec, "origin", None)]
        if any(isinstance(place, str) and Path(place).is_relative_to(tmp_path) for place in places):
            del sys.modules[name]


@pytest.fixture(scope="module")
def toys() -> Iterator[None]:
    """The toy environments for workers that start before a test has its own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOYS))
        yield


@pytest.fixture
def toy_study(tmp_path: Path) -> Path:
    """A study file that runs in a second, in the current folder."""
    return write_study(tmp_path)


def write_study(folder: Path, name: str = "toy", **changes: Any) -> Path:
    """Writes the toy study, with changed keys, and its space."""
    (folder / "toy_space.yaml").write_text(yaml.safe_dump(SPACE))
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({**STUDY, **changes}))
    return path


def make_job(**changes: Any) -> TrialJob:
    """A short training run in the toy environment."""
    values: dict[str, Any] = {
        "number": 0,
        "seed": 1_000_000,
        "params": {"n_steps": 32, "batch_size": 8, "n_epochs": 1},
        "environment": EnvironmentRef(id="tuner_toys:ToyLine-v0"),
        "algorithm": "ppo",
        "trainer": "auto",
        "policy": "auto",
        "device": "cpu",
        "timesteps": 128,
        "objective": "success",
        "checkpoints": (Checkpoint(step=64, goals=3), Checkpoint(step=128, goals=4)),
    }
    return TrialJob(**{**values, **changes})


@dataclass(frozen=True, kw_only=True)
class Said:
    """A command's exit code and output."""

    code: int
    out: str
    err: str


class Tuner(Protocol):
    """Runs a command line in this process."""

    def __call__(self, line: str) -> Said:
        """Runs it."""
        ...


@pytest.fixture
def tuner(capsys: pytest.CaptureFixture[str]) -> Tuner:
    """`tuner("run toy.yaml --trials 3")`."""

    def typed(line: str) -> Said:
        capsys.readouterr()
        code = call(shlex.split(line))
        captured = capsys.readouterr()
        return Said(code=code, out=captured.out, err=captured.err)

    return typed


@pytest.fixture(scope="module")
def one_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One Ray cluster at a time on this machine: two that start together take many times as long."""
    with filelock.FileLock(tmp_path_factory.getbasetemp().parent / "ray.lock"):
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """PostgreSQL, one server for all tests of a process."""
    if not PRESENT and not REQUIRED:
        pytest.skip(WHY)
    assert PRESENT, f"TUNER_REQUIRE asks for PostgreSQL: {WHY}"
    with running_server() as running:
        yield running


@pytest.fixture
def postgres(server: Server) -> URL:
    """An empty PostgreSQL database."""
    return server.make_database()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """The URL of an empty database, of every kind."""
    if request.param == "sqlite":
        return parse_url(f"sqlite:///{tmp_path}/toy.db")
    url: URL = request.getfixturevalue("postgres")
    return url


@pytest.fixture(scope="session")
def _finished_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the toy study was run, once for all tests that read it."""
    folder = tmp_path_factory.mktemp("finished")
    path = write_study(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(str(TOYS))
        assert call(["run", str(path), "--engine", "inline", "--sampler", "random", "--seed", "1"]) == 0
    return folder


@pytest.fixture
def finished(_finished_folder: Path, tmp_path: Path) -> Path:
    """The file of a toy study with four finished trials, its database the default one of the current folder."""
    shutil.copytree(_finished_folder, tmp_path, dirs_exist_ok=True)
    return tmp_path / "toy.yaml"


@pytest.fixture
def shown(finished: Path, tmp_path: Path) -> "Shown":
    """A dashboard over the toy study, to send requests to in this process."""
    from dashboard_parts import show

    return show(tmp_path)


@pytest.fixture
def dashboard(finished: Path) -> Iterator[str]:
    """The address of a dashboard that shows the toy study, as the command prints it."""
    with dashboard_over(Path.cwd()) as address:
        yield address


@contextlib.contextmanager
def dashboard_over(folder: Path, *options: str) -> Iterator[str]:
    """The address of a dashboard that shows the studies of a folder."""
    command = [sys.executable, "-m", "tuner", "dashboard", "--port", "0", *options]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+(/dashboard/\?token=\S+)?", said)
        assert found, said
        yield found.group()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


def kept_models(folder: Path) -> list[Path]:
    """The models that a run in a folder has kept, among what it keeps beside them."""
    return [path for path in (folder / "studies" / "tuner.artifacts").iterdir() if path.read_bytes()[:2] == b"PK"]
