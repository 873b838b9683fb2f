"""Opening PostgreSQL: one-line errors without passwords."""

import sys
from pathlib import Path

import optuna
import psycopg
import pytest
from conftest import Tuner
from servers import Server
from sqlalchemy.engine import URL

from tuner.cli import main
from tuner.errors import StorageFailed, UsageProblem, without_passwords
from tuner.exit_codes import UNEXPECTED
from tuner.study import postgres as opening
from tuner.study.storage import (
    artifact_folder,
    describe,
    half_made,
    is_there,
    open_to_read,
    open_to_write,
    parse_url,
    refuse_foreign,
    storage_text,
)


def test_both_spellings_mean_psycopg_and_no_password_is_shown() -> None:
    for text in ("postgresql://me:hush@host/db", "postgresql+psycopg://me@host/db?password=hush"):
        url = parse_url(text)
        assert (url.drivername, url.password) == ("postgresql+psycopg", "hush")
        assert describe(url) == "postgresql+psycopg://me:***@host/db"
        assert storage_text(url) == "postgresql+psycopg://me@host/db"
    assert "hush" not in describe(parse_url("postgresql://me@host/db?sslpassword=hush"))


def test_a_url_without_a_database_is_refused() -> None:
    with pytest.raises(UsageProblem, match="names no database") as caught:
        parse_url("postgresql://me:hush@host")
    assert "hush" not in str(caught.value)


def test_without_psycopg_the_install_line_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageProblem, match=r"pip install 'roarm-tuner\[postgres\]'.*pip install '\.\[postgres\]'"):
        open_to_read(parse_url("postgresql://me@host/db"))


def test_tables_are_made_by_a_writer_alone(postgres: URL) -> None:
    assert not is_there(postgres)
    assert half_made(postgres)
    with pytest.raises(StorageFailed, match="holds no studies yet"):
        open_to_read(postgres)
    assert not is_there(postgres)
    optuna.create_study(storage=open_to_write(postgres), study_name="toy")
    assert optuna.get_all_study_names(open_to_read(postgres)) == ["toy"]
    assert not half_made(postgres)


def test_a_reader_can_write_nothing(postgres: URL) -> None:
    study = optuna.create_study(storage=open_to_write(postgres), study_name="toy")
    reading = optuna.load_study(storage=open_to_read(postgres), study_name="toy")
    with pytest.raises(optuna.exceptions.StorageInternalError):
        reading.set_user_attr("written", value=True)
    assert study.user_attrs == {}


def test_who_may_only_read_sees_everything_and_starts_nothing(
    server: Server, postgres: URL, tuner: Tuner, toy_study: Path
) -> None:
    """The role that docs/howto/postgres.md gives to those who look."""
    assert tuner(f"run {toy_study} --engine inline --skip-check --storage {shown(postgres)}").code == 0
    with server.session(str(postgres.database)) as session:
        session.execute("DROP ROLE IF EXISTS viewer")
        session.execute("CREATE ROLE viewer LOGIN PASSWORD 'x'")
        session.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO viewer")
    viewer = shown(postgres.set(username="viewer", password="x"))  # noqa: S106 - a test's
    for line in ("status toy", "show 0 --study toy", "report toy", "export toy -o best.yml"):
        said = tuner(f"{line} --storage {viewer}")
        assert said.code == 0, said.err
    said = tuner(f"run {toy_study} --trials 5 --engine inline --skip-check --storage {viewer}")
    assert said.code == 1
    assert "user 'viewer' may not create tables there" in said.err
    assert "Traceback" not in said.err
    with server.session(str(postgres.database)) as session:
        session.execute("DROP OWNED BY viewer")
        session.execute("DROP ROLE viewer")


def shown(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def test_tables_of_another_program_are_left_alone(server: Server, postgres: URL) -> None:
    with server.session(str(postgres.database)) as session:
        session.execute("CREATE TABLE studies (id int)")
    for touch in (refuse_foreign, open_to_read):
        with pytest.raises(StorageFailed, match="is not an Optuna database"):
            touch(postgres)


def test_tables_whose_making_was_cut_off_are_made_whole(server: Server, postgres: URL) -> None:
    open_to_write(postgres)
    with server.session(str(postgres.database)) as session:
        session.execute("DELETE FROM version_info")
        session.execute("DROP TABLE alembic_version")
    assert half_made(postgres)
    refuse_foreign(postgres)
    open_to_write(postgres)
    assert not half_made(postgres)


def test_no_server_and_no_database_are_a_line_each(postgres: URL) -> None:
    with pytest.raises(StorageFailed, match=r"no connection: .*refused.*start the server") as caught:
        open_to_read(parse_url("postgresql://me:hush@127.0.0.1:1/db"))
    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(StorageFailed, match=r"the server has no database 'nowhere' .run createdb nowhere"):
        open_to_read(postgres.set(database="nowhere"))
    with pytest.raises(StorageFailed, match="no such user"):
        open_to_read(postgres.set(username="nobody"))


def test_a_wrong_password_is_said_and_not_shown() -> None:
    text = 'connection failed: FATAL:  password authentication failed for user "me"'
    said = opening.cause(parse_url("postgresql://me:hush@host/db"), psycopg.OperationalError(text))
    assert said == "the server rejects the password of user 'me' (set PGPASSWORD or write ~/.pgpass)"


def test_models_lie_in_a_folder_of_the_databases_name_or_where_the_variable_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = parse_url("postgresql://host/db")
    assert str(artifact_folder(url)) == f"{tmp_path}/studies/db.artifacts"
    monkeypatch.setenv("TUNER_ARTIFACTS", "elsewhere")
    assert str(artifact_folder(url)) == f"{tmp_path}/elsewhere"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("'postgresql://me:hush@host/db'", "'postgresql://me:***@host/db'", id="a URL"),
        pytest.param("x://me:hu/s@h@host/db", "x://me:***@host/db", id="odd signs"),
        pytest.param("x://h/db?password=hush&a=b", "x://h/db?password=***&a=b", id="its query"),
        pytest.param("sqlite:///a:b.db is here@home", "sqlite:///a:b.db is here@home", id="none"),
    ],
)
def test_a_password_in_a_text_is_blotted_out(text: str, shown: str) -> None:
    assert without_passwords(text) == shown


def test_no_password_comes_back_from_the_command_line(
    tuner: Tuner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    url = "postgresql://me:hush@127.0.0.1:1/db"
    said = [tuner(f"run reach {url}"), tuner(f"status --storage {url}"), tuner(f"--verbose status --storage {url}")]
    assert [one.code for one in said] == [2, 1, 1]
    assert "hush" not in "".join(one.out + one.err for one in said)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["tuner", "status", "--storage", url])
    assert main._unexpected(RuntimeError(url), f"trace of {url}") == UNEXPECTED
    (log,) = tmp_path.glob("tuner-*.log")
    assert "hush" not in log.read_text() + capsys.readouterr().err
