"""Final training: a trial reproduced, other seeds, other tools' files, interruptions and resuming."""

import csv
import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import write_study
from stable_baselines3 import PPO
from use_cases import INLINE, Told

from tuner.app import events
from tuner.app.export import ExportRequest, export
from tuner.app.notify import SilentNotifier
from tuner.app.train import TrainRequest, TrainResult, train
from tuner.app.tune import TuneRequest, tune
from tuner.errors import TooManyFailures, TunerError, UsageProblem
from tuner.final_training.training_source import TrainingSource
from tuner.records import EnvironmentRef, Signals
from tuner.study.file_lock import StudyLock

PLAIN = {"n_timesteps": 256, "policy": "MlpPolicy", "n_steps": 32, "batch_size": 8, "n_epochs": 1}
BEST = TrainRequest(file=Path("best.yml"), engine=INLINE)
PLAIN_FILE = replace(BEST, file=Path("plain.yml"))
OUT = Path("out")


@pytest.fixture
def best(finished: Path) -> Path:
    export(ExportRequest(study="toy", output=BEST.file))
    return BEST.file


def edit(path: Path, **changes: Any) -> None:
    data = yaml.safe_load(path.read_text())
    data["ToyLine-v0"] |= changes
    path.write_text(yaml.safe_dump(data, sort_keys=False))


def write_plain(environment: str = "tuner_toys:ToyLine-v0", **changes: Any) -> None:
    PLAIN_FILE.file.write_text(yaml.safe_dump({environment: {**PLAIN, **changes}}))


def words(result: TrainResult) -> str:
    assert result.summary is not None
    return "\n".join(result.summary.words)


def stored(path: str) -> Any:
    return json.loads(Path(path).read_text())


def test_the_trial_again_to_the_digit_with_all_that_its_user_needs(told: Told, best: Path) -> None:
    theirs = yaml.safe_load(best.read_text())["provenance"]
    done = train(BEST, told)
    assert f"The curve is the trial's, bit for bit ({len(theirs['curve'])} evaluations)" in words(done)
    folder = Path("trained/best")
    result = stored("trained/best/result.json")
    assert result["curve"] == theirs["curve"]
    assert result["seed"] == theirs["training_seed"]
    rows = list(csv.DictReader((folder / "curve.csv").read_text().splitlines()))
    assert [float(row["score"]) for row in rows] == [point["score"] for point in theirs["curve"]]
    assert PPO.load(folder / "final.zip", device="cpu").num_timesteps == 384
    assert (folder / "best.zip").is_file()
    assert (folder / "curve.svg").read_text().count("<svg") == 1
    assert not list(folder.glob("checkpoint-*"))
    card = (folder / "README.md").read_text()
    for text in ("tuner train best.yml", "PPO.load", "learning_rate", "Hardware", "stable-baselines3 2", "## Limits"):
        assert text in card
    [failed] = told.of(events.VideoFailed)
    assert failed.reason.startswith("environment ")


def test_the_same_again_trains_nothing(told: Told, best: Path) -> None:
    first = train(BEST, told)
    model = Path("trained/best/final.zip").read_bytes()
    assert train(BEST, told) == first
    assert [one.missing for one in told.of(events.TrainingAnnounced)] == [1, 0]
    assert Path("trained/best/final.zip").read_bytes() == model


def test_other_seeds_give_an_interval_and_more_of_them_train_just_the_new(told: Told, best: Path) -> None:
    asked = replace(BEST, seeds=(11_000_000, 11_000_001, 11_000_002), output=OUT)
    summary = train(asked, told).summary
    assert summary is not None
    assert [one["seed"] for one in summary.results] == list(asked.seeds or ())
    assert len(summary.final.values) == 3
    assert summary.final.iqm is not None
    assert summary.final.iqm_interval is not None
    assert summary.final.iqm_interval.low <= summary.final.iqm <= summary.final.iqm_interval.high
    assert "over 3 seeds, 100 fresh episodes each: IQM" in summary.words[0]
    assert stored("out/summary.json") == json.loads(json.dumps(summary.data()))
    for name in ("README.md", "seed-11000000/README.md", "seed-11000002/best.zip", "curve.svg"):
        assert (OUT / name).is_file()
    more = train(replace(asked, seeds=(*(asked.seeds or ()), 11_000_003)), told).summary
    assert more is not None
    assert more.results[:3] == summary.results
    assert [(one.missing, len(one.plan.seeds)) for one in told.of(events.TrainingAnnounced)] == [(3, 3), (1, 4)]


def test_seeds_may_be_named(told: Told, best: Path) -> None:
    summary = train(replace(BEST, seeds=(7,), output=OUT), told).summary
    assert summary is not None
    assert [one["seed"] for one in summary.results] == [7]
    assert Path("out/seed-7/final.zip").is_file()


def test_another_length_stretches_checkpoints_and_schedules(told: Told, best: Path) -> None:
    edit(best, learning_rate="lin_0.001")
    done = train(replace(BEST, timesteps=700), told)
    [announced] = told.of(events.TrainingAnnounced)
    assert (announced.timesteps_asked, announced.plan.recipe.spec.timesteps) == (700, 704)
    assert announced.plan.recipe.changed == ("learning_rate",)
    assert [point["step"] for point in stored("trained/best/curve.json")] == [128, 256, 384, 448, 576, 704]
    assert "bit for bit" not in words(done)
    model = PPO.load("trained/best/final.zip", device="cpu")
    assert model.num_timesteps == 704
    assert model.lr_schedule(0.0) == 0.0


def test_a_file_of_others_is_trained_by_its_environments_id(told: Told) -> None:
    write_plain(learning_rate="lin_1e-3", normalize=True, policy_kwargs="dict(activation_fn=nn.ReLU, net_arch=[8])")
    train(PLAIN_FILE, told)
    folder = Path("trained/plain")
    model = PPO.load(folder / "final.zip", device="cpu")
    assert model.policy.net_arch == [8]
    scaling = pickle.loads((folder / "final-vecnormalize.pkl").read_bytes())  # noqa: S301
    assert scaling.obs_rms.count > 200
    assert (folder / "best-vecnormalize.pkl").is_file()
    assert "normalize_obs(observation)" in (folder / "README.md").read_text()
    result = stored("trained/plain/result.json")
    assert (result["seed"], result["steps"], result["curve"][-1]["step"]) == (11_000_000, 256, 256)


def test_a_length_that_is_no_whole_number_of_rollouts_is_rounded_up(told: Told) -> None:
    write_plain(n_timesteps=250)
    train(PLAIN_FILE, told)
    result = stored("trained/plain/result.json")
    assert result["steps"] == result["curve"][-1]["step"] == 256


def test_the_environment_and_the_algorithm_may_be_named(told: Told) -> None:
    block = {"n_timesteps": 64, "policy": "MlpPolicy", "learning_starts": 16, "batch_size": 8}
    Path("sac.yml").write_text(yaml.safe_dump({"ToyLine-v0": block, "Other-v0": block}))
    train(replace(BEST, file=Path("sac.yml"), algorithm="sac", environment="tuner_toys:ToyLine-v0"), told)
    [announced] = told.of(events.TrainingAnnounced)
    spec = announced.plan.recipe.spec
    assert (spec.algorithm, spec.environment.id, spec.timesteps) == ("sac", "tuner_toys:ToyLine-v0", 64)


def test_the_best_model_is_filmed_where_there_is_something_to_see(told: Told) -> None:
    write_plain("seen_toys:SeenLine")
    train(PLAIN_FILE, told)
    assert told.of(events.VideoFailed) == []
    assert Path("trained/plain/video.mp4").stat().st_size > 1000
    assert "[A video of the best model](video.mp4)" in Path("trained/plain/README.md").read_text()


def test_the_video_reads_success_and_acts_as_the_study_does(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Signals, bool]] = []

    def recorded(ref: EnvironmentRef, folder: Path, path: Path, signals: Signals, *, stochastic: bool) -> None:
        seen.append((signals, stochastic))

    monkeypatch.setattr("tuner.app.train.record_video", recorded)
    success = {"key": "is_success", "when": "any"}
    study = write_study(tmp_path, trials=2, evaluation="stochastic", success=success)
    tune(TuneRequest(study=str(study), engine=INLINE), SilentNotifier())
    export(ExportRequest(study="toy", output=BEST.file))
    train(BEST, told)
    assert seen == [(Signals(success="is_success", when="any", distance="distance"), True)]


def test_without_a_signal_of_success_returns_count(told: Told) -> None:
    write_plain("tuner_toys:ToyPlain-v0")
    done = train(replace(PLAIN_FILE, seeds=(1, 2, 3)), told)
    assert "Return of the final models over 3 seeds" in words(done)


def test_a_run_that_diverges_counts_as_nothing(told: Told) -> None:
    write_plain("tuner_toys:ToyNotFinite-v0")
    assert train(PLAIN_FILE, told).diverged
    assert not Path("trained/plain/final.zip").exists()


def test_an_environment_that_fails_always_stops_it(told: Told) -> None:
    write_plain("tuner_toys:ToyRaising-v0")
    with pytest.raises(TooManyFailures, match="seed 11000000 failed 3 times, last reason: the environment raised in"):
        train(PLAIN_FILE, told)


def test_a_folder_goes_on_with_nothing_but_its_own_training(told: Told, best: Path) -> None:
    asked = replace(BEST, output=OUT)
    train(asked, told)
    before = sorted(OUT.iterdir())
    edit(best, learning_rate=0.00123)
    with pytest.raises(
        UsageProblem, match=r"^-o out: has a training with other settings \(arguments.learning_rate .* 0.00123"
    ):
        train(asked, told)
    with pytest.raises(UsageProblem, match=r"^-o out: has a training with other settings"):
        train(replace(asked, seeds=(1, 2)), told)
    assert sorted(OUT.iterdir()) == before


def test_two_at_once_in_a_folder_are_refused(told: Told, best: Path) -> None:
    OUT.mkdir()
    with (
        StudyLock(OUT / ".training", "run"),
        pytest.raises(TunerError, match=r"^-o out: is being worked on by process"),
    ):
        train(replace(BEST, output=OUT), told)
    assert told.events == []


def test_ctrl_c_keeps_the_checkpoint_and_the_same_again_goes_on(
    told: Told, best: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = TrainingSource.on_evaluation

    def cut(source: TrainingSource, number: int, evaluation: Any) -> Any:
        if evaluation.index == 2:
            raise KeyboardInterrupt
        return own(source, number, evaluation)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingSource, "on_evaluation", cut)
        cut_short = train(BEST, told)
    assert (cut_short.interrupted, cut_short.summary) == (True, None)
    assert told.of(events.Interrupted) == [events.Interrupted(what="checkpoint")]
    train(BEST, told)
    assert told.of(events.TrainingAnnounced)[-1].resumed == {stored("trained/best/result.json")["seed"]: 192}
    result = stored("trained/best/result.json")
    assert [point["step"] for point in result["curve"]] == [64, 128, 192, 256, 320, 384]
    assert result["resumed"] == [192]
    card = Path("trained/best/README.md").read_text()
    assert "resumed at 192" in card
    assert "not bit for bit that of an uninterrupted run" in card


def test_a_trial_with_a_curriculum_and_milestones_comes_again_to_the_digit(tmp_path: Path) -> None:
    write_study(
        tmp_path,
        environment={"id": "tuner_toys:ToyGraded-v0", "n_envs": 2},
        timesteps=1536,
        curriculum={"start": 0.1, "threshold": 0.3, "window": 5},
        objective="milestones",
        milestones=["near"],
        normalize=True,
    )
    tune(TuneRequest(study="toy.yaml", engine=INLINE, changes={"trials": 3}), SilentNotifier())
    export(ExportRequest(study="toy", output=BEST.file))
    assert "The curve is the trial's, bit for bit" in words(train(BEST, SilentNotifier()))
    curve = stored("trained/best/result.json")["curve"]
    assert curve[-1]["difficulty"] > 0.1
    assert "near" in Path("trained/best/curve.csv").read_text().splitlines()[0]
