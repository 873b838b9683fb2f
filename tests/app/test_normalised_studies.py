"""Normalisation from a study's file to its export and its video."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from conftest import BASELINES, SPACE, write_study
from use_cases import INLINE, Told, working_in

from tuner.app import events
from tuner.app.export import ExportRequest, export
from tuner.app.play import PlayRequest, play
from tuner.app.status import read_status
from tuner.app.tune import TuneRequest, tune
from tuner.errors import ModelUnusable, SpecInvalid, StorageFailed, StudyDiffers

RUN = TuneRequest(study="toy.yaml", engine=INLINE, changes={"trials": 3})
SEEN = "seen_toys:SeenLine"  # the toy's observations, with pictures
RECORD = PlayRequest(study="toy", environment=SEEN, output=Path("video.mp4"), episodes=1)
MODEL = Path("model.zip")


@pytest.fixture(scope="module")
def _scaled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scaled")
    write_study(folder, normalize={"norm_reward": False})
    with working_in(folder):
        tune(RUN, Told())
    return folder


@pytest.fixture
def scaled(_scaled_folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(_scaled_folder, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_a_study_normalises_every_trial_and_says_so_in_its_export(scaled: Path) -> None:
    winner = read_status("toy", None).summary.best
    assert winner is not None
    assert (winner.arguments["norm_obs"], winner.arguments["norm_reward"]) == (True, False)
    block = yaml.safe_load(export(ExportRequest(study="toy")).text)["ToyLine-v0"]
    assert block["normalize"] == "{'norm_obs': True, 'norm_reward': False}"
    assert not {"norm_obs", "norm_reward"} & block.keys()


def test_an_export_comes_back_as_a_baseline(told: Told, scaled: Path) -> None:
    export(ExportRequest(study="toy", output=Path("best.yml")))
    found = tune(replace(RUN, name="other", baselines=("best.yml",)), told)
    row = found.summaries[0].baselines[-1].arguments
    assert (row["norm_obs"], row["norm_reward"]) == (True, False)


def test_a_script_lays_it_round_the_environment(scaled: Path) -> None:
    script = export(ExportRequest(study="toy", form="sb3")).text
    assert "env = VecNormalize(env, norm_obs=True, norm_reward=False)" in script
    assert 'env.save("vecnormalize.pkl")' in script
    compile(script, "train.py", "exec")


def test_a_study_without_is_another_study(told: Told, scaled: Path) -> None:
    write_study(scaled)
    with pytest.raises(StudyDiffers, match=r"fixed\.norm_obs: stored true, now nothing"):
        tune(RUN, told)


def test_its_model_is_played_with_its_statistics(told: Told, scaled: Path) -> None:
    episodes = play(RECORD, told).episodes
    exported = export(ExportRequest(study="toy", model=MODEL))
    assert exported.files == (Path("model-vecnormalize.pkl"), MODEL)
    by_file = replace(RECORD, study=None, model=MODEL)
    assert play(by_file, told).episodes == episodes
    Path("model-vecnormalize.pkl").rename("elsewhere.pkl")
    told.events.clear()
    with pytest.raises(ModelUnusable, match="was trained on observations scaled by VecNormalize") as caught:
        play(by_file, told)
    assert len(str(caught.value).splitlines()) == 1
    assert [type(event) for event in told.events] == [events.PlayAnnounced]
    assert play(replace(by_file, statistics=Path("elsewhere.pkl")), told).episodes == episodes


def test_statistics_that_were_deleted_are_missed(told: Told, scaled: Path) -> None:
    for path in (scaled / "studies" / "tuner.artifacts").iterdir():
        if not path.read_bytes().startswith(b"PK"):
            path.unlink()
    with pytest.raises(StorageFailed, match="observations cannot be read"):
        play(RECORD, told)


def test_whether_to_normalise_can_be_searched(told: Told, tmp_path: Path) -> None:
    flags = {name: {"type": "choice", "choices": [True, False]} for name in ("norm_obs", "norm_reward")}
    off = {"norm_obs": False, "norm_reward": False}
    write_study(tmp_path, baselines={name: {**values, **off} for name, values in BASELINES.items()})
    (tmp_path / "toy_space.yaml").write_text(yaml.safe_dump({**SPACE, "parameters": {**SPACE["parameters"], **flags}}))
    tune(replace(RUN, changes={"trials": 8, "sampler": "random", "seed": 3}), told)
    rows = read_status("toy", None).rows
    assert {row.arguments["norm_obs"] for row in rows if row.role is None} == {True, False}
    assert "normalize" not in yaml.safe_load(export(ExportRequest(study="toy", trial=0)).text)["ToyLine-v0"]


def test_a_baseline_stands_where_the_study_says_in_what_is_searched(told: Told, tmp_path: Path) -> None:
    write_study(tmp_path, normalize=True)
    flag = {"norm_obs": {"type": "choice", "choices": [True, False]}}
    (tmp_path / "toy_space.yaml").write_text(yaml.safe_dump({**SPACE, "parameters": {**SPACE["parameters"], **flag}}))
    found = tune(replace(RUN, changes={"trials": 2}), told)
    assert [row.arguments["norm_obs"] for row in found.summaries[0].baselines] == [True, True]


@pytest.mark.parametrize(
    ("normalize", "said"),
    [
        ({"norm_ob": True}, "did you mean 'norm_obs'"),
        ({"clip_obs": 0}, "normalize.clip_obs"),
        ("yes please", "normalize"),
    ],
    ids=["unknown key", "nothing left", "no mapping"],
)
def test_a_bad_value_is_said(told: Told, tmp_path: Path, normalize: object, said: str) -> None:
    write_study(tmp_path, normalize=normalize)
    with pytest.raises(SpecInvalid, match=said):
        tune(RUN, told)
