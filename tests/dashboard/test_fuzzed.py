"""Fuzzed requests and names: no traceback, and no file outside the folder."""

import contextlib
import json
from pathlib import Path

import optuna
import pytest
from asking import ask
from conftest import Tuner
from dashboard_parts import Shown
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuner.errors import NothingToShow, StorageFailed
from tuner.study.file_lock import StudyLock
from tuner.study.kept_models import read_model
from tuner.study.storage import open_to_write, parse_url
from tuner.study.stored import load_stored

FEW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
EVIL = ["../x", "/etc/x", "a/b", "..", ".", "-x", "a\nb", "x" * 65, "ü/nder", "a b", "%2e%2e", "~", "$(id)"]
WORDS = st.one_of(st.text(max_size=30), st.sampled_from(EVIL), st.sampled_from(["api", "studies", "1", "artifacts"]))
HEADERS = ("HTTP_HOST", "HTTP_COOKIE", "HTTP_AUTHORIZATION", "HTTP_RANGE", "HTTP_ORIGIN", "HTTP_IF_MODIFIED_SINCE")


def latin(text: str) -> str:
    """Text as WSGI passes it on."""
    return text.encode("utf-8", "replace").decode("latin-1")


def test_fuzzed_requests_get_a_line_and_no_traceback(shown: Shown, caplog: pytest.LogCaptureFixture) -> None:
    open_to_all, with_token = shown.make(), shown.make(token="a-token-of-sixteen-and-more")  # noqa: S106 - a test's
    before = sorted(shown.folder.iterdir())

    @FEW
    @given(
        parts=st.lists(WORDS, max_size=5),
        query=st.one_of(st.text(max_size=20), st.sampled_from(["after=x", "after=-1", "trial_ids=x", "token=%00"])),
        method=st.sampled_from(["GET", "HEAD", "POST", "DELETE", "x"]),
        headers=st.dictionaries(st.sampled_from(HEADERS), st.text(max_size=30), max_size=3),
    )
    def asked(parts: list[str], query: str, method: str, headers: dict[str, str]) -> None:
        sent = {name: latin(value) for name, value in headers.items()}
        path = latin("/" + "/".join(parts)).replace("?", "")
        for application in (open_to_all, with_token):
            answer = ask(application, f"{path}?{latin(query)}", method, **sent)
            assert 200 <= answer.status < 500
            assert b"Traceback" not in answer.body
            assert answer.errors == ""

    asked()
    assert sorted(shown.folder.iterdir()) == before
    assert not [record for record in caplog.records if record.exc_info or "Traceback" in record.getMessage()]


def test_a_lock_lies_beside_its_database_whatever_the_study_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "locks"
    folder.mkdir()

    @FEW
    @given(name=WORDS)
    def locked(name: str) -> None:
        before = set(tmp_path.rglob("*"))
        with (
            contextlib.suppress(StorageFailed),  # too long for a file
            StudyLock(folder / "toy.db", name.encode("utf-8", "replace").decode()),
        ):
            pass
        assert {path.parent for path in set(tmp_path.rglob("*")) - before} <= {folder}

    locked()


@pytest.mark.parametrize("name", EVIL, ids=range(len(EVIL)))
def test_a_name_that_no_file_can_have_is_refused(tuner: Tuner, tmp_path: Path, toy_study: Path, name: str) -> None:
    from tuner.cli.main import call

    before = sorted(tmp_path.rglob("*"))
    assert call(["run", str(toy_study), "--engine", "inline", f"--name={name}", "--tensorboard", "tb"]) == 2
    assert set(tmp_path.rglob("*")) - set(before) <= {tmp_path / "tb"}


def test_a_renamed_study_has_its_present_name_or_is_refused(finished: Path) -> None:
    storage = open_to_write(parse_url("sqlite:///studies/tuner.db"))
    spec = load_stored(storage, "toy")[1].model_dump_json()
    for name in ("renamed", "../renamed", "a/b"):
        optuna.create_study(storage=storage, study_name=name, direction="maximize").set_user_attr("spec", spec)
    assert load_stored(storage, "renamed")[1].name == "renamed"
    for name in ("../renamed", "a/b"):
        with pytest.raises(NothingToShow, match="must be letters, digits"):
            load_stored(storage, name)


def test_a_models_record_that_names_a_file_elsewhere_is_not_read(finished: Path, tmp_path: Path) -> None:
    storage = open_to_write(parse_url("sqlite:///studies/tuner.db"))
    study = optuna.create_study(storage=storage, study_name="made", direction="maximize")
    trial = study.ask()
    meta = {"artifact_id": "../../secret", "filename": "trial-0.zip", "mimetype": "application/zip", "encoding": None}
    storage.set_trial_system_attr(trial._trial_id, "artifacts:x", json.dumps(meta))
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(StorageFailed, match="is not an artifact id"):
        read_model(study, 0, tmp_path / "studies" / "tuner.artifacts")
