"""What an algorithm needs beside its arguments: its package, goals, masks, classes named by import path."""

import importlib.util
import inspect
from collections.abc import Mapping
from typing import Any

from gymnasium.spaces import Dict, Space
from stable_baselines3.common.vec_env import VecEnv

from tuner.config.algorithm_entry import CONTRIB
from tuner.config.algorithms import ALGORITHMS, title
from tuner.config.arguments import CLASS, HINDSIGHT, class_path
from tuner.errors import EnvironmentUnusable, UsageProblem
from tuner.records import TrialJob
from tuner.training.environments import REWARD_OF_GOALS
from tuner.training.importing import home_of, import_module
from tuner.training.spaces import OWN_NETWORK, fitting_policy
from tuner.training.stepping import MASKS

GOALS = ("observation", "achieved_goal", "desired_goal")  # keys of the observations of an environment with goals


def refuse_missing(algorithm: str) -> None:
    """Checks that the algorithm's package is installed.

    Raises:
        UsageProblem: with the command that installs it.
    """
    if ALGORITHMS[algorithm].contrib and importlib.util.find_spec(CONTRIB) is None:
        raise UsageProblem(f'algorithm {algorithm!r} is of the package sb3-contrib: pip install "roarm-tuner[contrib]"')


def policy_of(job: TrialJob, observations: Space[Any]) -> str:
    """The policy of a job in an environment with these observations.

    Raises:
        EnvironmentUnusable: if none fits, or the one asked for does not.
    """
    own = OWN_NETWORK in job.policy_kwargs
    return fitting_policy(job.algorithm, job.policy, observations, job.environment.id, own=own)


def refuse_without_goals(job: TrialJob, env: VecEnv) -> None:
    """Checks that the replay buffer with hindsight can be used.

    Raises:
        EnvironmentUnusable: if the environment has no goals, or the first update would come before its first end.
    """
    if job.params.get("replay_buffer") != HINDSIGHT:
        return
    name, space = job.environment.id, env.observation_space
    missing = [key for key in GOALS if not isinstance(space, Dict) or key not in space.spaces]
    if missing or not env.has_attr(REWARD_OF_GOALS):
        what = f"no {', '.join(missing)} in its observations" if missing else f"no method {REWARD_OF_GOALS}"
        raise EnvironmentUnusable(
            f"replay_buffer: her needs an environment with goals, and {name} has {what}: use `replay_buffer: standard`"
        )
    longest = getattr(env.get_attr("spec")[0], "max_episode_steps", None)
    starts = job.params.get("learning_starts", ALGORITHMS[job.algorithm].defaults["learning_starts"])
    if longest is not None and starts < (least := longest * env.num_envs):
        raise EnvironmentUnusable(
            f"learning_starts: {starts} must be at least {least} with `replay_buffer: her`: whole episodes of "
            f"{name} ({longest} steps, {env.num_envs} at once) must be there before the first update"
        )


def refuse_without_masks(job: TrialJob, env: VecEnv) -> None:
    """Checks that the environment tells its masks where the algorithm needs them.

    Raises:
        EnvironmentUnusable: if it does not.
    """
    if ALGORITHMS[job.algorithm].masked and not env.has_attr(MASKS):
        raise EnvironmentUnusable(
            f"{title(job.algorithm)} needs masks, and {job.environment.id} has no method {MASKS}() -> which actions "
            "are valid (an array of booleans): add it, or use ppo"
        )


def imported_options(options: Mapping[str, Any], folder: str | None) -> dict[str, Any]:
    """The policy's arguments with their classes imported.

    Raises:
        UsageProblem: if one cannot be.
    """
    found = {}
    for name, value in options.items():
        found[name] = _imported(name, value, folder) if name.endswith(CLASS) else value
    return found


def classes_home(options: Mapping[str, Any], folder: str | None) -> str | None:
    """The current folder if the module of one of the policy's classes is in it, else None.

    Raises:
        UsageProblem: if a class cannot be imported.
    """
    kinds = (value for name, value in imported_options(options, folder).items() if name.endswith(CLASS))
    homes = (home_of(module) for kind in kinds if (module := inspect.getmodule(kind)) is not None)
    return next((found for found in homes if found is not None), None)


def _imported(name: str, path: Any, folder: str | None) -> Any:
    front, last = class_path(str(path))
    try:
        return getattr(import_module(front, folder), last)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - what is being imported may raise anything
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise UsageProblem(f"policy_kwargs.{name}: {path!r} cannot be imported ({why}); give module:Class") from None
