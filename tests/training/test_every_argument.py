"""Arguments beyond the PPO guide's eight reach the model, both fixed and searched."""

from pathlib import Path
from typing import Any

import pytest
from config.test_space import make_space
from conftest import make_job, write_study

from tuner.config.arguments import layers
from tuner.config.load import find, load_study
from tuner.config.space import SpaceSpec, job_arguments
from tuner.records import Decision
from tuner.study.storage import artifact_folder, open_to_write, parse_url
from tuner.study.writer import StudyWriter
from tuner.trial import run_trial

SEARCHED: dict[str, Any] = {
    "vf_coef": {"type": "float", "low": 0.1, "high": 1.0},
    "max_grad_norm": {"type": "float", "low": 0.3, "high": 5.0, "scale": "log"},
    "net_arch": {"type": "choice", "choices": ["8", "8x4", "16x16"]},
    "activation_fn": {"type": "choice", "choices": ["tanh", "relu"]},
    "log_std_init": {"type": "float", "low": -2.0, "high": 0.0},
    "target_kl": {"type": "choice", "choices": [None, 0.01, 0.05]},
    "normalize_advantage": {"type": "choice", "choices": [True, False]},
}
ROLLOUT = {"n_steps": 32, "batch_size": 8, "n_epochs": 1}


def run(space: SpaceSpec, sampled: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments that a trial was given, and those read back from its model, with the trainer."""
    params = job_arguments(space, sampled, {})
    outcome = run_trial(make_job(params=params, timesteps=64), lambda _: Decision(go_on=True))
    assert outcome.state == "completed"
    assert outcome.facts["trainer"] == "fused"
    wanted = {name: layers(value) if name == "net_arch" else value for name, value in params.items()}
    return wanted, outcome.facts["arguments"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vf_coef", 0.25),
        ("max_grad_norm", 1.5),
        ("net_arch", [8, 4]),
        ("net_arch", "8x4"),
        ("activation_fn", "relu"),
        ("log_std_init", -1.0),
        ("target_kl", 0.01),
        ("target_kl", None),
    ],
)
def test_a_fixed_value_reaches_the_model(name: str, value: object) -> None:
    space = make_space(gamma={"type": "float", "low": 0.9, "high": 1}, fixed={**ROLLOUT, name: value})
    wanted, held = run(space, {"gamma": 0.95})
    assert held == wanted
    assert name in held


def test_searched_values_reach_the_model(tmp_path: Path) -> None:
    space = make_space(fixed=ROLLOUT, **SEARCHED)
    spec = load_study(find("studies", str(write_study(tmp_path, baselines={}, sampler="random", seed=1))))
    url = parse_url(f"sqlite:///{tmp_path}/toy.db")
    own = spec.model_copy(update={"space": space})
    writer, _ = StudyWriter.open(open_to_write(url), own, artifact_folder(url))
    for _ in range(3):
        wanted, held = run(space, writer.ask().params)
        assert held == wanted
        assert held.keys() == {*SEARCHED, *ROLLOUT}
