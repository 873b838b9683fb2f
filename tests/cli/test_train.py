"""`tuner train` as it is typed: what is printed and written as it goes, exit codes, what is refused."""

import json
from pathlib import Path

import pytest
import yaml
from conftest import Tuner
from use_cases import StandIn

from tuner.app.train import TrainResult
from tuner.final_training.recipe import read_recipe
from tuner.final_training.training_plan import make_training_plan

INLINE = "--engine inline"


@pytest.fixture
def best(tuner: Tuner, finished: Path) -> Path:
    assert tuner("export toy -o best.yml").code == 0
    return Path("best.yml")


def test_what_came_of_it_is_printed_and_the_same_again_prints_it_again(tuner: Tuner, best: Path) -> None:
    first = tuner(f"train best.yml {INLINE}")
    assert first.code == 0, first.err
    assert "trial 3 of study 'toy': PPO in tuner_toys:ToyLine-v0, 384 steps, into trained/best" in first.err
    assert "Training seed" in first.err
    assert "No video: environment" in first.err
    assert "The curve is the trial's, bit for bit (6 evaluations)." in first.out
    assert first.out.splitlines()[-1] == "Models, curve and card: trained/best/README.md"
    again = tuner(f"train best.yml {INLINE}")
    assert again.code == 0
    assert "Nothing to do: every run is finished." in again.err
    assert again.out == first.out


def test_what_differs_from_the_trial_is_said(tuner: Tuner, best: Path) -> None:
    data = yaml.safe_load(best.read_text())
    data["ToyLine-v0"] |= {"learning_rate": 0.002}
    best.write_text(yaml.safe_dump(data))
    said = tuner(f"train best.yml --timesteps 700 {INLINE}")
    assert said.code == 0, said.err
    assert "700 steps were rounded up to 704" in said.err
    assert "not the trial any more: learning_rate" in said.err
    assert "bit for bit" not in said.out


def test_json_holds_the_runs_there_are_and_which_are_missing_is_said(tuner: Tuner, best: Path) -> None:
    said = tuner(f"train best.yml --seeds 7,8 -o out {INLINE} --json")
    assert said.code == 0, said.err
    assert json.loads(said.out) == json.loads(Path("out/summary.json").read_text())
    more = tuner(f"train best.yml --seeds 7,8,9 -o out {INLINE} --json")
    assert "2 of 3 runs are finished already." in more.err
    assert json.loads(more.out)["runs"][:2] == json.loads(said.out)["runs"]


def test_a_run_that_diverges_is_told(tuner: Tuner) -> None:
    block = {"n_timesteps": 256, "policy": "MlpPolicy", "n_steps": 32, "batch_size": 8, "n_epochs": 1}
    Path("plain.yml").write_text(yaml.safe_dump({"tuner_toys:ToyNotFinite-v0": block}))
    said = tuner(f"train plain.yml {INLINE}")
    assert said.code == 1
    assert "diverged (an observation is not finite)" in said.err


def test_one_that_was_cut_short_has_its_exit_code(tuner: Tuner, best: Path, stand_in: StandIn) -> None:
    plan = make_training_plan(read_recipe(best, None, None), Path("out"), None)
    stand_in("tuner.app.train.train", TrainResult(plan=plan, summary=None, interrupted=True))
    said = tuner(f"train best.yml {INLINE}")
    assert (said.code, said.out) == (130, "")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (None, "nowhere.yml", "nowhere.yml: no such file"),
        (None, "studies", "studies: is a folder"),
        ("a: [", "x.yml", "x.yml: line 1"),
        ("[1]", "x.yml", "must be a mapping of environments' ids"),
        ("ToyLine-v0: 3", "x.yml --env tuner_toys:ToyLine-v0", "must be a mapping of hyperparameters"),
        ("{A-v0: {}, B-v0: {}}", "x.yml", "which environment? give --env ID; the file has: A-v0, B-v0"),
        ("Nobody-v0: {}", "x.yml", "no environment called 'Nobody-v0'"),
        ("tuner_toys:ToyLine-v0: {n_steps: 32}", "x.yml", "n_timesteps: is required"),
        ("tuner_toys:ToyLine-v0: {n_timesteps: many}", "x.yml", "n_timesteps: 'many' must be a whole number"),
        ("tuner_toys:ToyLine-v0: {n_timesteps: 64, n_step: 1}", "x.yml", "unknown key 'n_step', did you mean"),
        ("tuner_toys:ToyLine-v0: {n_timesteps: 64, n_steps: x}", "x.yml", "n_steps: 'x'"),
        ("tuner_toys:ToyLine-v0: {n_timesteps: 64, policy: Mlp}", "x.yml", "policy: 'Mlp' must be one of MlpPolicy,"),
        ("tuner_toys:ToyLine-v0: {n_timesteps: 64}\nprovenance: {spec: {nam: 1}}", "x.yml", "provenance.spec"),
        ("tuner_toys:ToyLine-v0: {n_timesteps: 64}\nprovenance: {algorithm: 3}", "x.yml", "3 must be one of ppo"),
        (None, "best.yml --algorithm sac", "--algorithm sac: best.yml is of ppo; leave it out"),
        (None, "best.yml --seeds 0", "--seeds 0: must be at least 1"),
        (None, "best.yml --seeds x", "--seeds 'x': must be a whole number"),
        (None, "best.yml --seeds 1,1", "--seeds 1,1: 1 stands twice"),
        (None, "best.yml --seeds ,", "--seeds ',': names none"),
        (None, "best.yml --timesteps 0", "--timesteps 0: must be at least 1"),
        (None, "best.yml --engine x", "--engine 'x': must be one of"),
        (None, "best.yml -o studies", "-o studies: has other files and no training"),
        (None, "best.yml -o toy.yaml", "-o toy.yaml: is no folder"),
        (None, "best.yml -o toy.yaml/x", "cannot make the folder toy.yaml/x: Not a directory"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_is_refused_in_a_line(
    tuner: Tuner, best: Path, text: str | None, line: str, words: str
) -> None:
    if text is not None:
        Path("x.yml").write_text(text)
    said = tuner(f"train {line} {INLINE}" if "--engine" not in line else f"train {line}")
    assert said.code in (1, 2)
    assert words in said.err
    assert len(said.err.splitlines()) == 1
    assert not Path("trained").exists()
