"""Environments in processes of their own: SB3's SubprocVecEnv, made robust against environments that fail or die."""

import contextlib
import functools
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import SubprocVecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from tuner.errors import EnvironmentFailed, TunerError
from tuner.training.batches import zeros
from tuner.training.importing import started_cleanly
from tuner.training.making import blamed
from tuner.training.starting import begin_alone, start_method

Make = Callable[[], gym.Env[Any, Any]]

GRACE = 5.0  # s, for all processes together to close their environments before they are killed
ERROR = "tuner.error"  # key in `info` for the exception of a reset or step


class ErrorsInInfo(gym.Wrapper[Any, Any, Any, Any]):
    """Passes the environment's exceptions to the parent in `info`, since SB3's process would die of them silently."""

    make_error: TunerError | None = None

    def reset(self, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        try:
            return self.env.reset(**kwargs)
        except TunerError as error:
            return self._nothing(), {ERROR: error}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        try:
            return self.env.step(action)
        except TunerError as error:
            return self._nothing(), 0.0, False, False, {ERROR: error}

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, TunerError | None]:
        """The result of a method of the environment, and the exception that it raised instead, if any."""
        try:
            return self.env.get_wrapper_attr(name)(*args, **kwargs), None
        except TunerError as error:
            return None, error
        except Exception as error:  # noqa: BLE001 - an environment may raise anything
            return None, blamed(name, error)

    def close(self) -> None:
        """Closes the environment; if that fails, prints the error and ends the process with exit code 1."""
        try:
            self.env.close()
        except TunerError as error:
            raise SystemExit(str(error)) from None

    def _nothing(self) -> Any:
        return zeros(self.env.observation_space)


class FailedEnvironment(gym.Env[Any, Any]):
    """Takes the place of an environment that could not be made."""

    observation_space: gym.Space[Any] = gym.spaces.Discrete(1)
    action_space: gym.Space[Any] = gym.spaces.Discrete(1)

    def __init__(self, make_error: TunerError) -> None:
        self.make_error = make_error


class Processes(SubprocVecEnv):
    """SB3's SubprocVecEnv, which reports failing environments and dead processes.

    A process ends when the process that started it ends, even if that is killed.
    """

    def __init__(self, make: Make, count: int) -> None:
        """Starts `count` processes, each with an environment made by `make`, which must be picklable.

        Raises:
            TunerError: if `make` raised it.
            EnvironmentFailed: if a process died.
        """
        try:
            with _deaths_named("when it was made"), started_cleanly():
                alone = functools.partial(_alone, make, dict(os.environ))
                super().__init__([alone] * count, start_method=start_method())
            for make_error in self.get_attr("make_error"):
                if make_error is not None:
                    raise make_error
        except BaseException:
            self._end(grace=0.0)
            raise

    def reset(self) -> Any:
        with _deaths_named("in reset"):
            observations = super().reset()
        _raise_first(self.reset_infos)
        return observations

    def step_async(self, actions: Any) -> None:
        with _deaths_named("in step"):
            super().step_async(actions)

    def step_wait(self) -> VecEnvStepReturn:
        with _deaths_named("in step"):
            observations, rewards, dones, infos = super().step_wait()
        _raise_first(infos)
        _raise_first(info for info in self.reset_infos if info)
        return observations, rewards.astype(np.float32), dones, list(infos)  # as DummyVecEnv has them

    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        with _deaths_named(f"in {method_name}"):
            found = super().env_method("call", method_name, *method_args, indices=indices, **method_kwargs)
        for _, error in found:
            if error is not None:
                raise error
        if method_name == "reset":
            _raise_first(info for (_, info), _ in found)
        return [value for value, _ in found]

    def has_attr(self, attr_name: str) -> bool:
        """Whether every environment has an attribute."""
        with _deaths_named(f"when it was asked for {attr_name}"):
            return super().has_attr(attr_name)

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        with _deaths_named(f"when it was asked for {attr_name}"):
            return super().get_attr(attr_name, indices)

    def close(self) -> None:
        """Closes every environment and ends its process, by force if it does not end in time.

        Raises:
            EnvironmentFailed: if an environment raised.
        """
        if not self.closed and 1 in self._end(grace=GRACE):
            raise EnvironmentFailed("the environment raised in close")

    def _end(self, *, grace: float) -> Sequence[int | None]:
        """Ends all processes; returns the exit codes of those that lived until now."""
        self.closed = True
        processes = [process for process in getattr(self, "processes", []) if process.is_alive()]
        if grace:
            for remote in self.remotes:
                with contextlib.suppress(OSError):  # it died
                    remote.send(("close", None))
        until = time.monotonic() + grace
        for process in processes:
            process.join(max(until - time.monotonic(), 0.0))
            if process.is_alive():
                process.kill()
                process.join()
        for remote in getattr(self, "remotes", ()):
            remote.close()
        return [process.exitcode for process in processes]


def _alone(make: Make, variables: dict[str, str]) -> gym.Env[Any, Any]:
    """The environment made by `make`, in a process that ends with its parent and has its variables of now."""
    os.environ.clear()
    os.environ.update(variables)
    begin_alone("tuner-env")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        return ErrorsInInfo(make())
    except TunerError as error:
        return FailedEnvironment(error)


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


@contextlib.contextmanager
def _deaths_named(where: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, ConnectionError) as error:
        raise EnvironmentFailed(f"the environment's process died {where}") from error


def _raise_first(infos: Any) -> None:
    for info in infos:
        if ERROR in info:
            raise info[ERROR]
