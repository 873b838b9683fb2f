"""Studies that Python code holds: which database they are of, what they show of it, and what is left as it was."""

import random
import threading
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import optuna
import pytest
import torch
import tuner_toys
from conftest import SPACE, Tuner, write_study
from use_cases import Told

import tuner as library
from tuner.config.environment_ids import split
from tuner.errors import EnvironmentUnusable, UsageProblem
from tuner.training.importing import started_cleanly

SMALL: dict[str, Any] = {
    "timesteps": 128,
    "space": SPACE,
    "baselines": {},
    "goals": {"early": 1, "late": 1},
    "engine": "inline",
    "check": False,
}


def test_an_open_study_goes_on_as_the_database_has_it(tmp_path: Path) -> None:
    (tmp_path / "studies").mkdir()
    write_study(tmp_path / "studies", sampler="tpe")
    study = library.tune("toy", timesteps=192, trials=3, sampler="random", engine="inline")
    more = library.tune(study, trials=4, engine="inline")
    assert len(more.trials()) == 4
    assert (more._reader.spec.timesteps, more._reader.spec.sampler) == (192, "random")
    assert len(library.tune(study, engine="inline").trials()) == 4  # to the number that was asked for at last


def test_a_comparison_takes_what_the_open_studys_database_has(tmp_path: Path) -> None:
    path = write_study(tmp_path, timesteps=16384, goals={"early": 1, "late": 1}, baselines={})
    study = library.tune(path, trials=1, engine="inline", storage="sqlite:///other.db")
    found = library.compare(study, algorithms="ppo", minutes=0.005, engine="inline")
    assert found.arms[0].source == f"the best of study 'toy', {study.best.label}"


def test_a_study_stays_of_its_database_wherever_the_process_goes(
    toy_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = library.tune(toy_study, trials=3, engine="inline")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert len(study.refresh().trials()) == 3
    assert study.best.train(64, workers=1) is not None
    assert library.tune(study, trials=4, engine="inline").storage == study.storage
    assert not Path("studies").exists()


def test_the_variable_of_the_command_line_names_the_database(
    toy_study: Path, tuner: Tuner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNER_STORAGE", "sqlite:///mine.db")
    library.tune(toy_study, trials=2, engine="inline")
    assert Path("mine.db").is_file()
    assert not Path("studies").exists()
    assert "2 of 2 trials finished" in tuner("status toy").out


def test_what_a_study_shows_is_of_one_moment(finished: Path) -> None:
    before = library.open_study("toy")
    library.tune(before, trials=6, engine="inline", sampler="random")
    library.open_study("toy").confirm(seeds=1, top=1, engine="inline")
    assert (len(before.trials()), before.recommended) == (4, None)
    recommended = before.refresh().recommended
    assert recommended is not None
    assert len(before.trials()) == 6


def test_a_study_without_trials_has_a_frame(toy_study: Path, tuner: Tuner) -> None:
    assert tuner("submit toy.yaml").code == 0
    frame = library.open_study("toy").to_pandas()
    assert len(frame) == 0
    assert {"state", "value", "params_n_steps"} <= set(frame.columns)


def test_ids_may_have_a_namespace_or_no_version() -> None:
    for name in ("mine/Line-v3", "BareLine"):
        gym.register(name, tuner_toys.Line)  # type: ignore[arg-type]
        study = library.tune(name, name="mine", trials=1, storage=f"sqlite:///{split(name)[1][-3:]}.db", **SMALL)
        assert study.environment == name


def test_a_file_is_a_file_whatever_its_name_holds(tmp_path: Path) -> None:
    (tmp_path / "run:1").mkdir()
    path = write_study(tmp_path / "run:1")
    assert library.tune(path, trials=2, engine="inline").name == "toy"
    assert library.open_study(path).name == "toy"


def test_a_stored_study_takes_no_change_to_a_files_space(finished: Path) -> None:
    finished.unlink()
    with pytest.raises(UsageProblem, match="space_changes: change the space of a study's file"):
        library.tune("toy", space_changes={"n_steps": {"high": 32}}, engine="inline")


def test_numbers_of_numpys_are_numbers(finished: Path) -> None:
    study = library.open_study("toy")
    assert study.export("best.yml", trial=np.int64(0)).is_file()  # type: ignore[arg-type]
    for wrong in ("0", True, 2.0):
        with pytest.raises(UsageProblem, match=f"trial {wrong!r}: must be a whole number"):
            study.export("best.yml", trial=wrong)  # type: ignore[arg-type]


def test_no_script_is_written_that_nobody_could_run(finished: Path) -> None:
    study = library.open_study("toy")
    study.environment = "__main__:Line"
    with pytest.raises(UsageProblem, match=r"'best.py': no script can import __main__:Line; move it to a module"):
        study.export("best.py")
    with pytest.raises(EnvironmentUnusable, match="which no worker can import"):
        study.confirm(engine="ray")


def test_the_command_in_a_kept_folder_trains_the_same(finished: Path, tuner: Tuner) -> None:
    library.open_study("toy").best.train(128, folder="kept", workers=1)
    card = Path("kept/README.md").read_text()
    command = "tuner train kept/trial.yml --timesteps 128 -o kept"
    assert command in card
    assert "Nothing to do: every run is finished." in tuner(f"{command.removeprefix('tuner ')} --engine inline").err


def test_a_seed_that_no_environment_takes_is_refused_before_anything_is_kept(finished: Path) -> None:
    with pytest.raises(UsageProblem, match=r"seed 4294967296: must be at most"):
        library.open_study("toy").best.train(128, seed=2**32, folder="kept")
    assert not Path("kept").exists()


def test_the_process_is_left_as_it_was() -> None:
    study = library.tune("seen_toys:SeenLine", trials=1, **SMALL)
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    before, verbosity = torch.get_num_threads(), optuna.logging.get_verbosity()
    torch.set_num_threads(2)
    drawn = (random.random(), np.random.random(), torch.rand(1).item())  # noqa: S311
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    study.best.play("video.mp4", episodes=1)
    study.best.train(64)
    study.report("page.html", videos=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(before)
    assert (random.random(), np.random.random(), torch.rand(1).item()) == drawn  # noqa: S311
    assert threads == 2
    assert verbosity == optuna.logging.get_verbosity() == optuna.logging.INFO


def test_the_main_module_is_back_although_others_start_processes_meanwhile() -> None:
    import sys

    import __main__

    inside, out = threading.Event(), threading.Event()

    def first() -> None:
        with started_cleanly():
            inside.set()
            out.wait(0.2)  # long enough for the other, who has to wait

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait()
    with started_cleanly():
        out.set()
    thread.join()
    assert sys.modules["__main__"] is __main__


class Leaving(tuner_toys.Line):
    """Ends the process in which it runs."""

    def step(self, action: Any) -> Any:
        """Leaves."""
        raise SystemExit(3)


def test_an_environment_that_leaves_fails_its_trial(told: Told) -> None:
    with pytest.raises(library.TunerError, match="the environment raised in step: SystemExit: 3"):
        library.tune(Leaving, trials=1, **SMALL)


def test_a_window_leaves_no_file(finished: Path) -> None:
    with pytest.raises(UsageProblem, match=r"path 'video.mp4': a window leaves no file; give one of path and gui"):
        library.open_study("toy").best.play("video.mp4", gui=True)


@pytest.mark.parametrize("path", [None, 5, "", b"x"])
def test_what_is_no_path_is_refused(finished: Path, path: Any) -> None:
    study = library.open_study("toy")
    for act in (study.export, study.report):
        with pytest.raises(UsageProblem, match=r"path .*: must be the path of a file"):
            act(path)
