"""Helpers for tests of use cases: a recording notifier, stand-ins for use cases, folders with finished studies."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest
from conftest import TOYS, write_study

from tuner.app.confirm import ConfirmRequest, confirm
from tuner.app.engine_options import EngineOptions
from tuner.app.events import Event
from tuner.app.notify import SilentNotifier
from tuner.app.tune import TuneRequest, tune
from tuner.comparison import comparison_plan

INLINE = EngineOptions(engine="inline")
STAGES: list[dict[str, Any]] = [
    {"parameters": {"learning_rate": {"type": "float", "low": 1e-4, "high": 1e-3, "scale": "log"}}},
    {"parameters": {"n_steps": {"type": "int", "low": 16, "high": 64, "scale": "power_of_two"}}},
]
Kind = TypeVar("Kind", bound=Event)


class Told(SilentNotifier):
    """Records the events of a use case."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def notify(self, event: Event) -> None:
        """Records an event."""
        self.events.append(event)

    def of(self, kind: type[Kind]) -> list[Kind]:
        """The events of a kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def told() -> Told:
    """The recording notifier for a test of a use case."""
    return Told()


class StandIn(Protocol):
    """Replaces a use case."""

    def __call__(self, name: str, result: object) -> list[Any]:
        """Returns the list that collects the requests; `result` is what the use case returns, or raises."""
        ...


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """`asked = stand_in("tuner.app.tune.tune", result)`: for tests of the command line without training."""

    def put(name: str, result: object) -> list[Any]:
        asked: list[Any] = []

        def used(request: object, *_: object) -> object:
            asked.append(request)
            if isinstance(result, BaseException):
                raise result
            return result

        monkeypatch.setattr(name, used)
        return asked

    return put


@contextlib.contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Runs module-level fixtures as if in the folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(str(TOYS))
        yield


@pytest.fixture(scope="session")
def _chained_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the toy study was run in two stages."""
    folder = tmp_path_factory.mktemp("chained")
    write_study(folder, stages=STAGES)
    with working_in(folder):
        tune(
            TuneRequest(study="toy.yaml", engine=INLINE, changes={"trials": 3, "sampler": "random", "seed": 1}), Told()
        )
    return folder


@pytest.fixture
def chained(_chained_folder: Path, tmp_path: Path) -> Path:
    """The file of a study in two stages, three finished trials each."""
    shutil.copytree(_chained_folder, tmp_path, dirs_exist_ok=True)
    return tmp_path / "toy.yaml"


@pytest.fixture(scope="session")
def _answered_folder(_finished_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished study's folder in which it was confirmed over three seeds."""
    folder = tmp_path_factory.mktemp("answered")
    shutil.copytree(_finished_folder, folder, dirs_exist_ok=True)
    with working_in(folder):
        confirm(ConfirmRequest(study="toy", seeds=3, engine=INLINE), Told())
    return folder


@pytest.fixture
def answered(_answered_folder: Path, tmp_path: Path) -> Path:
    """The file of the finished toy study, its winner confirmed over three seeds."""
    shutil.copytree(_answered_folder, tmp_path, dirs_exist_ok=True)
    return tmp_path / "toy.yaml"


@pytest.fixture
def few_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparisons measure speed over few steps and evaluate three times."""
    monkeypatch.setattr(comparison_plan, "POINTS", 3)
    monkeypatch.setattr(comparison_plan, "PROBE_STEPS", 32)


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """A study whose PPO baseline makes short rollouts."""
    return write_study(tmp_path, timesteps=16384, goals={"early": 1, "late": 1})


TOLD_TRIALS = 12


@pytest.fixture(scope="session")
def told_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with pruned trials and finals, its confirmation, and a study without success or pictures."""
    folder = tmp_path_factory.mktemp("told")
    write_study(folder, finals=0.4, environment={"id": "seen_toys:SeenLine"})
    write_study(folder, "plain", environment={"id": "other_toys:NoInfo"}, baselines={}, trials=2)
    with working_in(folder):
        changes = {"trials": TOLD_TRIALS, "sampler": "random", "seed": 1}
        tune(TuneRequest(study="toy.yaml", engine=INLINE, changes=changes), Told())
        tune(TuneRequest(study="plain.yaml", engine=INLINE, skip_check=True), Told())
        confirm(ConfirmRequest(study="toy", seeds=2, top=1, engine=INLINE), Told())
    return folder
