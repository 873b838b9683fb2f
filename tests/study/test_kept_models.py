"""What is loaded is what the run wrote: files of trials are compared with the SHA-256 that the study has of them."""

import io
import json
import logging
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from conftest import Tuner, kept_models
from driving import put_odd
from optuna.artifacts import FileSystemArtifactStore, upload_artifact

from tuner.errors import StorageFailed
from tuner.study.kept_models import HASH, HASHED_FROM, keep_file, read_earlier, read_model, read_statistics
from tuner.study.reader import open_reader
from tuner.study.storage import artifact_folder, open_to_write, parse_url

URL = "sqlite:///studies/tuner.db"
READERS = {"model.zip": read_model, "model.pkl": read_statistics, "model.tar": read_earlier}

Read = Callable[[optuna.Study, int, Path], bytes | None]


class Runs:
    """Leaves a mark when it is unpickled, as a doctored model does."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("ran",)


def doctored(model: bytes) -> bytes:
    """A model that runs code where it is loaded: Stable-Baselines3 unpickles parts of `data`, torch the rest."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(model)) as before, zipfile.ZipFile(made, "w") as after:
        for name in before.namelist():
            after.writestr(name, pickle.dumps(Runs()) if name.endswith(".pth") else before.read(name))
    return made.getvalue()


@pytest.fixture(params=READERS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[optuna.Study, Path, Read]:
    """A study whose first trial kept a file of each kind, the file, and its reader."""
    study = optuna.create_study(storage=open_to_write(parse_url(f"sqlite:///{tmp_path}/kept.db")), study_name="kept")
    study.set_user_attr(HASHED_FROM, 0)
    (tmp_path / request.param).write_bytes(b"content")
    trial = study.ask()
    keep_file(trial, tmp_path / request.param, tmp_path / "kept.artifacts")
    (file,) = (tmp_path / "kept.artifacts").iterdir()
    return study, file, READERS[request.param]


def test_what_the_run_wrote_is_read(kept: tuple[optuna.Study, Path, Read], caplog: pytest.LogCaptureFixture) -> None:
    study, file, read = kept
    assert read(study, 0, file.parent) == b"content"
    assert not [one for one in caplog.records if one.name.startswith("tuner")]


def test_a_changed_file_is_not_read(kept: tuple[optuna.Study, Path, Read]) -> None:
    study, file, read = kept
    file.write_bytes(b"Content")
    with pytest.raises(StorageFailed, match=rf"{file.name} is not what the run stored \(its SHA-256 is another"):
        read(study, 0, file.parent)


def test_trackers_are_given_what_the_run_wrote_alone(finished: Path) -> None:
    reader = open_reader(parse_url(URL), "toy")
    first, second = (one for one in reader.ended()[:2])
    assert first.files
    for place, file in enumerate(first.files.values()):
        content = file.read_bytes()
        file.unlink()
        if place == 0:
            file.write_bytes(content + b"x")
        else:
            file.symlink_to("/etc/hostname")
    again = open_reader(parse_url(URL), "toy").ended()[:2]
    assert again[0].files == {}
    assert again[1].files == second.files


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_only_a_file_itself_is_read(kept: tuple[optuna.Study, Path, Read], tmp_path: Path, kind: str) -> None:
    study, file, read = kept
    file.unlink()
    (tmp_path / "secret").write_bytes(b"content")  # even what the run wrote
    put_odd(kind, file, tmp_path / "secret")
    with pytest.raises(StorageFailed, match=f"{file.name} is a link or no file"):
        read(study, 0, file.parent)


def test_an_upload_takes_no_files_place(kept: tuple[optuna.Study, Path, Read], tmp_path: Path) -> None:
    """As optuna-dashboard stores it, under a random name."""
    study, file, read = kept
    name = next(name for name, one in READERS.items() if one is read)
    (tmp_path / name).write_bytes(b"doctored")
    store = FileSystemArtifactStore(str(file.parent))
    (trial,) = study.get_trials(deepcopy=False)
    for _ in range(8):
        upload_artifact(
            artifact_store=store, file_path=str(tmp_path / name), study_or_trial=trial, storage=study._storage
        )
    assert read(study, 0, file.parent) == b"content"


@pytest.mark.parametrize(("first", "is_read"), [(None, True), (1, True), (0, False), ("x", False)])
def test_files_of_earlier_versions_are_read_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, first: int | str | None, *, is_read: bool
) -> None:
    study = optuna.create_study(storage=open_to_write(parse_url(f"sqlite:///{tmp_path}/old.db")), study_name="old")
    if first is not None:
        study.set_user_attr(HASHED_FROM, first)
    (tmp_path / "model.zip").write_bytes(b"content")
    store = FileSystemArtifactStore(str(tmp_path))
    upload_artifact(artifact_store=store, file_path=str(tmp_path / "model.zip"), study_or_trial=study.ask())
    caplog.set_level(logging.WARNING)
    if is_read:
        assert read_model(study, 0, tmp_path) == b"content"
        assert [one.getMessage() for one in caplog.records if one.name.startswith("tuner")] == [
            "the model of trial 0: of an earlier version, which stored no SHA-256 to check it by"
        ]
    else:
        with pytest.raises(StorageFailed, match="the study has no SHA-256 of it"):
            read_model(study, 0, tmp_path)


def test_every_file_that_a_run_keeps_has_its_hash(finished: Path) -> None:
    storage = open_to_write(parse_url(URL))
    study = optuna.load_study(storage=storage, study_name="toy")
    assert study.user_attrs[HASHED_FROM] == 0
    found = {name for trial in study.get_trials(deepcopy=False) for name in trial.system_attrs}
    files = {name.partition(":")[2] for name in found if name.startswith("artifacts:")}
    assert files
    assert {name.removeprefix(HASH) for name in found if name.startswith(HASH)} == files
    assert files <= {file.name for file in artifact_folder(parse_url(URL)).iterdir()}


@pytest.mark.parametrize(
    "line",
    [
        "play --study toy -o video.mp4",
        "export toy --model model.zip",
        "play --study toy --versus best,proposed -o a.gif",
    ],
)
def test_a_doctored_model_runs_nothing(tuner: Tuner, finished: Path, tmp_path: Path, line: str) -> None:
    for file in kept_models(tmp_path):
        file.write_bytes(doctored(file.read_bytes()))
    said = tuner(line)
    assert said.code != 0, said
    assert "is not loaded, since it could run code" in said.err
    assert "Traceback" not in said.err
    assert not (tmp_path / "ran").exists()


def test_a_doctored_specification_is_read_and_not_run(tuner: Tuner, finished: Path, tmp_path: Path) -> None:
    """A spec is JSON: what it names is imported only where an environment is made."""
    storage = open_to_write(parse_url(URL))
    study = optuna.load_study(storage=storage, study_name="toy")
    spec = json.loads(study.user_attrs["spec"])
    spec["environment"]["id"] = f"{tmp_path}/evil.py:Evil"
    (tmp_path / "evil.py").write_text("import os\n\nos.mkdir('ran')\n")
    study.set_user_attr("spec", json.dumps(spec))
    for line in ("status toy", "show 0 --study toy", "report toy", "export toy -o best.yml", "list studies"):
        assert "Traceback" not in tuner(line).err, line
    assert not (tmp_path / "ran").exists()
