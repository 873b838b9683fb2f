"""Opening the database; one-line errors that name it."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from sqlalchemy.engine import URL

from tuner.errors import StorageFailed, TunerError, UsageProblem
from tuner.study.sqlite import readable
from tuner.study.storage import (
    artifact_folder,
    database_path,
    open_to_read,
    open_to_write,
    parse_url,
    prepare_folder,
    storage_errors,
)


@pytest.fixture
def url(tmp_path: Path) -> URL:
    return parse_url(f"sqlite:///{tmp_path}/toy.db")


def test_a_relative_path_is_made_absolute(tmp_path: Path) -> None:
    assert database_path(parse_url("sqlite:///studies/tuner.db")) == tmp_path / "studies" / "tuner.db"


def test_models_are_kept_beside_the_database(url: URL, tmp_path: Path) -> None:
    assert artifact_folder(url) == tmp_path / "toy.artifacts"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("studies/tuner.db", id="a path"),
        pytest.param("", id="nothing"),
        pytest.param("sqlite://", id="no file"),
        pytest.param("sqlite:///:memory:", id="memory"),
        pytest.param("mysql://me:secret@host/db", id="another kind"),
        pytest.param("postgresql://me:secret@host:port/db", id="a port that is no number"),
    ],
)
def test_what_is_no_sqlite_file_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(UsageProblem, match="sqlite:///") as caught:
        parse_url(text)
    assert "secret" not in str(caught.value)


def test_every_connection_waits_for_writers_and_writes_ahead(url: URL) -> None:
    storage = open_to_write(url)
    optuna.create_study(storage=storage, study_name="toy")
    engine = storage._storage._backend.engine  # type: ignore[attr-defined]
    with engine.connect() as connection:
        values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "busy_timeout")]
    assert values == ["wal", 1000]


def test_reading_opens_what_is_there(url: URL) -> None:
    optuna.create_study(storage=open_to_write(url), study_name="toy")
    assert optuna.get_all_study_names(open_to_read(url)) == ["toy"]


def test_reading_never_creates_a_database(url: URL, tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match=r"no database at .*toy\.db .*tuner run"):
        open_to_read(url)
    assert list(tmp_path.glob("**/*")) == []


def make_folder(path: Path) -> None:
    path.mkdir()


def make_garbage(path: Path) -> None:
    path.write_bytes(b"this is no database " * 500)


def damage(path: Path) -> None:
    open_to_write(parse_url(f"sqlite:///{path}"))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(path.read_bytes())
    data[:100] = bytes(100)
    path.write_bytes(data)


@pytest.mark.parametrize("spoil", [make_folder, make_garbage, damage], ids=["a folder", "another file", "no header"])
def test_a_file_that_is_no_database_is_named(spoil: Callable[[Path], None], url: URL) -> None:
    path = database_path(url)
    spoil(path)
    with pytest.raises(StorageFailed) as caught:
        open_to_write(url)
    assert str(path) in str(caught.value)
    assert "--storage" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_schema_of_a_newer_optuna_is_refused(url: URL, tmp_path: Path) -> None:
    optuna.create_study(storage=open_to_write(url), study_name="toy")
    copy = tmp_path / "newer.db"
    with sqlite3.connect(database_path(url)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    shutil.copy(database_path(url), copy)
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'v99.0.0.a'")
    connection.close()
    with pytest.raises(
        StorageFailed, match=rf"newer\.db was made by another version of Optuna than {optuna.__version__}"
    ):
        open_to_read(parse_url(f"sqlite:///{copy}"))
    assert optuna.get_all_study_names(open_to_read(url)) == ["toy"]


@pytest.mark.parametrize(
    "folder", [pytest.param("/proc", id="read-only"), pytest.param("no/such/folder", id="missing")]
)
def test_a_database_that_cannot_be_written_is_named(folder: str) -> None:
    with pytest.raises(StorageFailed, match=r"cannot write .*toy\.db\.lock: .*--storage"):
        open_to_write(parse_url(f"sqlite:///{folder}/toy.db"))


def test_a_folder_is_made_where_missing(tmp_path: Path) -> None:
    url = parse_url("sqlite:///deep/down/toy.db")
    prepare_folder(url)
    open_to_write(url)
    assert (tmp_path / "deep" / "down" / "toy.db").is_file()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match=r"cannot create the folder .*file/below.*--storage"):
        prepare_folder(parse_url(f"sqlite:///{tmp_path}/file/below/toy.db"))


def test_a_write_that_fails_later_is_named_too(url: URL) -> None:
    storage = open_to_write(url)
    with sqlite3.connect(database_path(url)) as connection:
        connection.execute("DROP TABLE studies")
    connection.close()
    with pytest.raises(StorageFailed, match=r"toy\.db: no such table"), storage_errors(url):
        optuna.create_study(storage=storage, study_name="toy")


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyError("x")], ids=["runtime", "key"])
def test_internal_errors_are_not_reported_as_database_errors(error: Exception, url: URL) -> None:
    with pytest.raises(type(error)) as caught, storage_errors(url):
        raise error
    assert not isinstance(caught.value, TunerError)


def test_a_database_in_a_folder_that_cannot_be_written_is_read_from_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = parse_url(f"sqlite:///{tmp_path}/studies/toy.db")
    prepare_folder(url)
    study = optuna.create_study(storage=open_to_write(url), study_name="toy")
    study.tell(study.ask(), 1.0)
    monkeypatch.setattr("tuner.study.sqlite.os.access", lambda path, mode: Path(path) != tmp_path / "studies")
    before = sorted(path.name for path in (tmp_path / "studies").iterdir())
    copy = readable(url)
    assert copy.database != url.database
    assert readable(url) == copy
    assert [trial.value for trial in optuna.load_study(storage=open_to_read(url), study_name="toy").trials] == [1.0]
    study.tell(study.ask(), 2.0)
    assert readable(url) != copy
    assert len(optuna.load_study(storage=open_to_read(url), study_name="toy").trials) == 2
    assert sorted(path.name for path in (tmp_path / "studies").iterdir()) == before
