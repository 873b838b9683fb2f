"""A trial as a Python script that needs Stable-Baselines3 alone and trains as the trial did."""

import os.path
from collections.abc import Iterator, Mapping
from typing import Any

from tuner.config.algorithms import ALGORITHMS
from tuner.config.arguments import NOISE, NORMALIZE, POLICY
from tuner.config.configuration import environment_of, of_algorithm
from tuner.config.environment_ids import is_class, is_file, split
from tuner.config.model import StudySpec
from tuner.config.schedules import Linear, parse
from tuner.output.texts import template
from tuner.output.zoo_yaml import normalize_kwargs, policy_kwargs
from tuner.records import EnvironmentRef
from tuner.study.rows import Row

CALLED = (
    "learning_rate",
    "clip_range",
    "clip_range_vf",
)  # arguments that SB3 takes as functions of the remaining progress
NOISES = {"normal": "NormalActionNoise", "ornstein-uhlenbeck": "OrnsteinUhlenbeckActionNoise"}


def script(row: Row, spec: StudySpec, standing: str = "One training seed: not yet confirmed.") -> str:
    """Python that trains the trial's configuration again, with its training seed, and saves the model."""
    arguments, name = of_algorithm(row.arguments, spec.algorithm), spec.environment.id
    ref = environment_of(spec.environment.ref(), row.arguments, spec.algorithm)
    front, last = split(name)
    moved = {name: line for name, value in arguments.items() if name not in CALLED and (line := parse(value))}
    apart = spec.environment.vec_env == "subproc"  # one process per environment
    return template("sb3_script.py.j2").render(
        algorithm=spec.algorithm.upper(),
        label=row.label,
        study=repr(spec.name),
        standing=standing,
        curriculum=spec.curriculum is not None,
        from_file=is_file(front),
        folder=repr(spec.environment.folder) if front and not is_file(front) and spec.environment.folder else "",
        imported=f"{front} import {last}" if is_class(name) and not is_file(front) else "",
        noise=NOISES[arguments["noise_type"]] if "noise_type" in arguments else "",
        scheduled=any(parse(value) for value in arguments.values()),
        layers="activation_fn" in arguments,
        wrappers=["SubprocVecEnv"] * apart + ["VecNormalize"] * bool(normalize_kwargs(arguments)),
        moved=", ".join(f"{name}={_schedule(line)}" for name, line in moved.items()),
        environment=_environment(ref, apart=apart),
        normalize=_normalizing(arguments),
        policy=repr(spec.policy),
        keywords=[*_arguments(arguments, spec), f"seed={row.seed}", f"device={spec.device!r}", "verbose=1"],
        timesteps=spec.timesteps,
    )


def _environment(ref: EnvironmentRef, *, apart: bool) -> str:
    """The arguments of `make_vec_env`."""
    name = ref.id
    front, last = split(name)
    made = repr(name)
    if is_class(name):
        path = os.path.join(ref.folder or "", front)  # noqa: PTH118 - as it is spelled
        made = f"runpy.run_path({path!r})[{last!r}]" if is_file(front) else last
    kwargs = f", env_kwargs={ref.kwargs!r}" if ref.kwargs else ""
    processes = ', vec_env_cls=SubprocVecEnv, vec_env_kwargs={"start_method": "spawn"}' if apart else ""
    return f"{made}, n_envs={ref.n_envs}{kwargs}{processes}"


def _normalizing(arguments: Mapping[str, Any]) -> str:
    """The arguments of VecNormalize, with the algorithm's gamma; empty if it is not used."""
    kwargs = normalize_kwargs(arguments)
    if kwargs and "gamma" in arguments:
        kwargs["gamma"] = arguments["gamma"]
    return ", ".join(f"{name}={value!r}" for name, value in kwargs.items())


def _arguments(arguments: Mapping[str, Any], spec: StudySpec) -> Iterator[str]:
    """The algorithm's arguments as keywords; the replay buffer is as large as in the trial."""
    if ALGORITHMS[spec.algorithm].off_policy:
        largest = arguments.get("buffer_size", ALGORITHMS[spec.algorithm].defaults["buffer_size"])
        yield f"buffer_size={min(largest, spec.timesteps)}"
    for name, value in arguments.items():
        if name not in (*POLICY, *NOISE, *NORMALIZE, "buffer_size"):
            line = parse(value)
            yield f"{name}={value!r}" if line is None else f"{name}={_schedule(line) if name in CALLED else line.start}"
    if "noise_type" in arguments:
        shape = "env.action_space.shape"
        spread = f"np.full({shape}, {float(arguments['noise_std'])!r})"
        yield f"action_noise={NOISES[arguments['noise_type']]}(np.zeros({shape}), {spread})"
    if policy := policy_kwargs(arguments):
        yield f"policy_kwargs={policy}"


def _schedule(line: Linear) -> str:
    return f"LinearSchedule({line.start!r}, {line.end!r}, end_fraction=1.0)"
