"""Bad input: one line that names the value, the rule and the way out; no trace; nothing written."""

import importlib.util
import sqlite3
from pathlib import Path

import pytest
from conftest import BASELINES, Tuner, write_study

USAGE = {
    "zero trials": ("run --trials 0", "--trials 0: must be at least 1"),
    "negative trials": ("run --trials -4", "--trials -4: must be at least 1"),
    "trials in words": ("run --trials many", "--trials 'many': must be a whole number"),
    "no workers": ("run --workers 0", "--workers 0: must be at least 1"),
    "negative seed": ("run --seed -1", "--seed -1: must be at least 0"),
    "fewer trials than baselines": ("run --trials 1", "1 is less than the study's 3 baselines"),
    "unknown study": ("run rech", "did you mean 'reach'"),
    "missing file": ("run ./nowhere.yaml", "no study file './nowhere.yaml'"),
    "unknown space": ("run --space ppo_gide", "did you mean 'ppo_guide'"),
    "unknown environment": ("run --env RoArmRech-v0", "did you mean 'RoArmReach-v0'"),
    "environment of an unknown module": ("run --env nowhere:X-v0", "cannot import 'nowhere'"),
    "unknown sampler": ("run --sampler tpee", "must be one of tpe, gp, random, qmc"),
    "unknown pruner": ("run --pruner hyperband", "must be one of median, halving, none"),
    "unknown engine": ("run --engine dask", "must be one of processes, inline, ray"),
    "a cluster without Ray": ("confirm reach --ray-address 10.0.0.1:6379", "10.0.0.1:6379: goes with --engine ray"),
    "a cluster from outside": (
        "run --engine ray --ray-address ray://10.0.0.1:10001",
        "typed on a machine of the cluster",
    ),
    "a cluster without port": ("serve --engine ray --ray-address head", "'head': must be HOST:PORT"),
    "files made elsewhere": ("train best.yml --engine ray", "writes its files on this machine"),
    "budget under a rollout": ("run --timesteps 1000", "give at least 8192"),
    "a seed too large": ("run --seed 4294967296", "--seed 4294967296: must be at most 4294967295"),
    "a budget beyond counting": (f"run --timesteps {10**400}", "must be less than or equal to 1000000000000"),
    "a path longer than any": (f"run {'x' * 300}.yaml", "no study file"),
    "a folder": ("run --storage sqlite:///.", "is a folder; name a file in it"),
    "nobody's home": ("run --storage sqlite:///~nobody-of-that-name/x.db", "home directory"),
    "another driver": ("run --storage sqlite+aiosqlite:///x.db", "only SQLite and PostgreSQL are supported"),
    "no URL": ("run --storage studies.db", "is not a database URL"),
    "another database": ("run --storage mysql://me:secret@host/db", "only SQLite and PostgreSQL are supported"),
    "a database in memory": ("run --storage sqlite:///:memory:", "studies must outlive the command"),
    "unknown option": ("run --trails 3", "No such option: --trails"),
    "unknown command": ("tune", "No such command 'tune'"),
    "unknown list": ("list robots", "must be one of envs, spaces, studies"),
    "a name that no file can have": ("run --name ../x", "must be letters, digits"),
    "port too high": ("dashboard --port 70000", "must be at most 65535"),
    "no episodes": ("check --episodes 0", "--episodes 0: must be at least 1"),
    "unknown environment to check": ("check RoArmRech-v0", "did you mean 'RoArmReach-v0'"),
    "no file to check": ("check nowhere.py:Arm", "no such file, nowhere.py"),
    "a file without its class": ("check arm.py", "name the class as well, arm.py:Class"),
    "a page in no folder": ("check --html nowhere/check.html", "there is no folder nowhere"),
    "a page that is a folder": ("check --html /", "is a folder; give a file"),
    "trial in words": ("export --trial best", "--trial 'best': must be a whole number"),
}


@pytest.mark.parametrize(("line", "words"), USAGE.values(), ids=USAGE)
def test_usage_is_refused_in_a_line(tuner: Tuner, tmp_path: Path, line: str, words: str) -> None:
    said = tuner(line)
    assert said.code == 2
    assert words in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""
    assert not list(tmp_path.iterdir())


def test_without_ray_the_line_says_how_to_install_it(tuner: Tuner, monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ray" else find_spec(name))
    for command in ("run reach", "confirm reach", "serve"):
        said = tuner(f"{command} --engine ray")
        assert (said.code, said.out) == (2, "")
        assert said.err == (
            "tuner: --engine ray: Ray is not installed (pip install 'roarm-tuner[ray]', or in a checkout "
            "pip install '.[ray]')\n"
        )


def test_a_password_is_never_printed(tuner: Tuner) -> None:
    assert "secret" not in tuner("run --storage mysql://me:secret@host/db").err


@pytest.mark.parametrize("line", ["status", "export", "dashboard", "status toy --trials"])
def test_reading_commands_never_create_a_database(tuner: Tuner, tmp_path: Path, line: str) -> None:
    said = tuner(line)
    assert said.code == 1
    assert "start with `tuner run`" in said.err
    assert not list(tmp_path.iterdir())


def test_every_fault_of_a_file_is_named_at_once(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, timesteps="many", trails=3, environment={"id": "x", "n_envs": 0})
    said = tuner(f"run {path}")
    assert said.code == 2
    for words in ("timesteps: must be a whole number", "did you mean 'trials'", "environment.n_envs"):
        assert words in said.err


def test_a_malformed_file_is_named_with_its_line(tuner: Tuner, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("environment: {id: x\nspace: y\n")
    said = tuner("run bad.yaml")
    assert said.code == 2
    assert "bad.yaml: line 2" in said.err


def test_a_baseline_outside_the_space_is_refused(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, baselines={"current": {**BASELINES["current"], "batch_size": 64}})
    said = tuner(f"run {path}")
    assert said.code == 2
    assert "baselines.current.batch_size: 64 is outside the space's range 4 … 32" in said.err


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"id": "tuner_toys:ToyDictionary-v0"}, "PPO cannot act in a Dict space"),
        ({"id": "tuner_toys:ToyLine-v0", "kwargs": {"colour": 3}}, "has no option 'colour'; valid: scale"),
        ({"id": "tuner_toys:ToyRaising-v0"}, "the gripper fell off"),
    ],
    ids=["spaces", "options", "raises"],
)
def test_an_unusable_environment_is_found_before_anything_is_written(
    tuner: Tuner, tmp_path: Path, environment: dict[str, object], words: str
) -> None:
    path = write_study(tmp_path, environment=environment)
    said = tuner(f"run {path} --engine inline")
    assert said.code in (1, 2)
    assert words in said.err
    assert not (tmp_path / "studies").exists()


def test_a_damaged_database_is_named_and_left_alone(tuner: Tuner, tmp_path: Path, toy_study: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"not a database" * 100)
    for line in (f"run {toy_study}", "status toy", "export toy"):
        said = tuner(f"{line} --storage sqlite:///broken.db")
        assert said.code == 1
        assert "is not an SQLite database" in said.err
    assert (tmp_path / "broken.db").read_bytes() == b"not a database" * 100


def test_a_folder_that_cannot_be_made_is_named(tuner: Tuner, tmp_path: Path, toy_study: Path) -> None:
    (tmp_path / "file").touch()
    said = tuner(f"run {toy_study} --engine inline --storage sqlite:///file/tuner.db")
    assert said.code == 1
    assert "cannot create the folder" in said.err


def test_a_database_of_a_newer_optuna_is_refused(tuner: Tuner, tmp_path: Path, finished: Path) -> None:
    with sqlite3.connect(tmp_path / "studies" / "tuner.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'v99.0.0.a'")
        database.execute("UPDATE version_info SET schema_version = 99")
    database.close()
    for line in ("status toy", f"run {finished}"):
        said = tuner(line)
        assert said.code == 1
        assert "another version of Optuna" in said.err


def test_another_meaning_is_refused_with_the_difference(tuner: Tuner, tmp_path: Path, finished: Path) -> None:
    before = tuner("status toy --json").out
    said = tuner(f"run {finished} --timesteps 768")
    assert said.code == 1
    assert "timesteps: stored 384, now 768" in said.err
    assert "--name" in said.err
    assert tuner("status toy --json").out == before


def test_an_unknown_study_in_the_database_names_those_there(tuner: Tuner, finished: Path) -> None:
    said = tuner("status tory")
    assert said.code == 2
    assert "did you mean 'toy'" in said.err


def test_fewer_trials_than_there_are_starts_nothing(tuner: Tuner, finished: Path) -> None:
    said = tuner(f"run {finished} --trials 3 --engine inline")
    assert said.code == 0
    assert "Nothing to do" in said.err


@pytest.mark.parametrize("line", ["status toy", "export toy", "dashboard", "run toy", "run toy.yaml"])
def test_somebody_elses_tables_are_never_touched(tuner: Tuner, tmp_path: Path, toy_study: Path, line: str) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE mine (id INTEGER)")
    database.close()
    before = path.read_bytes()
    said = tuner(f"{line} --storage sqlite:///theirs.db")
    assert said.code == 1
    assert "is not an Optuna database" in said.err
    assert path.read_bytes() == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["theirs.db", "toy.yaml", "toy_space.yaml"]


@pytest.mark.parametrize("line", ["status toy", "export toy", "dashboard"])
def test_reading_commands_leave_an_empty_file_empty(tuner: Tuner, tmp_path: Path, line: str) -> None:
    (tmp_path / "empty.db").touch()
    said = tuner(f"{line} --storage sqlite:///empty.db")
    assert said.code == 1
    assert "is not an Optuna database" in said.err
    assert (tmp_path / "empty.db").stat().st_size == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{id: x, kwargs: {scale: .inf}}", "environment.kwargs: must hold plain values"),
        ("{id: x, kwargs: &k {self: *k}}", "a value that contains itself"),
        ("{id: x, kwargs: {day: 2024-01-01}}", "environment.kwargs: must hold plain values"),
    ],
    ids=["infinite", "holds itself", "a date"],
)
def test_options_that_no_database_keeps_are_refused(tuner: Tuner, tmp_path: Path, text: str, words: str) -> None:
    write_study(tmp_path)
    (tmp_path / "odd.yaml").write_text(f"environment: {text}\nspace: toy_space.yaml\ntimesteps: 384\n")
    said = tuner("run odd.yaml")
    assert said.code == 2
    assert words in said.err


def test_steps_that_would_not_meet_at_the_checkpoints_are_refused(tuner: Tuner, tmp_path: Path) -> None:
    path = write_study(tmp_path, baselines={"current": {**BASELINES["current"], "n_steps": 48}})
    (tmp_path / "toy_space.yaml").write_text(
        "parameters: {n_steps: {type: choice, choices: [32, 48, 64]}, learning_rate: "
        "{type: float, low: 1e-5, high: 1e-2}, batch_size: {type: int, low: 4, high: 8}}\n"
    )
    said = tuner(f"run {path}")
    assert said.code == 2
    assert "space: n_steps 48 does not divide the largest, 64" in said.err
    assert "baselines.current.n_steps: 48 does not divide the largest, 64" in said.err
