"""Tuning from Python: what goes in, what comes out, what is refused, and that nothing is printed."""

import inspect
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import tuner_toys
from conftest import SPACE, Tuner, write_study

import tuner as library
from tuner.app import tune as tuning
from tuner.errors import EnvironmentUnusable, NothingToShow, SpecInvalid, StudyDiffers, UnknownName, UsageProblem

LINE = "tuner_toys:ToyLine-v0"


def made_line(*, scale: float = 1.0) -> tuner_toys.Line:
    """A function that makes an environment."""
    return tuner_toys.Line(scale=scale)


@pytest.fixture
def toy(toy_study: Path) -> library.Study:
    """The toy study, tuned in this process."""
    return library.tune(toy_study, engine="inline", seed=1)


def test_a_study_is_tuned_and_holds_its_trials(toy: library.Study) -> None:
    trials = toy.trials()
    assert [trial.label for trial in trials] == ["current", "proposed", "trial 2", "trial 3"]
    done = [trial for trial in trials if trial.value is not None]
    assert toy.best.number == max(done, key=lambda trial: (trial.value, -trial.number)).number
    assert set(toy.best.params) == set(SPACE["parameters"])
    assert toy.recommended is None
    assert repr(toy) == f"<Study 'toy': 4 of 4 trials finished, {LINE}>"
    assert repr(trials[0]).startswith("<Trial 0 (current) of study 'toy': complete, score ")
    with pytest.raises(AttributeError):
        _ = trials[0].nothing


def test_the_frame_has_a_row_a_trial(toy: library.Study) -> None:
    frame = toy.to_pandas()
    assert list(frame.index) == [0, 1, 2, 3]
    assert list(frame["params_n_steps"]) == [trial.params["n_steps"] for trial in toy.trials()]


def test_the_same_call_goes_on(toy: library.Study, toy_study: Path) -> None:
    more = library.tune(toy_study, trials=5, engine="inline", seed=1)
    assert [trial.params for trial in more.trials()[:4]] == [trial.params for trial in toy.trials()]
    assert len(more.trials()) == 5
    assert len(library.tune(more, trials=6, engine="inline").trials()) == 6
    assert len(toy.trials()) == 4
    assert len(toy.refresh().trials()) == 6


def test_the_command_line_goes_on_with_what_python_began(toy: library.Study, tuner: Tuner) -> None:
    said = tuner("run toy --trials 6 --engine inline --seed 1")
    assert said.code == 0
    assert len(toy.refresh().trials()) == 6


def test_python_goes_on_with_what_the_command_line_began(finished: Path) -> None:
    opened = library.open_study("toy")
    assert len(opened.trials()) == 4
    assert len(library.tune("toy", trials=5, engine="inline").trials()) == 5
    assert len(library.tune(finished, trials=6, engine="inline").trials()) == 6


def test_both_draw_the_same_trials(tmp_path: Path, tuner: Tuner) -> None:
    path = write_study(tmp_path)
    mine = library.tune(path, engine="inline", seed=3, storage="sqlite:///python.db")
    assert tuner(f"run {path} --engine inline --seed 3 --storage sqlite:///typed.db").code == 0
    theirs = library.open_study("toy", storage="sqlite:///typed.db")
    assert [one.value for one in mine.trials()] == [one.value for one in theirs.trials()]
    assert [one.params for one in mine.trials()] == [one.params for one in theirs.trials()]


@pytest.mark.parametrize(
    ("environment", "identity"),
    [
        (LINE, LINE),
        (tuner_toys.Line, "tuner_toys:Line"),
        (made_line, "test_api_calls:made_line"),
    ],
    ids=["an id", "a class", "a function"],
)
def test_environments_come_as_ids_classes_and_functions(environment: Any, identity: str) -> None:
    study = library.tune(
        environment,
        name="mine",
        trials=1,
        timesteps=128,
        space=SPACE,
        baselines={},
        goals={"early": 1, "late": 1},
        env_kwargs={"scale": 2.0},
        n_envs=2,
        wrappers=["gymnasium.wrappers.FlattenObservation"],
        engine="inline",
        check=False,
    )
    assert (study.name, study.environment) == ("mine", identity)
    spec = library.open_study("mine")._reader.spec
    assert (spec.environment.kwargs, spec.environment.n_envs, spec.space_name) == ({"scale": 2.0}, 2, "given")
    assert spec.environment.wrappers == ("gymnasium.wrappers.FlattenObservation",)
    assert study.best.label == "trial 0"


def test_workers_make_a_class_and_a_function_of_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_env.py").write_text("import tuner_toys\nclass Mine(tuner_toys.Line):\n    pass\n"
                                        "def make():\n    return Mine()\n")  # fmt: skip
    monkeypatch.syspath_prepend(str(tmp_path))
    import own_env  # type: ignore[import-not-found]

    rest: dict[str, Any] = {"timesteps": 64, "space": SPACE, "baselines": {}, "goals": {"early": 1, "late": 1}}
    for environment in (own_env.Mine, own_env.make):
        study = library.tune(environment, trials=2, workers=2, **rest)
        assert [trial.state for trial in study.trials()] == ["complete", "complete"]


def test_a_notebooks_environment_runs_in_this_process_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    main = types.ModuleType("__main__")
    kind = type("Cell", (tuner_toys.Line,), {"__module__": "__main__", "__qualname__": "Cell"})
    main.Cell = kind  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "__main__", main)
    path = write_study(tmp_path, baselines={}, timesteps=64)
    rest: dict[str, Any] = {"trials": 1, "space": str(tmp_path / "toy_space.yaml"), "baselines": {}, "timesteps": 64}
    with pytest.raises(EnvironmentUnusable, match=r"Cell: is defined in a notebook.*my_env.py.*or give workers=1"):
        library.tune(kind, **rest)
    study = library.tune(kind, workers=1, **rest)
    assert (study.environment, study.best.state) == ("__main__:Cell", "complete")
    with pytest.raises(EnvironmentUnusable, match="give workers=1"):
        study.confirm(seeds=1)
    assert study.confirm(seeds=1, workers=1).complete
    assert library.check(kind, episodes=2).environment == "__main__:Cell"
    assert path.is_file()


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ((tuner_toys.Line(),), EnvironmentUnusable, "environment of type Line: must be an id, a class or a function"),
        ((lambda: None,), EnvironmentUnusable, "<lambda>: is not at the top level of test_api_calls"),
        ((7,), EnvironmentUnusable, "environment of type int: must be an id"),
        (("reech",), UnknownName, "no study or environment called 'reech', did you mean 'reach'?"),
        (("nowhere:Env-v0",), EnvironmentUnusable, "cannot import 'nowhere'"),
        (("nowhere.yaml",), UsageProblem, "no study file 'nowhere.yaml'"),
    ],
    ids=["an instance", "a lambda", "a number", "a misspelt study", "an unknown module", "a missing file"],
)
def test_what_is_no_environment_is_refused(arguments: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words.replace("?", r"\?").replace("(", r"\(")):
        library.tune(*arguments)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"trials": 0}, SpecInvalid, "trials: "),
        ({"trials": "many"}, SpecInvalid, "trials: must be a whole number, not 'many'"),
        ({"trails": 3}, SpecInvalid, "trails: unknown key, did you mean 'trials'?"),
        ({"workers": 0}, UsageProblem, "workers 0: must be at least 1"),
        ({"workers": True}, UsageProblem, "workers True: must be a whole number"),
        ({"engine": "cloud"}, UsageProblem, "'cloud': must be one of processes, inline, ray"),
        ({"minutes": 0}, UsageProblem, "minutes 0: must be greater than 0"),
        ({"minutes": "5"}, UsageProblem, "minutes '5': must be a number of minutes"),
        ({"space": {"parameters": {}}}, SpecInvalid, "space: parameters: needs at least one entry"),
        ({"space": "nothing"}, UnknownName, "no search space called 'nothing'"),
        ({"sampler": "best"}, SpecInvalid, "sampler: "),
        ({"storage": 5}, UsageProblem, "storage 5: must be a database's URL"),
        ({"storage": ""}, UsageProblem, "storage '': must be a database's URL"),
        ({"name": 5}, UsageProblem, "name 5: must be text"),
        ({"space": 5}, UsageProblem, "space 5: must be the path of a file"),
        ({"space": ["gamma"]}, UsageProblem, "space ['gamma']: must be the path of a file"),
        ({"env_kwargs": 5}, UsageProblem, "env_kwargs 5: must be a mapping"),
        ({"env_kwargs": "ab"}, UsageProblem, "env_kwargs 'ab': must be a mapping"),
        ({"environment": LINE}, UsageProblem, "environment: is the first argument"),
        ({"environment": {"id": LINE}}, UsageProblem, "environment: is the first argument"),
        ({"algorithm": "PPO"}, UsageProblem, "'PPO': must be one of ppo, a2c, sac, td3, dqn"),
        ({"algorithm": ["ppo"]}, UsageProblem, "['ppo']: must be one of"),
        ({"notifier": print}, UsageProblem, "must have the methods notify and progress"),
        ({"workers": 8, "engine": "inline"}, UsageProblem, "workers 8: engine='inline' runs in this very process"),
        ({"space": SPACE, "space_changes": {"n_steps": {"high": 32}}}, UsageProblem, "space_changes: change the space"),
        ({"storage": "mysql://x/y"}, UsageProblem, "only SQLite and PostgreSQL are supported"),
        ({"n_envs": 0}, SpecInvalid, "environment.n_envs: "),
        ({"env_kwargs": {"scale": float("nan")}}, SpecInvalid, "environment.kwargs: must hold plain values"),
    ],
)
def test_a_bad_argument_is_met_with_its_rule(
    toy_study: Path, given: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind) as caught:
        library.tune(toy_study, **given)
    assert words in str(caught.value)
    assert isinstance(caught.value, library.TunerError)
    assert not Path("studies").exists()


def test_another_meaning_is_refused(toy: library.Study) -> None:
    with pytest.raises(StudyDiffers):
        library.tune(toy, timesteps=128, engine="inline")


def test_ctrl_c_keeps_what_is_finished_and_goes_up(toy_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tuning, "coordinate", stopped)
        with pytest.raises(KeyboardInterrupt):
            library.tune(toy_study, engine="inline")
    assert [trial.state for trial in library.open_study("toy").trials()] == ["waiting", "waiting"]


def test_a_study_without_a_trial_has_no_best(toy_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "coordinate", lambda *_, **__: None)
    study = library.tune(toy_study, engine="inline")
    with pytest.raises(NothingToShow, match="study 'toy' has no completed trial yet"):
        _ = study.best


def test_studies_that_are_not_there(finished: Path) -> None:
    with pytest.raises(UnknownName, match="no study in the database called 'tooy', did you mean 'toy'"):
        library.open_study("tooy")
    with pytest.raises(UsageProblem, match="study 3: must be the name of one"):
        library.open_study(3)  # type: ignore[arg-type]


def test_checks_and_comparisons_return_what_they_found(tmp_path: Path) -> None:
    found = library.check(tuner_toys.Line, episodes=3, html="check.html")
    assert (found.environment, found.verdict) == ("tuner_toys:Line", "warning")
    assert Path("check.html").stat().st_size > 10_000
    path = write_study(tmp_path, timesteps=16384)
    compared = library.compare(str(path), algorithms=["ppo"], minutes=0.01, engine="inline")
    assert [run.algorithm for run in compared.runs] == ["ppo"]
    with pytest.raises(UsageProblem, match="unknown 'pppo', did you mean 'ppo'"):
        library.compare(str(path), algorithms=["pppo"])


def test_a_process_without_a_terminal_prints_nothing(toy_study: Path) -> None:
    code = (
        "import tuner\n"
        "study = tuner.tune('toy.yaml', workers=2)\n"
        "study.confirm(seeds=1, top=1)\n"
        "study.export('best.yml'), study.report('page.html'), study.best.train(64), tuner.check('tuner_toys:Line')\n"
        "try:\n    tuner.open_study('nothing')\nexcept tuner.TunerError as error:\n    assert 'nothing' in str(error)\n"
    )
    script = Path("script.py")
    script.write_text(code)  # without a guard for processes that would run it again
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert Path("best.yml").is_file()
    assert Path("page.html").is_file()


def test_every_public_name_is_documented_with_what_it_raises() -> None:
    for name in ("tune", "open_study", "check", "compare"):
        text = inspect.getdoc(getattr(library, name)) or ""
        assert "Raises:" in text, name
    assert set(library.__all__) <= set(dir(library))
    with pytest.raises(AttributeError, match="module 'tuner' has no attribute 'tuen'"):
        _ = library.tuen


def test_importing_the_library_loads_nothing_of_it() -> None:
    code = (
        "import sys, tuner; print([name for name in sys.modules if name.split('.')[0] in ('tuner', 'torch', 'numpy')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['tuner']"
