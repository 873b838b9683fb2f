"""Baselines from elsewhere: hyperparameter files as rl_zoo3 writes them, our own exports among them."""

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tuner.config import arguments
from tuner.config.algorithms import ROLLOUTS
from tuner.config.environment_ids import split
from tuner.config.model import StudySpec
from tuner.config.rules import baseline_faults, late_starts
from tuner.config.yaml import read_yaml
from tuner.config.zoo_schedules import simplified
from tuner.errors import SpecInvalid, UsageProblem

# What Stable-Baselines3 takes where a file says nothing; a test holds it to the installed version.
_ACTOR_CRITIC = {"gamma": 0.99, "ent_coef": 0.0, "vf_coef": 0.5, "max_grad_norm": 0.5, "log_std_init": 0.0}
_PPO = {
    **_ACTOR_CRITIC,
    "learning_rate": 3e-4,
    "n_steps": 2048,
    "batch_size": 64,
    "n_epochs": 10,
    "gae_lambda": 0.95,
    "clip_range": 0.2,
    "clip_range_vf": None,
    "normalize_advantage": True,
    "target_kl": None,
    "ortho_init": True,
}
_A2C = {
    **_ACTOR_CRITIC,
    "learning_rate": 7e-4,
    "n_steps": 5,
    "gae_lambda": 1.0,
    "rms_prop_eps": 1e-5,
    "use_rms_prop": True,
    "normalize_advantage": False,
    "ortho_init": True,
}
_REPLAY = {"buffer_size": 1_000_000, "learning_starts": 100, "gamma": 0.99, "gradient_steps": 1, "n_steps": 1}
_CONTINUOUS = {**_REPLAY, "batch_size": 256, "tau": 0.005, "train_freq": 1}
_SAC = {
    **_CONTINUOUS,
    "learning_rate": 3e-4,
    "ent_coef": "auto",
    "target_entropy": "auto",
    "target_update_interval": 1,
}
_TD3 = {
    **_CONTINUOUS,
    "learning_rate": 1e-3,
    "policy_delay": 2,
    "target_policy_noise": 0.2,
    "target_noise_clip": 0.5,
}
_DQN = {
    **_REPLAY,
    "learning_rate": 1e-4,
    "batch_size": 32,
    "tau": 1.0,
    "train_freq": 4,
    "target_update_interval": 10000,
    "exploration_fraction": 0.1,
    "exploration_initial_eps": 1.0,
    "exploration_final_eps": 0.05,
    "max_grad_norm": 10,
}
_NETS: dict[str, dict[str, Any]] = {
    "ppo": {"net_arch": [64, 64], "activation_fn": "tanh"},
    "a2c": {"net_arch": [64, 64], "activation_fn": "tanh"},
    "sac": {"net_arch": [256, 256], "activation_fn": "relu"},
    "td3": {"net_arch": [400, 300], "activation_fn": "relu"},
    "dqn": {"net_arch": [64, 64], "activation_fn": "relu"},
}
UNSCALED = {"norm_obs": False, "norm_reward": False}  # what a file leaves out is as without VecNormalize
_BOUNDS = {"clip_obs": 10.0, "clip_reward": 10.0}
DEFAULTS: dict[str, dict[str, Any]] = {
    name: {**own, **_NETS[name], **UNSCALED, **_BOUNDS}
    for name, own in (("ppo", _PPO), ("a2c", _A2C), ("sac", _SAC), ("td3", _TD3), ("dqn", _DQN))
}
READ = ("policy_kwargs", "normalize")  # keys whose values are taken apart
BESIDE = ("provenance", "default")  # keys of such files that are no environment's


class Taken(NamedTuple):
    """A baseline that was read."""

    name: str
    values: dict[str, Any]  # arguments of the algorithm, as the file has them
    left: tuple[str, ...]  # keys of the file that are no argument's


def read_baseline(asked: str, environment: str, algorithm: str = "ppo") -> Taken:
    """Reads `FILE` or `FILE:ID`: the block of that environment, else the study's own, else the only one.

    Raises:
        UsageProblem: where the file cannot be read, or it is not clear which block is meant.
        SpecInvalid: where the block is none of hyperparameters.
    """
    file, _, wanted = asked.partition(":") if not Path(asked).is_file() else (asked, "", "")
    path = Path(file)
    data = read_yaml(path)
    blocks = {str(key): value for key, value in data.items() if key not in BESIDE} if isinstance(data, dict) else {}
    bare = split(environment)[1]
    chosen = wanted or (bare if bare in blocks else next(iter(blocks)) if len(blocks) == 1 else "")
    if chosen not in blocks:
        there = ", ".join(blocks) or "none"
        raise UsageProblem(f"--baseline {asked}: which environment's? give {file}:ID; there is: {there}")
    block = blocks[chosen]
    if not isinstance(block, dict):
        raise SpecInvalid(str(path), [f"{chosen}: must be a mapping of hyperparameters, not {block!r}"])
    flat = {**block, **_policy(path, chosen, block.get("policy_kwargs"))}
    flat |= _scaling(path, chosen, block.get("normalize"))
    flat |= _as_it_ran(data.get("provenance"), flat)
    values = {name: flat[name] for name in arguments.ARGUMENTS[algorithm] if name in flat}
    left = tuple(key for key in block if key not in values and key not in READ)
    return Taken(name=_named(path.stem, wanted), values=values, left=left)


def _as_it_ran(provenance: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """The schedules of an export of ours that rl_zoo3 has no notation for, where nobody has changed their stand-ins."""
    schedules = provenance.get("schedules") if isinstance(provenance, dict) else None
    kept = schedules if isinstance(schedules, dict) else {}
    return {name: text for name, text in kept.items() if simplified({name: text}) == {name: values.get(name)}}


def with_baselines(spec: StudySpec, added: Mapping[str, Mapping[str, Any]], source: str) -> StudySpec:
    """The study with more baselines; what they leave out and the space searches is the algorithm's own default.

    Raises:
        SpecInvalid: where a name is taken, or a value is none that the study can hold.
    """
    defaults = DEFAULTS[spec.algorithm]
    filled = {
        name: {**{key: defaults[key] for key in spec.space.parameters if key in defaults}, **values}
        for name, values in added.items()
    }
    taken = [f"baselines.{name}: the study has one of that name with other values" for name in _taken(spec, filled)]
    starts = late_starts([values.get("learning_starts") for values in filled.values()], spec.timesteps)
    faults = [*taken, *baseline_faults(spec.space, filled), *starts]
    more = spec.model_copy(update={"baselines": {**spec.baselines, **filled}})
    if not faults and more.plan() != spec.plan():
        rollout = ROLLOUTS[spec.algorithm][0]
        faults = [
            f"{rollout} of an added baseline does not divide the study's largest rollout, which sets the checkpoints"
        ]
    if faults:
        raise SpecInvalid(source, faults)
    return more


def _taken(spec: StudySpec, added: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [name for name, values in added.items() if name in spec.baselines and spec.baselines[name] != values]


def _named(stem: str, wanted: str) -> str:
    """A baseline's name: letters, digits and the like."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{stem}-{wanted}" if wanted else stem).strip("-._")
    return name[:64] or "file"


def _policy(path: Path, block: str, given: Any) -> dict[str, Any]:
    """What `policy_kwargs` says, a mapping or rl_zoo3's text such as `dict(activation_fn=nn.ReLU)`."""
    if given is None:
        return {}
    fault = SpecInvalid(str(path), [f"{block}.policy_kwargs: {given!r} must be dict(...) of plain values and nn.NAME"])
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
    """What `normalize` says: true, a mapping, or rl_zoo3's text of one, such as `dict(norm_reward=False)`."""
    if given is None or isinstance(given, bool):
        return dict.fromkeys(UNSCALED, True) if given else {}
    said = given
    try:
        if isinstance(given, str):
            node = ast.parse(given.strip(), mode="eval").body
            words = node.keywords if isinstance(node, ast.Call) else None
            said = (
                {str(word.arg): _value(word.value) for word in words} if words is not None else ast.literal_eval(node)
            )
        return {**dict.fromkeys(UNSCALED, True), **said}
    except (SyntaxError, TypeError, ValueError):
        raise SpecInvalid(
            str(path), [f"{block}.normalize: {given!r} must be true, false or a mapping such as {{norm_reward: false}}"]
        ) from None


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "nn":
        words = {kind: word for word, kind in arguments.ACTIVATIONS.items()}
        return words.get(node.attr, f"nn.{node.attr}")
    return ast.literal_eval(node)
