"""`track` and `on_trial_end`: what a study file may say, what is stored, and that scores mean the same."""

from pathlib import Path
from typing import Any

import pytest
from conftest import write_study

from tuner.config.load import Found, load_study
from tuner.config.model import StudySpec
from tuner.errors import SpecInvalid


def loaded(folder: Path, **keys: Any) -> StudySpec:
    path = write_study(folder, **keys)
    return load_study(Found(name="toy", path=path, where=str(path)))


@pytest.mark.parametrize(
    ("written", "track"),
    [
        ("mlflow", ("mlflow",)),
        (["wandb", "tensorboard"], ("wandb", "tensorboard")),
        (["mlflow", "mlflow"], ("mlflow",)),
        ("off", ()),
        (False, ()),  # what YAML makes of a bare `off`
        ([], ()),
    ],
    ids=str,
)
def test_trackers_are_a_name_a_list_or_off(tmp_path: Path, written: object, track: tuple[str, ...]) -> None:
    assert loaded(tmp_path, track=written).track == track


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"track": "mlfow"}, "track.0: must be 'mlflow', 'wandb' or 'tensorboard', not 'mlfow'"),
        ({"track": 3}, "track: must be a list, not 3"),
        ({"track": True}, "track: must be a list, not True"),
        ({"on_trial_end": ""}, "on_trial_end: '' must be a command, such as ./notify.sh"),
        ({"on_trial_end": "say 'hello"}, 'on_trial_end: "say \'hello" is no command: no closing quotation'),
        ({"on_trial_end": ["say", "hello"]}, "on_trial_end: must be text, not ['say', 'hello']"),
    ],
    ids=str,
)
def test_bad_values_are_named_with_the_rule(tmp_path: Path, keys: dict[str, Any], fault: str) -> None:
    with pytest.raises(SpecInvalid) as caught:
        loaded(tmp_path, **keys)
    assert caught.value.faults == (fault,)


def test_they_are_no_part_of_what_scores_mean_and_the_command_is_not_stored(tmp_path: Path) -> None:
    spec = loaded(tmp_path, track="mlflow", on_trial_end="curl https://hooks.example/s3cr3t")
    assert spec.meaning() == loaded(tmp_path).meaning()
    assert spec.on_trial_end == "curl https://hooks.example/s3cr3t"
    assert "s3cr3t" not in spec.model_dump_json()
    assert loaded(tmp_path, on_trial_end=False).on_trial_end is None
