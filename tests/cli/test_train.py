"""`tuner train` as it is typed: the trial again, other seeds, files of others, what is refused."""

import csv
import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Tuner, write_study
from stable_baselines3 import PPO

from tuner.study.file_lock import StudyLock

INLINE = "--engine inline"
PLAIN = {"n_timesteps": 256, "policy": "MlpPolicy", "n_steps": 32, "batch_size": 8, "n_epochs": 1}


@pytest.fixture
def best(tuner: Tuner, finished: Path) -> Path:
    assert tuner("export toy -o best.yml").code == 0
    return Path("best.yml")


def edit(path: Path, **changes: Any) -> None:
    data = yaml.safe_load(path.read_text())
    data["ToyLine-v0"] |= changes
    path.write_text(yaml.safe_dump(data, sort_keys=False))


def plain(**changes: Any) -> Path:
    path = Path("plain.yml")
    path.write_text(yaml.safe_dump({"tuner_toys:ToyLine-v0": {**PLAIN, **changes}}))
    return path


def test_the_trial_again_to_the_digit_with_all_that_its_user_needs(tuner: Tuner, best: Path) -> None:
    theirs = yaml.safe_load(best.read_text())["provenance"]
    said = tuner(f"train best.yml {INLINE}")
    assert said.code == 0, said.err
    assert f"The curve is the trial's, to the digit ({len(theirs['curve'])} evaluations)." in said.out
    folder = Path("trained/best")
    result = json.loads((folder / "result.json").read_text())
    assert result["curve"] == theirs["curve"]
    assert result["seed"] == theirs["training_seed"]
    rows = list(csv.DictReader((folder / "curve.csv").read_text().splitlines()))
    assert [float(row["score"]) for row in rows] == [point["score"] for point in theirs["curve"]]
    assert PPO.load(folder / "final.zip", device="cpu").num_timesteps == 384
    assert (folder / "best.zip").is_file()
    assert (folder / "curve.svg").read_text().count("<svg") == 1
    assert not list(folder.glob("checkpoint-*"))
    card = (folder / "README.md").read_text()
    for words in ("tuner train best.yml", "PPO.load", "learning_rate", "Hardware", "stable-baselines3 2", "## Limits"):
        assert words in card
    assert "No film: environment" in said.err


def test_the_same_command_again_trains_nothing(tuner: Tuner, best: Path) -> None:
    first = tuner(f"train best.yml {INLINE}")
    model = Path("trained/best/final.zip").read_bytes()
    again = tuner(f"train best.yml {INLINE}")
    assert again.code == 0
    assert "Nothing to do: every run is finished." in again.err
    assert again.out == first.out
    assert Path("trained/best/final.zip").read_bytes() == model


def test_other_seeds_give_an_interval_and_more_of_them_train_just_the_new(tuner: Tuner, best: Path) -> None:
    said = tuner(f"train best.yml --seeds 3 -o out {INLINE} --json")
    assert said.code == 0, said.err
    data = json.loads(said.out)
    assert [one["seed"] for one in data["runs"]] == [11_000_000, 11_000_001, 11_000_002]
    assert len(data["final"]["values"]) == 3
    assert data["final"]["iqm_interval"]["low"] <= data["final"]["iqm"] <= data["final"]["iqm_interval"]["high"]
    assert "over 3 seeds, 100 fresh goals each: IQM" in data["words"][0]
    assert json.loads(Path("out/summary.json").read_text()) == data
    for name in ("README.md", "seed-11000000/README.md", "seed-11000002/best.zip", "curve.svg"):
        assert (Path("out") / name).is_file()
    more = tuner(f"train best.yml --seeds 4 -o out {INLINE} --json")
    assert "3 of 4 runs are finished already." in more.err
    assert json.loads(more.out)["runs"][:3] == data["runs"]


def test_seeds_may_be_named(tuner: Tuner, best: Path) -> None:
    data = json.loads(tuner(f"train best.yml --seeds 7, -o out {INLINE} --json").out)
    assert [one["seed"] for one in data["runs"]] == [7]
    assert Path("out/seed-7/final.zip").is_file()


def test_another_length_stretches_checkpoints_and_schedules(tuner: Tuner, best: Path) -> None:
    edit(best, learning_rate="lin_0.001")
    said = tuner(f"train best.yml --timesteps 700 {INLINE}")
    assert said.code == 0, said.err
    assert "700 steps were rounded up to 704" in said.err
    assert "not the trial any more: learning_rate" in said.err
    curve = json.loads(Path("trained/best/curve.json").read_text())
    assert [point["step"] for point in curve] == [128, 256, 384, 448, 576, 704]
    assert "to the digit" not in said.out
    model = PPO.load("trained/best/final.zip", device="cpu")
    assert model.num_timesteps == 704
    assert model.lr_schedule(0.0) == 0.0


def test_a_file_of_others_is_trained_by_its_environments_id(tuner: Tuner) -> None:
    plain(learning_rate="lin_1e-3", normalize=True, policy_kwargs="dict(activation_fn=nn.ReLU, net_arch=[8])")
    said = tuner(f"train plain.yml {INLINE}")
    assert said.code == 0, said.err
    folder = Path("trained/plain")
    model = PPO.load(folder / "final.zip", device="cpu")
    assert model.policy.net_arch == [8]
    scaling = pickle.loads((folder / "final-vecnormalize.pkl").read_bytes())  # noqa: S301
    assert scaling.obs_rms.count > 200
    assert (folder / "best-vecnormalize.pkl").is_file()
    assert "normalize_obs(observation)" in (folder / "README.md").read_text()
    result = json.loads((folder / "result.json").read_text())
    assert (result["seed"], result["steps"], result["curve"][-1]["step"]) == (11_000_000, 256, 256)


def test_a_length_that_is_no_whole_number_of_rollouts_is_rounded_up(tuner: Tuner) -> None:
    plain(n_timesteps=250)
    said = tuner(f"train plain.yml {INLINE}")
    assert "250 steps were rounded up to 256" in said.err
    result = json.loads(Path("trained/plain/result.json").read_text())
    assert result["steps"] == result["curve"][-1]["step"] == 256


def test_the_environment_and_the_algorithm_may_be_named(tuner: Tuner) -> None:
    block = {"n_timesteps": 64, "policy": "MlpPolicy", "learning_starts": 16, "batch_size": 8}
    Path("sac.yml").write_text(yaml.safe_dump({"ToyLine-v0": block, "Other-v0": block}))
    said = tuner(f"train sac.yml --algorithm sac --env tuner_toys:ToyLine-v0 {INLINE}")
    assert said.code == 0, said.err
    assert "SAC in tuner_toys:ToyLine-v0, 64 steps" in said.err


def test_the_best_model_is_filmed_where_there_is_something_to_see(tuner: Tuner) -> None:
    Path("seen.yml").write_text(yaml.safe_dump({"seen_toys:SeenLine": PLAIN}))
    said = tuner(f"train seen.yml {INLINE}")
    assert said.code == 0, said.err
    assert Path("trained/seen/film.mp4").stat().st_size > 1000
    assert "[A film of the best model](film.mp4)" in Path("trained/seen/README.md").read_text()


def test_without_a_signal_of_success_returns_count(tuner: Tuner) -> None:
    Path("plain.yml").write_text(yaml.safe_dump({"tuner_toys:ToyPlain-v0": PLAIN}))
    said = tuner(f"train plain.yml --seeds 3 {INLINE}")
    assert said.code == 0, said.err
    assert "Return of the final models over 3 seeds" in said.out


def test_a_run_that_diverges_is_told_and_counts_as_nothing(tuner: Tuner) -> None:
    Path("plain.yml").write_text(yaml.safe_dump({"tuner_toys:ToyNotFinite-v0": PLAIN}))
    said = tuner(f"train plain.yml {INLINE}")
    assert said.code == 1
    assert "diverged (an observation is not finite)" in said.err
    assert not Path("trained/plain/final.zip").exists()


def test_an_environment_that_fails_always_stops_it(tuner: Tuner) -> None:
    Path("plain.yml").write_text(yaml.safe_dump({"tuner_toys:ToyRaising-v0": PLAIN}))
    said = tuner(f"train plain.yml {INLINE}")
    assert said.code == 1
    assert "seed 11000000 failed 3 times, at last: the environment raised in step" in said.err


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (None, "nowhere.yml", "nowhere.yml: no such file"),
        (None, "studies", "studies: is a folder"),
        ("a: [", "x.yml", "x.yml: line 1"),
        ("[1]", "x.yml", "must be a mapping of environments' ids"),
        ("ToyLine-v0: 3", "x.yml --env tuner_toys:ToyLine-v0", "must be a mapping of hyperparameters"),
        ("{A-v0: {}, B-v0: {}}", "x.yml", "which environment's? give --env ID; there is: A-v0, B-v0"),
        ("Nobody-v0: {}", "x.yml", "no environment called 'Nobody-v0'"),
        ("tuner_toys:ToyLine-v0: {n_steps: 32}", "x.yml", "n_timesteps: is required"),
        ("tuner_toys:ToyLine-v0: {n_timesteps: many}", "x.yml", "n_timesteps: 'many' must be a whole number"),
        ("tuner_toys:ToyLine-v0: {n_timesteps: 64, n_step: 1}", "x.yml", "unknown key 'n_step', did you mean"),
        ("tuner_toys:ToyLine-v0: {n_timesteps: 64, n_steps: x}", "x.yml", "n_steps: 'x'"),
        ("tuner_toys:ToyLine-v0: {n_timesteps: 64, policy: CnnPolicy}", "x.yml", "'CnnPolicy' must be MlpPolicy"),
        ("tuner_toys:ToyLine-v0: {n_timesteps: 64}\nprovenance: {spec: {nam: 1}}", "x.yml", "provenance.spec"),
        ("tuner_toys:ToyLine-v0: {n_timesteps: 64}\nprovenance: {algorithm: 3}", "x.yml", "3 must be one of ppo"),
        (None, "best.yml --algorithm sac", "--algorithm sac: best.yml is of ppo; leave it out"),
        (None, "best.yml --seeds 0", "--seeds 0: must be at least 1"),
        (None, "best.yml --seeds x", "--seeds 'x': must be a whole number"),
        (None, "best.yml --seeds 1,1", "--seeds 1,1: 1 stands twice"),
        (None, "best.yml --seeds ,", "--seeds ',': names none"),
        (None, "best.yml --timesteps 0", "--timesteps 0: must be at least 1"),
        (None, "best.yml --engine x", "--engine 'x': must be one of"),
        (None, "best.yml -o studies", "-o studies: holds other files and no training"),
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


def test_a_folder_goes_on_with_nothing_but_its_own_training(tuner: Tuner, best: Path) -> None:
    assert tuner(f"train best.yml -o out {INLINE}").code == 0
    before = sorted(Path("out").iterdir())
    edit(best, learning_rate=0.00123)
    said = tuner(f"train best.yml -o out {INLINE}")
    assert said.code == 2
    assert re.search(r"-o out: holds another training \(arguments.learning_rate .* there, 0.00123 here\)", said.err)
    assert len(said.err.splitlines()) == 1
    assert tuner(f"train best.yml -o out --seeds 2 {INLINE}").code == 2
    assert sorted(Path("out").iterdir()) == before


def test_two_at_once_in_a_folder_are_refused(tuner: Tuner, best: Path) -> None:
    Path("out").mkdir()
    with StudyLock(Path("out/.training"), "run"):
        said = tuner(f"train best.yml -o out {INLINE}")
    assert said.code == 1
    assert "-o out: is being worked on by process" in said.err


def test_ctrl_c_keeps_the_checkpoint_and_says_how_to_go_on(
    tuner: Tuner, best: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tuner.final_training.training_source import TrainingSource

    own = TrainingSource.on_evaluation

    def cut(source: TrainingSource, number: int, evaluation: Any) -> Any:
        if evaluation.index == 2:
            raise KeyboardInterrupt
        return own(source, number, evaluation)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingSource, "on_evaluation", cut)
        said = tuner(f"train best.yml {INLINE}")
    assert said.code == 130
    assert "the same command goes on" in said.err
    again = tuner(f"train best.yml {INLINE}")
    assert again.code == 0, again.err
    assert "goes on from its checkpoint at 192 steps" in again.err
    result = json.loads(Path("trained/best/result.json").read_text())
    assert [point["step"] for point in result["curve"]] == [64, 128, 192, 256, 320, 384]
    assert result["resumed"] == [192]
    card = Path("trained/best/README.md").read_text()
    assert "resumed at 192" in card
    assert "not to the digit what an unbroken run" in card


def test_a_trial_with_a_curriculum_and_milestones_comes_again_to_the_digit(tuner: Tuner, tmp_path: Path) -> None:
    write_study(
        tmp_path,
        environment={"id": "tuner_toys:ToyGraded-v0", "n_envs": 2},
        timesteps=1536,
        curriculum={"start": 0.1, "threshold": 0.3, "window": 5},
        objective="milestones",
        milestones=["near"],
        normalize=True,
    )
    assert tuner(f"run toy.yaml --trials 3 {INLINE}").code == 0
    assert tuner("export toy -o best.yml").code == 0
    said = tuner(f"train best.yml {INLINE}")
    assert said.code == 0, said.err
    assert "The curve is the trial's, to the digit" in said.out
    curve = json.loads(Path("trained/best/result.json").read_text())["curve"]
    assert curve[-1]["difficulty"] > 0.1
    assert "near" in Path("trained/best/curve.csv").read_text().splitlines()[0]
