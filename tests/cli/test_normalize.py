"""Normalisation from a study's file to its export and its film."""

import json
from pathlib import Path

import pytest
import yaml
from conftest import BASELINES, SPACE, Tuner, write_study

RUN = "run toy.yaml --trials 3 --engine inline"
HERE = "--env seen_toys:SeenLine"  # the toy's observations, with pictures


@pytest.fixture
def scaled(tuner: Tuner, tmp_path: Path) -> Path:
    write_study(tmp_path, normalize={"norm_reward": False})
    said = tuner(RUN)
    assert said.code == 0, said.err
    return tmp_path


def test_a_study_normalises_every_trial_and_says_so_in_its_export(tuner: Tuner, scaled: Path) -> None:
    best = json.loads(tuner("status toy --json").out)["best"]["arguments"]
    assert (best["norm_obs"], best["norm_reward"]) == (True, False)
    block = yaml.safe_load(tuner("export toy").out)["ToyLine-v0"]
    assert block["normalize"] == "{'norm_obs': True, 'norm_reward': False}"
    assert not {"norm_obs", "norm_reward"} & block.keys()


def test_an_export_comes_back_as_a_baseline(tuner: Tuner, scaled: Path) -> None:
    tuner("export toy -o best.yml")
    said = tuner(f"{RUN} --name other --baseline best.yml --json")
    assert said.code == 0, said.err
    row = json.loads(said.out)["baselines"][-1]["arguments"]
    assert (row["norm_obs"], row["norm_reward"]) == (True, False)


def test_a_script_lays_it_round_the_environment(tuner: Tuner, scaled: Path) -> None:
    script = tuner("export toy --format sb3").out
    assert "env = VecNormalize(env, norm_obs=True, norm_reward=False)" in script
    assert 'env.save("vecnormalize.pkl")' in script
    compile(script, "train.py", "exec")


def test_a_study_without_is_another_study(tuner: Tuner, scaled: Path) -> None:
    write_study(scaled)
    said = tuner(RUN)
    assert said.code == 1
    assert "fixed.norm_obs: stored true, now nothing" in said.err


def test_its_model_is_played_with_its_statistics(tuner: Tuner, scaled: Path) -> None:
    said = tuner(f"play --study toy {HERE} -o film.mp4 --episodes 1 --json")
    assert said.code == 0, said.err
    first, *written = tuner("export toy --model model.zip").err.splitlines()
    assert first.startswith("Taking ")
    assert written == [
        "Wrote model-vecnormalize.pkl",
        "Wrote model.zip",
    ]
    found = tuner(f"play --model model.zip {HERE} -o film.mp4 --episodes 1 --json")
    assert found.code == 0, found.err
    assert json.loads(found.out)["episodes"] == json.loads(said.out)["episodes"]
    Path("model-vecnormalize.pkl").rename("elsewhere.pkl")
    without = tuner(f"play --model model.zip {HERE} -o film.mp4 --episodes 1")
    assert without.code == 2
    assert "was trained on observations scaled by VecNormalize" in without.err
    assert len(without.err.splitlines()) == 2
    named = tuner(f"play --model model.zip --stats elsewhere.pkl {HERE} -o film.mp4 --episodes 1 --json")
    assert json.loads(named.out)["episodes"] == json.loads(said.out)["episodes"]


def test_statistics_that_were_deleted_are_missed(tuner: Tuner, scaled: Path) -> None:
    for path in (scaled / "studies" / "tuner.artifacts").iterdir():
        if not path.read_bytes().startswith(b"PK"):
            path.unlink()
    said = tuner(f"play --study toy {HERE} -o film.mp4 --episodes 1")
    assert said.code == 1
    assert "observations cannot be read" in said.err


def test_whether_to_normalise_can_be_searched(tuner: Tuner, tmp_path: Path) -> None:
    flags = {name: {"type": "choice", "choices": [True, False]} for name in ("norm_obs", "norm_reward")}
    off = {"norm_obs": False, "norm_reward": False}
    write_study(tmp_path, baselines={name: {**values, **off} for name, values in BASELINES.items()})
    (tmp_path / "toy_space.yaml").write_text(yaml.safe_dump({**SPACE, "parameters": {**SPACE["parameters"], **flags}}))
    said = tuner("run toy.yaml --trials 8 --engine inline --sampler random --seed 3")
    assert said.code == 0, said.err
    trials = json.loads(tuner("status toy --trials --json").out)["trials"]
    assert {trial["arguments"]["norm_obs"] for trial in trials if not trial["role"]} == {True, False}
    assert "normalize" not in yaml.safe_load(tuner("export toy --trial 0").out)["ToyLine-v0"]


def test_a_baseline_stands_where_the_study_says_in_what_is_searched(tuner: Tuner, tmp_path: Path) -> None:
    write_study(tmp_path, normalize=True)
    flag = {"norm_obs": {"type": "choice", "choices": [True, False]}}
    (tmp_path / "toy_space.yaml").write_text(yaml.safe_dump({**SPACE, "parameters": {**SPACE["parameters"], **flag}}))
    said = tuner("run toy.yaml --trials 2 --engine inline --json")
    assert said.code == 0, said.err
    assert [row["arguments"]["norm_obs"] for row in json.loads(said.out)["baselines"]] == [True, True]


@pytest.mark.parametrize(
    ("normalize", "said"),
    [
        ({"norm_ob": True}, "did you mean 'norm_obs'"),
        ({"clip_obs": 0}, "normalize.clip_obs"),
        ("yes please", "normalize"),
    ],
    ids=["unknown key", "nothing left", "no mapping"],
)
def test_a_bad_value_is_said(tuner: Tuner, tmp_path: Path, normalize: object, said: str) -> None:
    write_study(tmp_path, normalize=normalize)
    found = tuner(RUN)
    assert found.code in (1, 2)
    assert said in found.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("export toy --model model.pt", "--model model.pt: must end in .zip"),
        ("export toy --model model.zip -o best.yml", "--model model.zip: is written alone"),
        (
            "export toy --model nowhere/model.zip",
            "nowhere/model.zip: No such file or directory (choose another file with --model)",
        ),
        ("play --study toy --stats some.pkl -o film.mp4", "--stats some.pkl: name the model that they belong to"),
    ],
)
def test_what_cannot_be_written_or_played_is_said(tuner: Tuner, finished: Path, line: str, said: str) -> None:
    found = tuner(line)
    assert found.code in (1, 2)
    assert said in found.err
    assert len([line for line in found.err.splitlines() if not line.startswith("Taking ")]) == 1
