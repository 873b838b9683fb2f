"""From a tuned study to a model, a video, a page and files, from Python."""

from pathlib import Path

import numpy as np
import pytest
import seen_toys
from conftest import SPACE, write_study
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecNormalize

import tuner as library
from tuner.errors import NothingToShow, UsageProblem


@pytest.fixture
def study(finished: Path) -> library.Study:
    """The finished toy study."""
    return library.open_study("toy")


def test_the_best_is_trained_and_comes_as_a_model(study: library.Study) -> None:
    model = study.best.train(128, workers=1)
    assert isinstance(model, PPO)
    observation = np.array([0.0, 0.5], np.float32)
    assert model.predict(observation, deterministic=True)[0].shape == (1,)
    assert not list(Path().glob("trained*"))


def test_a_folder_keeps_the_training_and_takes_no_other(study: library.Study) -> None:
    first = study.best.train(128, folder="kept")
    again = study.best.train(128, folder="kept")
    assert {"README.md", "best.zip", "final.zip"} <= {path.name for path in Path("kept").iterdir()}
    one, other = (dict(model.policy.state_dict()) for model in (first, again))
    assert all((one[name] == other[name]).all() for name in one)
    with pytest.raises(UsageProblem, match="kept"):
        study.best.train(128, seed=5, folder="kept")


def test_a_scaled_trial_gives_a_model_behind_its_statistics(tmp_path: Path) -> None:
    path = write_study(tmp_path, normalize=True)
    model = library.tune(path, engine="inline", trials=2).best.train(128)
    scaled = model.get_vec_normalize_env()
    assert isinstance(scaled, VecNormalize)
    assert not scaled.training
    assert getattr(scaled.obs_rms, "count", 0) > 1


@pytest.mark.parametrize(("name", "words"), [("best.yml", "learning_rate"), ("best.json", '"trial"'), ("t.py", "PPO(")])
def test_exports_by_the_ending(study: library.Study, name: str, words: str) -> None:
    assert words in study.export(name).read_text()


def test_the_model_and_the_pages(study: library.Study) -> None:
    assert study.export("model.zip", trial=study.best.number).stat().st_size > 1000
    assert study.report("page.html").read_text().startswith("<!doctype html>")
    assert study.report(Path("page.md")).read_text().startswith("# toy")


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda study: study.export("best.txt"), "must end in .yml, .yaml, .json, .py or .zip"),
        (lambda study: study.report("page.pdf"), "must end in .html, .md or .json"),
        (lambda study: study.report("nowhere/page.html"), "there is no folder nowhere"),
        (lambda study: study.best.train("long"), "timesteps 'long': must be a whole number"),
        (lambda study: study.best.train(seed=-1), "seed -1: must be at least 0"),
        (lambda study: study.best.play(episodes=0), "episodes 0: must be at least 1"),
        (lambda study: study.confirm(seeds=101), "seeds 101: must be at most 100"),
        (lambda study: study.confirm(top=1.5), "top 1.5: must be a whole number"),
    ],
)
def test_bad_arguments_are_refused(study: library.Study, act: object, words: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        act(study)  # type: ignore[operator]
    assert words in str(caught.value)


def test_a_confirmation_recommends(study: library.Study) -> None:
    found = study.confirm(seeds=2, top=1, workers=1, engine="inline")
    assert found.complete
    assert study.recommended is not None
    assert study.recommended.label == found.recommended.name  # type: ignore[union-attr]


def test_a_trial_is_filmed() -> None:
    picture = library.tune(
        seen_toys.SeenLine,
        trials=1,
        timesteps=128,
        space=SPACE,
        baselines={},
        goals={"early": 1, "late": 1},
        engine="inline",
        check=False,
    )
    video = picture.best.play(episodes=1)
    assert video.content[4:8] == b"ftyp"  # type: ignore[union-attr]
    shown = video._repr_mimebundle_()["text/html"]  # type: ignore[union-attr]
    assert shown.startswith('<video controls loop muted style="max-width:100%" src="data:video/mp4;base64,')
    still = picture.best.play("one.png")
    assert still._repr_mimebundle_() == {"image/png": Path("one.png").read_bytes()}  # type: ignore[union-attr]


def test_a_trial_that_kept_no_model_is_not_filmed(study: library.Study) -> None:
    library.tune(study, trials=12, engine="inline")
    kept, without = [], []
    for trial in study.refresh().trials():
        try:
            study._reader.model(trial.number)
            kept.append(trial)
        except NothingToShow:
            without.append(trial)
    assert kept
    assert {trial.state for trial in without} == {"pruned"}
    with pytest.raises(NothingToShow, match=f"trial {without[0].number} of study 'toy' kept no model"):
        without[0].play("video.mp4")
