"""A trial as a Python script that needs Stable-Baselines3 alone and trains as the trial did."""

import inspect
import os.path
from collections.abc import Iterator, Mapping
from typing import Any

from tuner.config.algorithms import ALGORITHMS, title
from tuner.config.arguments import CLASS, HER, HINDSIGHT, NOISE, NORMALIZE, POLICY, class_path
from tuner.config.configuration import environment_of, of_algorithm
from tuner.config.environment_ids import is_class, is_file, split
from tuner.config.environment_spec import TIME_LIMIT
from tuner.config.model import StudySpec
from tuner.config.schedules import Linear, parse
from tuner.config.wrapper_notation import COUNTS_FROM_ZERO, path_and_arguments
from tuner.output.texts import template
from tuner.output.zoo_yaml import buffer_kwargs, normalize_kwargs, policy_kwargs, zoo_wrappers
from tuner.records import EnvironmentRef
from tuner.study.rows import Row
from tuner.wrappers import count_from_zero, moved, zero_based

CALLED = (
    "learning_rate",
    "clip_range",
    "clip_range_vf",
)  # arguments that SB3 takes as functions of the remaining progress
NOISES = {"normal": "NormalActionNoise", "ornstein-uhlenbeck": "OrnsteinUhlenbeckActionNoise"}

COUNTING = (count_from_zero, zero_based, moved)  # written out, so that the script needs no tuner


def script(row: Row, spec: StudySpec, standing: str = "One training seed: not yet confirmed.") -> str:
    """Python that trains the trial's configuration again, with its training seed, and saves the model."""
    arguments, name = of_algorithm(row.arguments, spec.algorithm), spec.environment.id
    ref = environment_of(spec.environment.ref(), row.arguments, spec.algorithm)
    front, last = split(name)
    moved = {name: line for name, value in arguments.items() if name not in CALLED and (line := parse(value))}
    apart = spec.environment.vec_env == "subproc"  # one process per environment
    wraps = [*map(path_and_arguments, zoo_wrappers(spec))]
    vec_wraps = [*map(path_and_arguments, spec.environment.vec_wrappers)]
    shifted = any(path == COUNTS_FROM_ZERO for path, _ in wraps)
    own = [path for path, _ in [*wraps, *vec_wraps] if path != COUNTS_FROM_ZERO]
    in_module = front and not is_file(front)
    classes = sorted({class_path(value) for name, value in spec.policy_kwargs.items() if name.endswith(CLASS)})
    return template("sb3_script.py.j2").render(
        algorithm=title(spec.algorithm),
        label=row.label,
        study=repr(spec.name),
        standing=standing,
        curriculum=spec.curriculum is not None,
        from_file=is_file(front),
        folder=repr(spec.environment.folder) if (in_module or own or classes) and spec.environment.folder else "",
        imported=f"{front} import {last}" if is_class(name) and not is_file(front) else "",
        gym=shifted or (is_class(name) and TIME_LIMIT in spec.environment.making),
        modules=sorted({path.rpartition(".")[0] for path in own}),
        wraps=[_wrap(path, arguments) for path, arguments in wraps],
        vec_wraps=[_wrap(path, arguments) for path, arguments in vec_wraps],
        counting=[inspect.getsource(one) for one in COUNTING] if shifted else [],
        noise=NOISES[arguments["noise_type"]] if "noise_type" in arguments else "",
        scheduled=any(parse(value) for value in arguments.values()),
        layers="activation_fn" in arguments,
        wrappers=["SubprocVecEnv"] * apart
        + ["VecFrameStack"] * (spec.environment.frame_stack > 1)
        + ["VecNormalize"] * bool(normalize_kwargs(arguments)),
        moved=", ".join(f"{name}={_schedule(line)}" for name, line in moved.items()),
        environment=_environment(spec, ref, apart=apart),
        normalize=_normalizing(arguments),
        policy=repr(spec.chosen_policy),
        package=ALGORITHMS[spec.algorithm].model.partition(":")[0],
        kind=ALGORITHMS[spec.algorithm].model.partition(":")[2],
        hindsight=arguments.get("replay_buffer") == HINDSIGHT,
        classes=classes,
        frame_stack=spec.environment.frame_stack,
        keywords=[*_arguments(arguments, spec), f"seed={row.seed}", f"device={spec.device!r}", "verbose=1"],
        timesteps=spec.timesteps,
    )


def _wrap(path: str, arguments: Mapping[str, Any]) -> str:
    """The call that applies a wrapper to `env`."""
    called = "count_from_zero" if path == COUNTS_FROM_ZERO else path
    return f"{called}({', '.join(['env', *(f'{name}={value!r}' for name, value in arguments.items())])})"


def _environment(spec: StudySpec, ref: EnvironmentRef, *, apart: bool) -> str:
    """The arguments of `make_vec_env`."""
    name = ref.id
    front, last = split(name)
    made = repr(name)
    if is_class(name):
        path = os.path.join(ref.folder or "", front)  # noqa: PTH118 - as it is spelled
        made = f"runpy.run_path({path!r})[{last!r}]" if is_file(front) else last
    making = dict(ref.kwargs)
    if is_class(name) and TIME_LIMIT in making:  # an argument of `gym.make`, not of the class
        limit = making.pop(TIME_LIMIT)
        made = f"lambda **kwargs: gym.wrappers.TimeLimit({made}(**kwargs), max_episode_steps={limit})"
    kwargs = f", env_kwargs={making!r}" if making else ""
    wrapper = ", wrapper_class=wrapped" if zoo_wrappers(spec) else ""
    processes = ', vec_env_cls=SubprocVecEnv, vec_env_kwargs={"start_method": "spawn"}' if apart else ""
    return f"{made}, n_envs={spec.environment.n_envs}{kwargs}{wrapper}{processes}"


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
        if name not in (*POLICY, *NOISE, *NORMALIZE, *HER, "buffer_size"):
            line = parse(value)
            yield f"{name}={value!r}" if line is None else f"{name}={_schedule(line) if name in CALLED else line.start}"
    if "noise_type" in arguments:
        shape = "env.action_space.shape"
        spread = f"np.full({shape}, {float(arguments['noise_std'])!r})"
        yield f"action_noise={NOISES[arguments['noise_type']]}(np.zeros({shape}), {spread})"
    if arguments.get("replay_buffer") == HINDSIGHT:
        yield "replay_buffer_class=HerReplayBuffer"
        yield f"replay_buffer_kwargs=dict({', '.join(buffer_kwargs(arguments))})"
    options = spec.policy_kwargs.items()
    more = [f"{name}={class_path(value)[1] if name.endswith(CLASS) else repr(value)}" for name, value in options]
    if policy := policy_kwargs(arguments, more):
        yield f"policy_kwargs={policy}"


def _schedule(line: Linear) -> str:
    return f"LinearSchedule({line.start!r}, {line.end!r}, end_fraction=1.0)"
