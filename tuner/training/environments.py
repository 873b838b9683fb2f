"""Makes vector environments, and wraps them so that errors of the environment are reported as such."""

import functools
import inspect
import math
import pickle
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import EnvSpec, load_env_creator
from numpy.typing import NDArray
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper, VecNormalize
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from tuner.config.arguments import NORMALIZE
from tuner.errors import EnvironmentFailed, EnvironmentUnusable, TrialDiverged
from tuner.records import EnvironmentRef
from tuner.training.batches import all_finite, finite, is_plain
from tuner.training.compiled import COMPILES
from tuner.training.frame_stack import stacked
from tuner.training.lean_vec_env import LeanVecEnv
from tuner.training.life import LIFE
from tuner.training.making import RAISED, blamed, blaming, close, find_environment, made, make_bare
from tuner.training.spaces import unobservable
from tuner.training.subprocesses import Processes
from tuner.training.tally import tally
from tuner.training.vec_wrapping import vec_wrapped
from tuner.wrappers import zero_based

MAKE_ARGUMENTS = inspect.signature(gym.make).parameters.keys()  # keywords that `gym.make` handles itself
REWARD_OF_GOALS = "compute_reward"  # method (achieved, desired, infos) -> rewards of an environment with goals
DIFFICULTY = "set_difficulty"  # method (difficulty) -> None of an environment, for its next episodes
FULL = 1.0  # the difficulty of evaluations
HOOK = "make_vec_env"  # classmethod (n_envs, **kwargs) -> VecEnv of an environment class; docs/howto/environments.md


class Guard(gym.Wrapper[Any, Any, Any, Any]):
    """Raises EnvironmentFailed for exceptions of the environment, TrialDiverged for values that are not finite."""

    def reset(self, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        LIFE.sign()
        with blaming("reset"):
            observation, info = self.env.reset(**kwargs)
        return _finite(observation), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        LIFE.sign()
        try:
            observation, reward, terminated, truncated, info = self.env.step(action)
            finite = math.isfinite(reward)
        except EnvironmentFailed:
            raise
        except RAISED as error:
            raise blamed("step", error) from error
        if not finite:
            raise TrialDiverged(f"the reward is {reward}")
        return _finite(observation), reward, terminated, truncated, info

    def close(self) -> None:
        with blaming("close"):
            self.env.close()


class GoalGuard(Guard):
    """Does so as well for the rewards of other goals, which SB3's replay buffer with hindsight asks for."""

    def compute_reward(self, *asked: Any) -> Any:
        """The rewards (n,) for achieved goals (n, …), desired goals (n, …) and infos."""
        with blaming(REWARD_OF_GOALS):
            return self.env.get_wrapper_attr(REWARD_OF_GOALS)(*asked)


class VecGuard(VecEnvWrapper):
    """Does for a user's vector environment what `Guard` and SB3's Monitor do for single environments."""

    def __init__(self, venv: VecEnv) -> None:
        super().__init__(venv)
        self._returns = np.zeros(venv.num_envs)
        self._lengths = np.zeros(venv.num_envs, dtype=np.int64)
        self._begun = time.time()

    def step(self, actions: NDArray[Any]) -> VecEnvStepReturn:
        """As VecEnv's, with one call less."""
        self.venv.step_async(actions)
        return self.step_wait()

    def reset(self) -> Any:
        with blaming("reset"):
            observations = self.venv.reset()
        self._returns[:], self._lengths[:] = 0.0, 0
        return _finite(observations)

    def step_wait(self) -> VecEnvStepReturn:
        """Steps every environment; at an episode's end `info["episode"]` has its return, length and time (r, l, t)."""
        LIFE.sign()
        try:
            observations, rewards, dones, infos = self.venv.step_wait()
        except RAISED as error:
            raise blamed("step", error) from error
        if not (rewards.shape == dones.shape == self._returns.shape):
            raise EnvironmentFailed(
                f"step returned rewards and dones of shapes {rewards.shape} and {dones.shape}; with {self.num_envs} "
                f"environments both must be {self._returns.shape}"
            )
        self._tally(observations, rewards)
        if True in dones.tolist():
            self._end_episodes(dones, infos)
        return observations, rewards, dones, infos

    def _tally(self, observations: Any, rewards: Any) -> None:
        """Looks whether all is finite, and adds to the episodes' returns and lengths."""
        compiled = COMPILES and is_plain(observations, 2) and is_plain(rewards, 1)
        if compiled and tally(observations, rewards, self._returns, self._lengths):
            return
        if not all_finite(rewards):
            raise TrialDiverged(f"the reward is {rewards[~np.isfinite(rewards)][0]}")
        _finite(observations)
        self._returns += rewards
        self._lengths += 1

    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        """Calls a method of the environments; `reset` also restarts their episode statistics."""
        with blaming(method_name):
            results = self.venv.env_method(method_name, *method_args, indices=indices, **method_kwargs)
        if method_name == "reset":
            for index in self._get_indices(indices):
                self._returns[index], self._lengths[index] = 0.0, 0
        return results

    def close(self) -> None:
        with blaming("close"):
            self.venv.close()

    def _end_episodes(self, dones: NDArray[np.bool_], infos: list[dict[str, Any]]) -> None:
        for index in np.flatnonzero(dones):
            total, length = round(float(self._returns[index]), 6), int(self._lengths[index])
            infos[index]["episode"] = {"r": total, "l": length, "t": round(time.time() - self._begun, 6)}
            self._returns[index], self._lengths[index] = 0.0, 0


def _finite(observation: Any) -> Any:
    if not finite(observation):
        raise TrialDiverged("an observation is not finite")
    return observation


def make_env(ref: EnvironmentRef) -> gym.Env[Any, Any]:
    """One guarded environment.

    Raises:
        EnvironmentUnusable: if it cannot be made.
    """
    env = stacked(make_bare(ref), ref)
    if fault := unobservable(env.observation_space):
        close(env)
        raise EnvironmentUnusable(f"environment {ref.id!r}: {fault}")
    return GoalGuard(env) if env.has_wrapper_attr(REWARD_OF_GOALS) else Guard(env)


def make_vec_env(ref: EnvironmentRef, wrapper: Callable[..., gym.Env[Any, Any]] = Monitor) -> VecEnv:
    """`n_envs` environments as an SB3 VecEnv that records episode statistics.

    With `vec_env: subproc` each environment runs in its own process. Otherwise the class's own `make_vec_env` is used
    if it has one and no wrapper must be applied to each environment, else a LeanVecEnv.

    Args:
        ref: The environment, its options, the number of copies and the kind of VecEnv.
        wrapper: Wraps each single environment in a LeanVecEnv or a process.

    Raises:
        EnvironmentUnusable: if they cannot be made.
    """
    name = find_environment(ref.id, ref.folder).id
    if ref.vec_env == "subproc":
        return Processes(functools.partial(_wrapped, ref, wrapper), ref.n_envs)
    spec = gym.spec(name)
    hook = (
        None if ref.wrappers or ref.vec_wrappers or ref.frame_stack > 1 else made(ref, lambda: _hook(spec, ref.kwargs))
    )
    singles: list[Callable[[], gym.Env[Any, Any]]] = [functools.partial(_wrapped, ref, wrapper)] * ref.n_envs
    if hook is None:
        return LeanVecEnv(singles)
    venv = made(ref, lambda: hook(ref.n_envs, **{**spec.kwargs, **ref.kwargs}))
    if _counts_from_elsewhere(venv):
        return LeanVecEnv(singles)
    if not isinstance(venv, VecEnv) or venv.num_envs != ref.n_envs:
        found = f"one of {venv.num_envs}" if isinstance(venv, VecEnv) else type(venv).__name__
        raise EnvironmentUnusable(
            f"environment {ref.id!r}: {HOOK}({ref.n_envs}) must return a Stable-Baselines3 VecEnv of {ref.n_envs} "
            f"environments, not {found}"
        )
    return VecGuard(venv)


def make_training_env(ref: EnvironmentRef) -> VecEnv:
    """The environments of training: as `make_vec_env`, with the wrappers of vector environments round all of them.

    Raises:
        EnvironmentUnusable: if they cannot be made.
    """
    if not ref.vec_wrappers:
        return make_vec_env(ref)
    return VecGuard(vec_wrapped(make_vec_env(replace(ref, vec_wrappers=())), ref.vec_wrappers, ref.folder))


def _wrapped(ref: EnvironmentRef, wrapper: Callable[..., gym.Env[Any, Any]]) -> gym.Env[Any, Any]:
    return wrapper(make_env(ref))


def _counts_from_elsewhere(venv: Any) -> bool:
    """Whether a user's vector environment has a space that must be shifted, in each environment; closes it then."""
    spaces = (venv.action_space, venv.observation_space) if isinstance(venv, VecEnv) else ()
    found = any(zero_based(space) != space for space in spaces)
    if found:
        VecGuard(venv).close()
    return found


def _hook(spec: EnvSpec, kwargs: Mapping[str, Any]) -> Callable[..., VecEnv] | None:
    """The `make_vec_env` of a registered class; None if it has none, or if wrappers must be applied to each copy."""
    wrapped = spec.max_episode_steps is not None or spec.additional_wrappers or MAKE_ARGUMENTS & kwargs.keys()
    if wrapped or spec.entry_point is None:
        return None
    creator = load_env_creator(spec.entry_point) if isinstance(spec.entry_point, str) else spec.entry_point
    return getattr(creator, HOOK, None)


def knows_difficulty(env: VecEnv) -> bool:
    """Whether its environments have `set_difficulty`."""
    return env.has_attr(DIFFICULTY)


def set_difficulty(env: VecEnv, difficulty: float) -> None:
    """Sets the difficulty of the next episodes in every environment."""
    env.env_method(DIFFICULTY, difficulty)


def normalized(env: VecEnv, params: Mapping[str, Any]) -> VecEnv:
    """The environment wrapped in SB3's VecNormalize with the trial's gamma, if `params` ask for it.

    Raises:
        EnvironmentUnusable: if observations are to be scaled and are not a Box.
    """
    given = {name: params[name] for name in (*NORMALIZE, "gamma") if name in params}
    arguments: dict[str, Any] = {"norm_obs": False, "norm_reward": False, **given}
    if not (arguments["norm_obs"] or arguments["norm_reward"]):
        return env
    if arguments["norm_obs"] and (fault := not_scalable(env.observation_space)) is not None:
        raise EnvironmentUnusable(f"norm_obs: {fault}; set norm_obs to false")
    return VecNormalize(env, **arguments)


def not_scalable(space: gym.Space[Any]) -> str | None:
    """Why VecNormalize cannot scale observations, or should not; None if it can."""
    if isinstance(space, gym.spaces.Dict):
        faults = ((name, not_scalable(part)) for name, part in space.spaces.items())
        return next((f"the entry {name!r}: {fault}" for name, fault in faults if fault is not None), None)
    if not isinstance(space, gym.spaces.Box):
        return f"a {type(space).__name__} observation cannot be scaled, only a Box"
    return "a picture is scaled by the policy itself" if is_image_space(space) else None


def statistics(env: VecEnv) -> bytes | None:
    """The content of the file that `VecNormalize.save` writes, None if nothing is scaled."""
    return pickle.dumps(env) if isinstance(env, VecNormalize) else None
