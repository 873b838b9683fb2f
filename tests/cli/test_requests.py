"""What is typed becomes what a use case is asked, to the last option; what it raises becomes a line and a code."""

import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Tuner
from use_cases import INLINE, StandIn

from tuner.app.compare import CompareRequest
from tuner.app.confirm import ConfirmRequest
from tuner.app.engine_options import EngineOptions
from tuner.app.export import ExportRequest
from tuner.app.limits import DEFAULT_STUDY
from tuner.app.play import PlayRequest
from tuner.app.report import ReportRequest
from tuner.app.submit import SubmitRequest
from tuner.app.train import TrainRequest
from tuner.app.tune import TuneRequest
from tuner.errors import StorageFailed, UsageProblem

ENOUGH = UsageProblem("that was all")
WORKERS = EngineOptions(workers=3, memory=2_000_000_000)
OTHERS: dict[str, Any] = {"storage": "sqlite:///x.db", "environment": "X-v0"}
OPTIONS = "--storage sqlite:///x.db --env X-v0"
USE_CASES = {
    "run": "tuner.app.tune.tune",
    "plan": "tuner.app.tune.plan_run",
    "confirm": "tuner.app.confirm.confirm",
    "compare": "tuner.app.compare.compare",
    "train": "tuner.app.train.train",
    "play": "tuner.app.play.play",
    "report": "tuner.app.report.report",
    "export": "tuner.app.export.export",
    "submit": "tuner.app.submit.submit",
}
KEYS: dict[str, Any] = {
    "trials": 7,
    "timesteps": 256,
    "space": "own.yaml",
    "algorithm": "a2c",
    "sampler": "qmc",
    "pruner": "halving",
}
KEYS_TYPED = " ".join(f"--{key} {value}" for key, value in KEYS.items())


def typed(tuner: Tuner, stand_in: StandIn, line: str, use_case: str = "") -> Any:
    """What a line asks of its use case."""
    asked = stand_in(USE_CASES[use_case or line.split()[0]], ENOUGH)
    said = tuner(line)
    assert (said.code, said.out, said.err) == (2, "", "tuner: that was all\n")
    [request] = asked
    return request


@pytest.mark.parametrize(
    ("line", "request_"),
    [
        ("run", TuneRequest(study=DEFAULT_STUDY)),
        (f"run toy {KEYS_TYPED}", TuneRequest(study="toy", changes=KEYS)),
        ("run toy.yaml --seed 0", TuneRequest(study="toy.yaml", changes={"seed": 0})),
        ("run toy.yaml --no-baselines", TuneRequest(study="toy.yaml", changes={"baselines": {}})),
        (
            f"run toy --name other --engine inline --skip-check --staged {OPTIONS}",
            TuneRequest(study="toy", name="other", engine=INLINE, skip_check=True, staged=True, **OTHERS),
        ),
        (
            "run toy --baseline best.yml --baseline all.yml:X-v0 --from before --workers 3 --memory 2",
            TuneRequest(study="toy", baselines=("best.yml", "all.yml:X-v0"), from_study="before", engine=WORKERS),
        ),
        (
            "run toy --wrapper a.B --wrapper c:D --success-at-least 0.5",
            TuneRequest(
                study="toy",
                changes={
                    "environment": {"wrappers": ("a.B", "c.D")},
                    "success": {"key": "is_success", "when": "end", "at_least": 0.5},
                },
            ),
        ),
        ("play --expert --gui --wrapper a:B", PlayRequest(expert=True, gui=True, wrappers=("a.B",))),
        ("confirm", ConfirmRequest(study=DEFAULT_STUDY)),
        (
            "confirm toy --top 2 --seeds 5 --workers 3 --memory 2 --storage sqlite:///x.db",
            ConfirmRequest(study="toy", top=2, seeds=5, engine=WORKERS, storage="sqlite:///x.db"),
        ),
        ("confirm toy --engine inline", ConfirmRequest(study="toy", engine=INLINE)),
        ("compare", CompareRequest()),
        (
            f"compare toy --algorithms 'ppo, a2c' --minutes 0.5 --seeds 2 --engine inline --html x.html {OPTIONS}",
            CompareRequest(
                study="toy",
                algorithms=("ppo", "a2c"),
                minutes=0.5,
                seeds=2,
                engine=INLINE,
                html=Path("x.html"),
                **OTHERS,
            ),
        ),
        ("compare --workers 3", CompareRequest(engine=EngineOptions(workers=3))),
        ("train best.yml", TrainRequest(file=Path("best.yml"))),
        (
            "train best.yml --timesteps 700 --seeds 2 -o out --env X-v0 --algorithm sac --engine inline",
            TrainRequest(
                file=Path("best.yml"),
                timesteps=700,
                seeds=(11_000_000, 11_000_001),
                output=Path("out"),
                environment="X-v0",
                algorithm="sac",
                engine=INLINE,
            ),
        ),
        (
            "train best.yml --seeds '7, 9' --workers 3 --memory 2",
            TrainRequest(file=Path("best.yml"), seeds=(7, 9), engine=WORKERS),
        ),
        ("train best.yml --seeds 7,", TrainRequest(file=Path("best.yml"), seeds=(7,))),
        ("play --expert --gui", PlayRequest(expert=True, gui=True)),
        (
            "play --model m.zip --stats s.pkl --episodes 2 -o video.mp4 --env X-v0",
            PlayRequest(
                model=Path("m.zip"), statistics=Path("s.pkl"), episodes=2, output=Path("video.mp4"), environment="X-v0"
            ),
        ),
        (
            f"play --study toy --trial 3 -o a.png {OPTIONS}",
            PlayRequest(study="toy", trial=3, output=Path("a.png"), **OTHERS),
        ),
        ("report", ReportRequest()),
        (
            "report toy -o r.html --format html --videos --storage sqlite:///x.db",
            ReportRequest(study="toy", output=Path("r.html"), form="html", videos=True, storage="sqlite:///x.db"),
        ),
        ("export", ExportRequest()),
        (
            "export toy --trial 3 --format json -o best.json --storage sqlite:///x.db",
            ExportRequest(study="toy", trial=3, form="json", output=Path("best.json"), storage="sqlite:///x.db"),
        ),
        ("export toy --model m.zip", ExportRequest(study="toy", model=Path("m.zip"))),
        ("submit", SubmitRequest()),
        (
            f"submit toy --trials 5 --name other --space own.yaml --confirm --skip-check {OPTIONS}",
            SubmitRequest(
                study="toy",
                name="other",
                changes={"trials": 5, "space": "own.yaml"},
                confirm=True,
                skip_check=True,
                **OTHERS,
            ),
        ),
    ],
)
def test_options_become_a_request(tuner: Tuner, stand_in: StandIn, line: str, request_: object) -> None:
    assert typed(tuner, stand_in, line) == request_


def test_a_dry_run_is_a_plan_of_the_same(tuner: Tuner, stand_in: StandIn) -> None:
    assert typed(tuner, stand_in, "run toy --trials 7 --dry-run", "plan") == typed(
        tuner, stand_in, "run toy --trials 7"
    )


@pytest.mark.parametrize("command", ["run", "confirm"])
def test_minutes_are_counted_from_now(tuner: Tuner, stand_in: StandIn, command: str) -> None:
    now = time.monotonic()
    assert 180 <= typed(tuner, stand_in, f"{command} toy --minutes 3").deadline - now < 240
    assert typed(tuner, stand_in, f"{command} toy").deadline is None


def test_curves_go_to_the_folder_that_is_named(
    tuner: Tuner, stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    assert typed(tuner, stand_in, "run toy --tensorboard curves").curves == tmp_path / "curves"
    assert (tmp_path / "curves").is_dir()


@pytest.mark.parametrize("command", ["run", "confirm"])
def test_a_clusters_address_is_passed_on(
    tuner: Tuner, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    request = typed(tuner, stand_in, f"{command} toy --engine ray --ray-address head:6379")
    assert (request.engine.engine, request.engine.address) == ("ray", "head:6379")


@pytest.mark.parametrize("command", ["run", "confirm", "compare", "train best.yml", "report", "export", "submit"])
def test_what_is_no_fault_of_the_line_has_another_code(tuner: Tuner, stand_in: StandIn, command: str) -> None:
    stand_in(USE_CASES[command.split()[0]], StorageFailed("the disk\nis full"))
    said = tuner(command)
    assert (said.code, said.out, said.err) == (1, "", "tuner: the disk\ntuner: is full\n")
