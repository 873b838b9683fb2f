"""The configuration to train, read from a file: an export with its provenance, or any file of rl_zoo3."""

from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any, cast, get_args

from tuner.config.algorithm_entry import Policy
from tuner.config.algorithms import ALGORITHMS, Algorithm, argument_faults, title
from tuner.config.baselines import BESIDE, READ, FileBaseline, read_baseline
from tuner.config.configuration import of_environment
from tuner.config.environment_ids import split
from tuner.config.environment_spec import entries
from tuner.config.load import validate
from tuner.config.model import StudySpec, largest_rollout
from tuner.config.rules import late_starts, whole_budget
from tuner.config.space import SpaceSpec
from tuner.config.wrapper_notation import COUNTS_FROM_ZERO
from tuner.config.yaml import read_yaml
from tuner.errors import SpecInvalid, UsageProblem, did_you_mean
from tuner.record_type import Record
from tuner.training.making import full_id

WRAPPERS = {"wrappers": "env_wrapper", "vec_wrappers": "vec_env_wrapper"}
OF_ENVIRONMENT = {"n_envs": "n_envs", **WRAPPERS, "frame_stack": "frame_stack"}  # a study's names: rl_zoo3's
# Keys of a block that are no arguments.
OF_THE_RUN = ("n_timesteps", "policy", "env_kwargs", *OF_ENVIRONMENT.values())
CHECKPOINTS = 12


class Recipe(Record):
    """One configuration with everything needed to train it."""

    file: str
    spec: StudySpec  # environment, algorithm, length, checkpoints, goals
    arguments: dict[str, Any]  # the algorithm's
    provenance: dict[str, Any]  # of the file; empty if it has none
    timesteps: int  # as in the file, before rounding up
    changed: tuple[str, ...] = ()  # names of settings that differ from the trial

    @property
    def seed(self) -> int | None:
        """The trial's training seed; None if the file has none."""
        seed = self.provenance.get("training_seed")
        return seed if isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0 else None

    @property
    def label(self) -> str:
        """A description for people, such as `trial 7 of study 'reach'`."""
        if "study" not in self.provenance:
            return f"the configuration in {self.file}"
        role = str(self.provenance.get("role", "")).partition(":")[2]
        return f"{role or 'trial ' + str(self.provenance.get('trial'))} of study {self.provenance['study']!r}"

    @property
    def curve(self) -> list[dict[str, Any]] | None:
        """The learning curve of the trial; None if unknown, or if a setting was changed."""
        curve = self.provenance.get("curve")
        return curve if isinstance(curve, list) and not self.changed else None

    def confirmed(self) -> dict[str, Any] | None:
        """The confirmation's figures of this configuration: values, IQM, intervals; None without a confirmation."""
        found = self.provenance.get("confirmation")
        if not isinstance(found, dict) or self.changed:
            return None
        answer = found.get("answer") or {}
        return next((arm for arm in answer.get("arms", []) if arm.get("name") == found.get("arm")), None)


def read_recipe(path: Path, env: str | None, algorithm: str | None) -> Recipe:
    """Reads the configuration from a file.

    Args:
        path: YAML whose keys are ids of environments.
        env: The environment, needed if the file has several.
        algorithm: The algorithm of the hyperparameters; by default that of the file, else PPO.

    Raises:
        UsageProblem: where it cannot be read, or several blocks are possible.
        SpecInvalid: where a value or key is invalid.
        EnvironmentUnusable: where the environment is unknown.
    """
    data = read_yaml(path)
    if not isinstance(data, dict) or not data:
        raise SpecInvalid(
            str(path), ["must be a mapping of environments' ids to hyperparameters, as `tuner export` writes"]
        )
    provenance = data.get("provenance")
    provenance = provenance if isinstance(provenance, dict) else {}
    stored = provenance.get("spec")
    spec = _spec(path, stored) if stored is not None else None
    kind = _algorithm(path, provenance, spec, algorithm)
    environment = _environment(path, data, spec, env)
    block = _block(path, data, environment)
    taken = read_baseline(str(path), environment, kind)
    values = {**taken.values}
    faults = [*_unknown(taken.left, kind), *argument_faults(values, "", kind)]
    if faults:
        raise SpecInvalid(f"{path}: {split(environment)[1]}", [fault.removeprefix(".") for fault in faults])
    if spec is None:
        spec = _bare_spec(path, environment, kind, block, taken)
        steps = int(block["n_timesteps"])
        return Recipe(file=str(path), spec=spec, arguments=values, provenance=provenance, timesteps=steps)
    return _exported(path, spec, environment, block, values, provenance)


def _spec(path: Path, stored: Any) -> StudySpec:
    try:
        return validate(StudySpec, stored, str(path))
    except SpecInvalid as error:
        more = f" (and {len(error.faults) - 1} more)" if len(error.faults) > 1 else ""
        raise SpecInvalid(
            str(path),
            [f"provenance.spec.{error.faults[0]}{more}: leave `spec` as exported, or remove the whole provenance"],
        ) from None


def _algorithm(path: Path, provenance: Mapping[str, Any], spec: StudySpec | None, asked: str | None) -> str:
    own = spec.algorithm if spec is not None else provenance.get("algorithm")
    if asked is not None and own is not None and asked != own:
        raise UsageProblem(f"--algorithm {asked}: {path} is of {own}; leave it out")
    name = asked or own or "ppo"
    if name not in ALGORITHMS:
        raise SpecInvalid(str(path), [f"provenance.algorithm: {name!r} must be one of {', '.join(ALGORITHMS)}"])
    return name


def _environment(path: Path, data: Mapping[str, Any], spec: StudySpec | None, asked: str | None) -> str:
    """The environment's full name."""
    if asked is not None:
        return full_id(asked)
    if spec is not None:
        return full_id(spec.environment.id, spec.environment.folder)
    blocks = [str(key) for key in data if key not in BESIDE]
    if len(blocks) != 1:
        raise UsageProblem(f"{path}: which environment? give --env ID; the file has: {', '.join(blocks) or 'none'}")
    return full_id(blocks[0])


def _block(path: Path, data: Mapping[str, Any], environment: str) -> dict[str, Any]:
    """The block of the environment, with its settings of the run checked."""
    blocks = {str(key): value for key, value in data.items() if key not in BESIDE}
    bare = split(environment)[1]
    block = blocks.get(bare) if bare in blocks or len(blocks) != 1 else next(iter(blocks.values()))
    if block is None:
        raise UsageProblem(f"{path}: has no block {bare!r}; it has: {', '.join(blocks) or 'none'}")
    if not isinstance(block, dict):
        raise SpecInvalid(str(path), [f"{bare}: must be a mapping of hyperparameters, not {block!r}"])
    faults = []
    if block.get("policy", "auto") not in (policies := get_args(Policy)):
        faults.append(f"{bare}.policy: {block['policy']!r} must be one of {', '.join(policies[1:])}")
    for name in ("n_timesteps", "n_envs", "frame_stack"):
        value = block.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 1 or value != int(value):
            faults.append(f"{bare}.{name}: {value!r} must be a whole number of at least 1")
    if not isinstance(block.get("env_kwargs", {}), dict):
        faults.append(f"{bare}.env_kwargs: {block['env_kwargs']!r} must be a mapping")
    for key in WRAPPERS.values():
        try:
            _wrappers(block, key)
        except ValueError as error:
            faults.append(f"{bare}.{key}: {error}")
    if faults:
        raise SpecInvalid(str(path), faults)
    return block


def _options(block: Mapping[str, Any], n_envs: int) -> dict[str, Any]:
    """The block's options of the environment beside its arguments, as a study names them."""
    return {
        "n_envs": int(block.get("n_envs", n_envs)),
        "wrappers": _wrappers(block, "env_wrapper"),
        "vec_wrappers": _wrappers(block, "vec_env_wrapper"),
        "frame_stack": int(block.get("frame_stack", 1)),
    }


def _wrappers(block: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    """The block's wrappers, without the one that tuner applies by itself where it is needed."""
    return tuple(entry for entry in entries(block.get(key)) if entry != COUNTS_FROM_ZERO)


def _unknown(left: Iterable[str], algorithm: str) -> list[str]:
    known = [*ALGORITHMS[algorithm].arguments, *OF_THE_RUN, *READ]
    return [
        f"unknown key {name!r}{did_you_mean(name, known)} ({title(algorithm)} has no such argument here)"
        for name in left
        if name not in OF_THE_RUN
    ]


def _bare_spec(
    path: Path, environment: str, algorithm: str, block: Mapping[str, Any], taken: FileBaseline
) -> StudySpec:
    """A study with a single configuration, for a file without provenance."""
    if "n_timesteps" not in block:
        raise SpecInvalid(str(path), [f"{split(environment)[1]}.n_timesteps: is required"])
    space = _space_of(algorithm, taken.values)
    data = {
        "name": "file",
        "description": "",
        "environment": {
            "id": environment,
            "kwargs": block.get("env_kwargs", {}),
            **_options(block, 1),
        },
        "algorithm": algorithm,
        "policy": block.get("policy", "auto"),
        "policy_kwargs": taken.policy_kwargs,
        "device": "cpu",
        "space_name": "none",
        "space": space,
        "timesteps": int(block["n_timesteps"]),
        "checkpoints": CHECKPOINTS,
        "goals": {},
        "objective": "success",
        "trials": 1,
        "sampler": "random",
        "pruner": "none",
        "seed": None,
        "baselines": {},
    }
    spec = validate(StudySpec, data, str(path))
    return with_timesteps(spec, spec.timesteps, str(path))


def _space_of(algorithm: str, values: Mapping[str, Any]) -> SpaceSpec:
    """A space of one configuration."""
    rollout = ALGORITHMS[algorithm].rollout
    fixed = {rollout: ALGORITHMS[algorithm].defaults[rollout], **values}
    return SpaceSpec.model_construct(description="", algorithm=cast(Algorithm, algorithm), parameters={}, fixed=fixed)


def _exported(
    path: Path,
    spec: StudySpec,
    full: str,
    block: Mapping[str, Any],
    values: dict[str, Any],
    provenance: dict[str, Any],
) -> Recipe:
    """The configuration of an export; settings that were changed by hand since take effect, and are listed."""
    ran = provenance.get("arguments")
    ran = ran if isinstance(ran, dict) else values
    kwargs = block.get("env_kwargs", {})
    own = of_environment(ran, spec.algorithm)
    nulls = {name: value for name, value in ran.items() if value is None and name not in values and name not in own}
    values = {**values, **nulls}  # the export leaves out nulls that rl_zoo3 does not accept
    values |= {name: kwargs[name] for name in own if name in kwargs}
    names = {*values, *ran}
    changed = sorted(name for name in names if values.get(name) != ran.get(name) and not _same_off(name, values, ran))
    known = (*ALGORITHMS[spec.algorithm].arguments, *own)
    ordered = {name: values[name] for name in known if name in values} if changed else ran
    environment, steps = spec.environment, int(block.get("n_timesteps", spec.timesteps))
    options = _options(block, environment.n_envs)
    changed += [OF_ENVIRONMENT[name] for name, now in options.items() if now != getattr(environment, name)]
    changed += ["n_timesteps"] * (steps != spec.timesteps)
    changed += ["env_kwargs"] * (_without(own, kwargs) != _without(own, environment.making))
    given = {"kwargs": kwargs, "max_episode_steps": None} if "env_kwargs" in changed else {}
    environment = environment.model_copy(update={"id": full, **options, **given})
    spec = spec.model_copy(update={"environment": environment})
    spec = with_timesteps(own_rollout(spec, ordered), steps, str(path)) if changed else spec
    return Recipe(
        file=str(path), spec=spec, arguments=ordered, provenance=provenance, timesteps=steps, changed=tuple(changed)
    )


def _without(names: Container[str], values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def _same_off(name: str, values: Mapping[str, Any], ran: Mapping[str, Any]) -> bool:
    """Whether both have normalisation off: a file leaves out what is off."""
    return name in ("norm_obs", "norm_reward") and not values.get(name) and not ran.get(name)


def own_rollout(spec: StudySpec, values: Mapping[str, Any]) -> StudySpec:
    """The study with checkpoints at whole updates of a configuration that is not in its space."""
    entry = ALGORITHMS[spec.algorithm]
    own = int(values.get(entry.rollout, entry.defaults[entry.rollout])) * spec.environment.n_envs
    if largest_rollout(spec.space, spec.baselines, spec.environment.n_envs) % own == 0:
        return spec
    space = _space_of(spec.algorithm, values)
    return spec.model_copy(update={"space": space, "baselines": {}})


def with_timesteps(spec: StudySpec, timesteps: int, source: str) -> StudySpec:
    """The study with another number of steps, rounded up to whole rollouts, and its checkpoints to match.

    Raises:
        SpecInvalid: where `learning_starts` would not be reached.
    """
    asked = spec.model_copy(update={"timesteps": timesteps})
    found = asked.model_copy(update={"timesteps": whole_budget(asked.space, asked)})
    starts = list(late_starts([spec.space.fixed.get("learning_starts")], found.timesteps))
    if starts:
        raise SpecInvalid(source, starts)
    return found
