"""The answer as a Python script: Stable-Baselines3 and nothing of ours, everything as the trial ran it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tuner.config.algorithms import ALGORITHMS
from tuner.config.arguments import NOISE, NORMALIZE, POLICY
from tuner.config.environment_ids import is_class, is_file, split
from tuner.config.model import StudySpec
from tuner.config.schedules import Linear, parse
from tuner.errors import UsageProblem
from tuner.output.zoo_yaml import normalize_kwargs, policy_kwargs, refuse_no_file
from tuner.results.rows import Row
from tuner.writing import write_whole

CALLED = ("learning_rate", "clip_range", "clip_range_vf")  # what SB3 takes as a function of the remaining progress
NOISES = {"normal": "NormalActionNoise", "ornstein-uhlenbeck": "OrnsteinUhlenbeckActionNoise"}
CALLBACK = '''
class Coefficients(BaseCallback):
    """Moves what SB3 keeps as numbers along schedules, at the progress that the learning rate is reckoned with."""

    def __init__(self, **schedules):
        super().__init__()
        self.schedules = schedules

    def _on_step(self):
        return True

    def _on_rollout_end(self):
        remaining = 1.0 - self.model.num_timesteps / self.model._total_timesteps
        for name, schedule in self.schedules.items():
            setattr(self.model, name, schedule(remaining))

'''


def script(row: Row, spec: StudySpec, standing: str = "One training seed: not yet confirmed.") -> str:
    """Python that trains the trial's configuration again, with its training seed, and saves the model."""
    algorithm = spec.algorithm.upper()
    moved = {name: line for name, value in row.arguments.items() if name not in CALLED and (line := parse(value))}
    callback = f", callback=Coefficients({_keywords(moved)})" if moved else ""
    keywords = [*_arguments(row.arguments, spec), f"seed={row.seed}", f"device={spec.device!r}", "verbose=1"]
    lines = [
        f'"""{algorithm} as {row.label} of the study {spec.name!r} ran it. {standing}"""',
        "",
        *_imports(algorithm, row.arguments, spec, callback=bool(moved)),
        *(CALLBACK.splitlines() if moved else []),
        "",
        "def main():",
        "    torch.set_num_threads(1)  # as the trial ran; nets of this size gain nothing from more",
        f"    env = make_vec_env({_environment(spec)})",
        *_normalizing(row.arguments),
        f"    model = {algorithm}(",
        f"        {spec.policy!r},",
        "        env,",
        *(f"        {keyword}," for keyword in keywords),
        "    )",
        f"    model.learn({spec.timesteps}{callback})",
        '    model.save("model")',
        *(['    env.save("vecnormalize.pkl")'] if normalize_kwargs(row.arguments) else []),
        "",
        "",
        'if __name__ == "__main__":',
        "    main()",
        "",
    ]
    if spec.curriculum is not None:
        lines.insert(1, "\n# Without the study's curriculum: at the full difficulty from the first step on.")
    return "\n".join(lines)


def _imports(algorithm: str, arguments: Mapping[str, Any], spec: StudySpec, *, callback: bool) -> Iterator[str]:
    environment = spec.environment.id
    front, last = split(environment)
    yield from ("import runpy", "") if is_file(front) else ()
    yield from ["import numpy as np"] if "noise_type" in arguments else []
    yield "import torch"
    yield f"from stable_baselines3 import {algorithm}"
    if callback:
        yield "from stable_baselines3.common.callbacks import BaseCallback"
    yield "from stable_baselines3.common.env_util import make_vec_env"
    if "noise_type" in arguments:
        yield f"from stable_baselines3.common.noise import {NOISES[arguments['noise_type']]}"
    if any(parse(value) for value in arguments.values()):
        yield "from stable_baselines3.common.utils import LinearSchedule"
    if "activation_fn" in arguments:
        yield "from torch import nn"
    if wrappers := ["SubprocVecEnv"] * _apart(spec) + ["VecNormalize"] * bool(normalize_kwargs(arguments)):
        yield f"from stable_baselines3.common.vec_env import {', '.join(wrappers)}"
    if is_class(environment) and not is_file(front):
        yield f"from {front} import {last}"
    yield ""


def _environment(spec: StudySpec) -> str:
    """The arguments of `make_vec_env`."""
    name = spec.environment.id
    front, last = split(name)
    made = repr(name)
    if is_class(name):
        made = f"runpy.run_path({front!r})[{last!r}]" if is_file(front) else last
    kwargs = f", env_kwargs={spec.environment.kwargs!r}" if spec.environment.kwargs else ""
    processes = ', vec_env_cls=SubprocVecEnv, vec_env_kwargs={"start_method": "spawn"}' if _apart(spec) else ""
    return f"{made}, n_envs={spec.environment.n_envs}{kwargs}{processes}"


def _apart(spec: StudySpec) -> bool:
    """Whether every environment has a process of its own."""
    return spec.environment.vec_env == "subproc"


def _normalizing(arguments: Mapping[str, Any]) -> Iterator[str]:
    """The line that lays VecNormalize round the environment, with the algorithm's gamma."""
    if kwargs := normalize_kwargs(arguments):
        if "gamma" in arguments:
            kwargs["gamma"] = arguments["gamma"]
        yield f"    env = VecNormalize(env, {', '.join(f'{name}={value!r}' for name, value in kwargs.items())})"


def _arguments(arguments: Mapping[str, Any], spec: StudySpec) -> Iterator[str]:
    """The algorithm's arguments, a keyword each; a replay buffer as large as the trial's, which ran no longer."""
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


def _keywords(schedules: Mapping[str, Linear]) -> str:
    return ", ".join(f"{name}={_schedule(line)}" for name, line in schedules.items())


def _schedule(line: Linear) -> str:
    return f"LinearSchedule({line.start!r}, {line.end!r}, end_fraction=1.0)"


def write(text: str, path: Path) -> None:
    """Writes the file whole or not at all.

    Raises:
        ExportFailed: where it cannot be written.
    """
    write_whole(path, text.encode(), "-o")


def check_target(path: Path) -> None:
    """Refuses an output path that is no Python file's.

    Raises:
        UsageProblem: naming the path and the rule.
    """
    refuse_no_file(path, "train.py")
    if path.suffix != ".py":
        raise UsageProblem(f"-o {str(path)!r}: must end in .py, since --format sb3 writes Python")
