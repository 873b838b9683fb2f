"""Baselines from hyperparameter files in rl_zoo3's format, including those that `tuner export` writes."""

import ast
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tuner.config import arguments
from tuner.config.algorithms import ALGORITHMS
from tuner.config.environment_ids import split
from tuner.config.model import StudyFile, StudySpec
from tuner.config.rules import baseline_faults, budget_faults, late_starts
from tuner.config.schedules import simplified
from tuner.config.searched_environment import with_own_values
from tuner.config.space import SpaceSpec
from tuner.config.yaml import read_yaml
from tuner.errors import SpecInvalid, UsageProblem
from tuner.statistics.answer_records import CURRENT, DEFAULTS, GUIDE, PROPOSED

READ = (
    "policy_kwargs",
    "normalize",
    "replay_buffer_class",
    "replay_buffer_kwargs",
)  # keys whose values are parsed into arguments
ARM = (CURRENT, PROPOSED, GUIDE)  # baselines of the packaged studies
BESIDE = ("provenance", "default")  # top-level keys that are not an environment's


class FileBaseline(NamedTuple):
    """A baseline read from a file."""

    name: str
    values: dict[str, Any]  # the algorithm's arguments, as the file has them
    left: tuple[str, ...]  # keys of the file that were ignored: no arguments of the algorithm
    policy_kwargs: dict[str, Any]  # further ones of the policy, classes by their import paths
    kwargs: dict[str, Any]  # the environment's


def read_baseline(asked: str, environment: str, algorithm: str = "ppo") -> FileBaseline:
    """Reads `FILE` or `FILE:ID`: the block of that environment, else of the study's environment, else the only block.

    Raises:
        UsageProblem: if the file cannot be read, or it is not clear which block is meant.
        SpecInvalid: if the block is not a mapping of hyperparameters.
    """
    file, _, wanted = asked.partition(":") if not Path(asked).is_file() else (asked, "", "")
    path = Path(file)
    data = read_yaml(path)
    blocks = {str(key): value for key, value in data.items() if key not in BESIDE} if isinstance(data, dict) else {}
    bare = split(environment)[1]
    chosen = wanted or (bare if bare in blocks else next(iter(blocks)) if len(blocks) == 1 else "")
    if chosen not in blocks:
        there = ", ".join(blocks) or "none"
        raise UsageProblem(f"--baseline {asked}: name the environment, as {file}:ID; the file has: {there}")
    block = blocks[chosen]
    if not isinstance(block, dict):
        raise SpecInvalid(str(path), [f"{chosen}: must be a mapping of hyperparameters, not {block!r}"])
    flat = {**block, **_python(path, chosen, "policy_kwargs", block)}
    flat |= _scaling(path, chosen, block.get("normalize"))
    flat |= _buffer(path, chosen, block)
    flat |= _original_schedules(data.get("provenance"), flat)
    values = {name: flat[name] for name in ALGORITHMS[algorithm].arguments if name in flat}
    policy = _python(path, chosen, "policy_kwargs", block)
    left = tuple(key for key in block if key not in values and key not in READ)
    unknown = {key: value for key, value in policy.items() if key not in arguments.POLICY}
    further = {key: value for key, value in unknown.items() if _usable(key, unknown)}
    left += tuple(f"policy_kwargs.{key}" for key in policy if key not in values and key not in further)
    kwargs = block.get("env_kwargs")
    own = dict(kwargs) if isinstance(kwargs, dict) else {}
    return FileBaseline(name=_named(path.stem, wanted), values=values, left=left, policy_kwargs=further, kwargs=own)


def _usable(key: str, options: Mapping[str, Any]) -> bool:
    """Whether a further argument of the policy can be used: a class, and its arguments, need its module."""
    kind = options.get(key.removesuffix("_kwargs") + arguments.CLASS if key.endswith("_kwargs") else key)
    if not key.endswith(("_kwargs", arguments.CLASS)) or kind is None:
        return True
    return isinstance(kind, str) and bool(arguments.class_path(kind)[0])


def _buffer(path: Path, name: str, block: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments in `replay_buffer_class` and `replay_buffer_kwargs`."""
    kind = block.get("replay_buffer_class")
    if kind is None:
        return {}
    if not str(kind).endswith("HerReplayBuffer"):
        raise SpecInvalid(str(path), [f"{name}.replay_buffer_class: {kind!r} must be HerReplayBuffer, or left out"])
    return {"replay_buffer": arguments.HINDSIGHT, **_python(path, name, "replay_buffer_kwargs", block)}


def _original_schedules(provenance: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """An export's original schedules, from its provenance, for arguments whose simplified form is unedited."""
    schedules = provenance.get("schedules") if isinstance(provenance, dict) else None
    kept = schedules if isinstance(schedules, dict) else {}
    return {name: text for name, text in kept.items() if simplified({name: text}) == {name: values.get(name)}}


def in_other_environment(study: StudyFile, space: SpaceSpec, written: Collection[str] | None) -> StudyFile:
    """A study as it is run in another environment than its file's, which has the baselines `written`.

    `current`, `proposed` and `guide-0.95` are for the arm: Stable-Baselines3's defaults replace them,
    where the study's space and budget hold those.
    """
    if not {*ARM} & {*(written or ())}:
        return study
    defaults = ALGORITHMS[space.algorithm].defaults
    values = {name: defaults[name] for name in (*space.parameters, *space.fixed) if name in defaults}
    others = {name: given for name, given in study.baselines.items() if name not in ARM}
    changed = study.model_copy(update={"baselines": {DEFAULTS: values, **others}})
    fits = not [*baseline_faults(space, changed.baselines), *budget_faults(space, changed)]
    return changed if fits else study


def with_baselines(spec: StudySpec, added: Mapping[str, Mapping[str, Any]], source: str) -> StudySpec:
    """The study with more baselines; searched parameters that they leave out get the algorithm's default.

    Those of the environment get the value that the study gives its constructor.

    Raises:
        SpecInvalid: if a name is taken, or a value is not valid in the study.
    """
    defaults = ALGORITHMS[spec.algorithm].defaults
    usual = {key: defaults[key] for key in spec.space.parameters if key in defaults}
    own = with_own_values(spec.space, spec.environment.kwargs, usual)
    filled = {name: {**own, **values} for name, values in added.items()}
    taken = [f"baselines.{name}: already exists in the study with other values" for name in _taken(spec, filled)]
    starts = late_starts([values.get("learning_starts") for values in filled.values()], spec.timesteps)
    faults = [*taken, *baseline_faults(spec.space, filled), *starts]
    more = spec.model_copy(update={"baselines": {**spec.baselines, **filled}})
    if not faults and more.plan() != spec.plan():
        rollout = ALGORITHMS[spec.algorithm].rollout
        faults = [
            f"{rollout} of an added baseline does not divide the study's largest rollout, which sets the checkpoints"
        ]
    if faults:
        raise SpecInvalid(source, faults)
    return more


def _taken(spec: StudySpec, added: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [name for name, values in added.items() if name in spec.baselines and spec.baselines[name] != values]


def _named(stem: str, wanted: str) -> str:
    """A valid baseline name made from a file's name and the environment asked for."""
    name = re.sub(r"[^\w.-]+", "-", f"{stem}-{wanted}" if wanted else stem).strip("-._")
    return name[:64] or "file"


def _python(path: Path, block: str, key: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments under a key: a mapping, or rl_zoo3's text such as `dict(activation_fn=nn.ReLU)`."""
    given = values.get(key)
    if given is None:
        return {}
    fault = SpecInvalid(str(path), [f"{block}.{key}: {given!r} must be dict(...) of plain values and nn.NAME"])
    if not isinstance(given, str):
        if not isinstance(given, dict):
            raise fault
        return dict(given)
    try:
        call = ast.parse(given.strip(), mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id != "dict" or call.args:
            raise fault
        return {str(word.arg): _value(word.value) for word in call.keywords}
    except (SyntaxError, ValueError):
        raise fault from None


def _scaling(path: Path, block: str, given: Any) -> dict[str, Any]:
    """The arguments in `normalize`: true, a mapping, or rl_zoo3's text of one, such as `dict(norm_reward=False)`."""
    if given is None or isinstance(given, bool):
        return dict.fromkeys(arguments.UNSCALED, True) if given else {}
    said = given
    try:
        if isinstance(given, str):
            node = ast.parse(given.strip(), mode="eval").body
            words = node.keywords if isinstance(node, ast.Call) else None
            said = (
                {str(word.arg): _value(word.value) for word in words} if words is not None else ast.literal_eval(node)
            )
        return {**dict.fromkeys(arguments.UNSCALED, True), **said}
    except (SyntaxError, TypeError, ValueError):
        raise SpecInvalid(
            str(path), [f"{block}.normalize: {given!r} must be true, false or a mapping such as {{norm_reward: false}}"]
        ) from None


def _value(node: ast.expr) -> Any:
    """A plain value, in which `dict(...)` is a mapping and `nn.NAME` the word of an activation, at any depth.

    Raises:
        ValueError: where it is anything else.
    """
    match node:
        case ast.Attribute(value=ast.Name(id="nn") | ast.Attribute(attr="nn"), attr=name):
            words = {kind: word for word, kind in arguments.ACTIVATIONS.items()}
            return words.get(name, f"nn.{name}")
        case ast.Attribute(value=ast.Call(func=ast.Name(id="__import__"), args=[ast.Constant(value=str(front)), *_])):
            return f"{front}:{node.attr}"
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=words_of):
            return {str(word.arg): _value(word.value) for word in words_of}
        case ast.Name(id=name) if name[:1].isupper():  # a class, which is named as left out
            return name
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item) for item in items]
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {ast.literal_eval(key): _value(value) for key, value in zip(keys, values, strict=True) if key}
        case _:
            return ast.literal_eval(node)
