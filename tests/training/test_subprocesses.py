"""Environments in processes of their own: the same results, failures reported, no process left behind."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import psutil
import pytest
from conftest import make_job
from driving import children

from tuner.errors import EnvironmentFailed, EnvironmentUnusable, TrialDiverged
from tuner.records import Decision, EnvironmentRef, Evaluation, TrialJob, TrialOutcome
from tuner.training.environments import make_env, make_vec_env
from tuner.training.evaluation import Evaluator
from tuner.training.subprocesses import ERROR, ErrorsInInfo, Processes
from tuner.trial import run_trial


def ref(name: str = "Line", n_envs: int = 2, **kwargs: Any) -> EnvironmentRef:
    return EnvironmentRef(id=f"tuner_toys:Toy{name}-v0", n_envs=n_envs, vec_env="subproc", kwargs=kwargs)


def processes(env: Any) -> list[psutil.Process]:
    return [psutil.Process(process.pid) for process in env.processes]


@pytest.fixture(scope="module")
def lines() -> Iterator[Processes]:
    with pytest.MonkeyPatch.context() as patch:
        from conftest import TOYS

        patch.syspath_prepend(str(TOYS))
        env = make_vec_env(ref())
    assert isinstance(env, Processes)
    yield env
    found = processes(env)
    env.close()
    assert not any(process.is_running() for process in found)


def test_every_environment_has_a_process_of_its_own(lines: Processes) -> None:
    assert lines.num_envs == len({process.pid for process in lines.processes}) == 2
    assert os.getpid() not in {process.pid for process in lines.processes}


def test_steps_are_those_of_a_dummy_vec_env(lines: Processes) -> None:
    dummy = make_vec_env(replace(ref(), vec_env="dummy"))
    for env in (lines, dummy):
        env.seed(7)
    np.testing.assert_array_equal(lines.reset(), dummy.reset())
    for number in range(20):
        actions = np.full((2, 1), 0.4 if number % 3 else -0.2, dtype=np.float32)
        mine: Any = lines.step(actions)
        theirs: Any = dummy.step(actions)
        for one, other in zip(mine[:3], theirs[:3], strict=True):
            assert one.dtype == other.dtype
            assert (one == other).all()
        assert [info["TimeLimit.truncated"] for info in mine[3]] == [info["TimeLimit.truncated"] for info in theirs[3]]


def test_methods_reach_one_environment_alone(lines: Processes) -> None:
    lines.reset()
    [(observation, info)] = lines.env_method("reset", seed=3, indices=1)
    assert observation[1] == pytest.approx(-info["distance"]) or observation[1] == pytest.approx(info["distance"])
    assert not lines.has_attr("set_difficulty")
    with pytest.raises(EnvironmentFailed, match="raised in fly: AttributeError"):
        lines.env_method("fly")
    assert lines.reset().shape == (2, 2)  # the process is still alive


def outcome(job: TrialJob) -> tuple[TrialOutcome, list[Evaluation]]:
    seen: list[Evaluation] = []

    def report(evaluation: Evaluation) -> Decision:
        seen.append(evaluation)
        return Decision(go_on=True)

    return run_trial(job, report), seen


@pytest.fixture
def _no_process_left() -> Iterator[None]:
    before = set(children("tuner-env", recursive=True))
    yield
    assert set(children("tuner-env", recursive=True)) == before


@pytest.mark.slow
@pytest.mark.usefixtures("_no_process_left")
def test_a_trial_comes_to_the_same_in_either() -> None:
    job = make_job(environment=ref("Graded"), params={"n_steps": 16, "batch_size": 8, "norm_obs": True})
    ended, seen = outcome(job)
    assert (ended.state, ended.reason) == ("completed", "")
    same = outcome(replace(job, environment=replace(job.environment, vec_env="dummy")))[1]
    assert [one.mean_return for one in seen] == pytest.approx([one.mean_return for one in same], rel=1e-6)
    assert len(seen) == 2


def of_now() -> gym.Env[Any, Any]:
    """An environment that tells a variable of its process."""
    env = gym.make("CartPole-v1")
    env.unwrapped.told = os.environ.get("OF_NOW")  # type: ignore[attr-defined]
    return env


@pytest.mark.slow
@pytest.mark.usefixtures("_no_process_left")
def test_environments_have_the_variables_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("first", "second"):
        monkeypatch.setenv("OF_NOW", text)
        venv = Processes(of_now, 2)
        assert venv.get_attr("told") == [text, text]
        venv.close()


def guarded(fault: str) -> ErrorsInInfo:
    return ErrorsInInfo(make_env(EnvironmentRef(id="tuner_toys:ToyOwn-v0", kwargs={"fault": fault})))


def test_exceptions_of_an_environment_are_passed_in_info() -> None:
    assert "raised in reset: RuntimeError: the gripper" in str(guarded("reset").reset()[1][ERROR])
    env = guarded("step")
    env.reset()
    observation, reward, terminated, truncated, info = env.step(np.ones(1, np.float32))
    assert (observation.tolist(), reward, terminated, truncated) == ([0.0, 0.0], 0.0, False, False)
    assert "raised in step: RuntimeError: the gripper" in str(info[ERROR])
    assert "raised in fly: AttributeError" in str(env.call("fly")[1])
    assert env.call("reset", seed=1)[1] is None


def test_an_exception_in_close_ends_the_process() -> None:
    with pytest.raises(SystemExit, match="raised in close: RuntimeError: the gripper"):
        guarded("close").close()


def step(env: Any) -> Any:
    env.reset()
    return env.step(np.ones((env.num_envs, 1), dtype=np.float32))


@pytest.mark.usefixtures("_no_process_left")
def test_an_error_is_named_and_a_process_that_hangs_is_ended_by_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.training.subprocesses.GRACE", 0.5)
    env: Any = make_vec_env(ref("Own", 1, fault="observation"))
    with pytest.raises(TrialDiverged, match="an observation is not finite"):
        step(env)
    [process] = processes(env)
    process.send_signal(signal.SIGSTOP)
    env.close()
    assert not psutil.wait_procs([process], timeout=10)[1]


@pytest.mark.usefixtures("_no_process_left")
def test_a_death_fails_the_trial_and_leaves_no_process_behind() -> None:
    ended, _ = outcome(make_job(environment=ref("DyingOnce", memory="died")))
    assert (ended.state, ended.reason) == ("failed", "the environment's process died in step")


@pytest.mark.usefixtures("_no_process_left")
def test_an_environment_that_cannot_be_made_says_why() -> None:
    with pytest.raises(EnvironmentUnusable, match=r"has no option 'colour'; valid: \w+"):
        make_vec_env(ref(n_envs=1, colour="red"))


@pytest.mark.parametrize(("kind", "count"), [("subproc", 2), ("dummy", 5)])
def test_evaluation_has_no_more_processes_than_training(kind: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def made(wanted: EnvironmentRef, **_: Any) -> Any:
        asked.append(wanted.n_envs)
        return make_vec_env(replace(wanted, vec_env="dummy"))

    monkeypatch.setattr("tuner.training.evaluation.make_vec_env", made)
    evaluator = Evaluator(replace(ref(), vec_env=kind), objective="success", most_goals=9)
    evaluator.run(lambda observations: observations[:, 1:], 2)
    assert asked == [count]
