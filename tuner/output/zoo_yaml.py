"""A trial as YAML that rl_zoo3 reads unchanged, with its provenance."""

import json
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tuner import __version__, seeds
from tuner.config.algorithms import ALGORITHMS, title
from tuner.config.arguments import (
    ACTIVATIONS,
    CLASS,
    HER,
    HINDSIGHT,
    NORMALIZE,
    POLICY,
    class_path,
    is_normalized,
    layers,
)
from tuner.config.configuration import environment_of, of_algorithm
from tuner.config.environment_ids import is_class, is_file, split
from tuner.config.model import StudySpec
from tuner.config.schedules import replaced, simplified
from tuner.config.wrapper_notation import COUNTS_FROM_ZERO
from tuner.config.yaml import read_yaml
from tuner.errors import ExportFailed, UsageProblem
from tuner.study.rows import Row
from tuner.study.stored import meaning_hash
from tuner.writing import beside

TARGETS = {  # by format: an example of a file, its endings, and the reason for them
    "zoo": ("best.yml", (".yml", ".yaml"), "or rl_zoo3 takes it for a Python module"),
    "sb3": ("train.py", (".py",), "since --format sb3 writes Python"),
    "json": ("best.json", (".json",), "since --format json writes JSON"),
}
NOT_EXPORTED = {"clip_range_vf"}  # left out where null, which rl_zoo3 does not accept


def document(
    row: Row, spec: StudySpec, storage: str, rows: Sequence[Row] = (), confirmation: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The file's data: rl_zoo3's block under the environment's id, and the provenance.

    Args:
        row: The trial.
        spec: Its study.
        storage: The database's URL.
        rows: All trials of the study, for its budget.
        confirmation: The study's confirmation, as `confirmation_data` gives it.
    """
    package, bare = zoo_names(spec.environment.id)
    block: dict[str, Any] = {
        "n_envs": spec.environment.n_envs,
        "n_timesteps": spec.timesteps,
        "policy": spec.chosen_policy,
        **zoo_arguments(simplified(of_algorithm(row.arguments, spec.algorithm)), spec.policy_kwargs),
    }
    if spec.environment.frame_stack > 1:
        block["frame_stack"] = spec.environment.frame_stack
    if kwargs := environment_of(spec.environment.ref(), row.arguments, spec.algorithm).kwargs:
        block["env_kwargs"] = kwargs
    if wrappers := zoo_wrappers(spec):
        block["env_wrapper"] = wrappers
    if spec.environment.vec_wrappers:
        block["vec_env_wrapper"] = list(spec.environment.vec_wrappers)
    provenance: dict[str, Any] = {
        "study": spec.name,
        "storage": storage,
        "meaning": meaning_hash(spec),
        "trial": row.number,
        "role": row.role or "tuned",
        "state": row.state,
        "score": row.value,
        "success_rate": row.success,
        "confirmed": confirmation is not None and confirmation["recommended"] == row.label,
        "training_seed": row.seed,
        "seeds": seeds.plan(),  # where the range of each role begins
        "environment": spec.environment.id,
        "gym_packages": [package] if package else [],
        "versions": row.attributes.get("versions", {}),  # as the trial ran
        "hardware": row.attributes.get("hardware", {}),
        "budget": _budget(spec, rows),
        "exported_by": f"tuner {__version__}",
        "date": time.strftime("%Y-%m-%d"),
    }
    if repeats := [one for one in rows if one.label == row.label and one.repeat_of is not None]:
        names = ("number", "seed", "state", "value", "success")
        provenance["repeats"] = [{name: getattr(one, name) for name in names} for one in repeats]
    if schedules := replaced(row.arguments):
        provenance["schedules"] = schedules  # as the trial ran
    if confirmation is not None:
        provenance["confirmation"] = dict(confirmation)
    provenance["arguments"] = row.arguments  # as the trial ran, all of them
    provenance["curve"] = row.attributes.get("curve", [])
    provenance["spec"] = spec.model_dump(mode="json")  # the study, its space included: `tuner train` reads it
    provenance = _plain(provenance)
    return {bare: block, "provenance": provenance}


def _budget(spec: StudySpec, rows: Sequence[Row]) -> dict[str, Any]:
    """What the study cost."""
    finished = [row for row in rows if row.finished]
    return {
        "timesteps": spec.timesteps,
        "checkpoints": [checkpoint.step for checkpoint in spec.plan()],
        "goals": spec.goals.model_dump(),
        "trials_asked": spec.trials,
        "trials_run": len(finished),
        "trials_pruned": sum(row.state == "pruned" for row in finished),
        "steps_run": sum(row.steps for row in rows),
        "sampler": spec.sampler,
        "sampler_seed": spec.seed,
        "pruner": spec.pruner,
        "space": spec.space_name,
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """The values as JSON has them: no tuples, and no shared objects, which YAML would write as references."""
    plain: dict[str, Any] = json.loads(json.dumps(values))
    return plain


def zoo_arguments(arguments: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments in rl_zoo3's notation: those of the policy and of the replay buffer as Python, which it evaluates.

    Args:
        arguments: The algorithm's.
        options: Further ones of the policy.
    """
    flat = {name: value for name, value in arguments.items() if name not in (*POLICY, *NORMALIZE, *HER)}
    kept = {name: value for name, value in flat.items() if name not in NOT_EXPORTED or value is not None}
    if normalize := normalize_kwargs(arguments):
        kept["normalize"] = True if normalize == {"norm_obs": True, "norm_reward": True} else repr(normalize)
    if arguments.get("replay_buffer") == HINDSIGHT:
        kept["replay_buffer_class"] = "HerReplayBuffer"
        kept["replay_buffer_kwargs"] = f"dict({', '.join(buffer_kwargs(arguments))})"
    policy = policy_kwargs(arguments, [f"{name}={_imported(name, value)}" for name, value in options.items()])
    return {**kept, "policy_kwargs": policy} if policy else kept


def buffer_kwargs(arguments: Mapping[str, Any]) -> list[str]:
    """The arguments of the replay buffer with hindsight as Python keywords."""
    return [f"{name}={arguments[name]!r}" for name in HER if name in arguments and name != "replay_buffer"]


def _imported(name: str, value: Any) -> str:
    """A further argument of the policy as Python; a class by an expression that imports it."""
    if not name.endswith(CLASS):
        return repr(value)
    front, last = class_path(value)
    return f"__import__({front!r}, fromlist=[{last!r}]).{last}"


def normalize_kwargs(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of SB3's VecNormalize without gamma; empty if nothing is normalised."""
    if not is_normalized(arguments):
        return {}
    return {"norm_obs": False, "norm_reward": False} | {n: v for n, v in arguments.items() if n in NORMALIZE}


def policy_kwargs(arguments: Mapping[str, Any], more: Sequence[str] = ()) -> str:
    """The policy's arguments as Python, `dict(activation_fn=nn.ReLU)`; empty if there are none.

    Args:
        arguments: The algorithm's.
        more: Further keywords, as Python.
    """
    policy = [f"{name}={_python(name, value)}" for name, value in arguments.items() if name in POLICY]
    policy += more
    return f"dict({', '.join(policy)})" if policy else ""


def _python(name: str, value: Any) -> str:
    if name == "activation_fn":
        return f"nn.{ACTIVATIONS[value]}"
    return repr(layers(value) if name == "net_arch" else value)


def zoo_names(environment: str) -> tuple[str, str]:
    """The package that registers an environment (empty for Gymnasium's own), and its id without the package.

    rl_zoo3 needs a registered id: for a class, the id under which its user has to register it.
    """
    package, bare = split(environment)
    if is_class(environment):
        bare = f"{bare}-v0"
    return "" if is_file(package) else package, bare


def zoo_wrappers(spec: StudySpec) -> list[Any]:
    """The wrappers in rl_zoo3's notation, with the one that shifts discrete spaces where it is needed."""
    shifted = spec.look is not None and spec.look.shifted
    return [*spec.environment.wrappers, *([COUNTS_FROM_ZERO] if shifted else [])]


def zoo_note(spec: StudySpec) -> str:
    """What rl_zoo3 needs besides the file; empty if nothing."""
    environment = spec.environment.id
    if ALGORITHMS[spec.algorithm].zoo is None:
        return f"rl_zoo3 has no {title(spec.algorithm)}: train with `tuner train`, or a script (--format sb3)"
    if not is_class(environment):
        return ""
    front, last = split(environment)
    return (
        f"rl_zoo3 needs a registered id: register {last} of {front} as '{last}-v0' in a module, and give that "
        "module as --gym-packages"
    )


def zoo_command(spec: StudySpec, file: str) -> str | None:
    """The command that trains from the file; None where rl_zoo3 does not have the algorithm."""
    if (name := ALGORITHMS[spec.algorithm].zoo) is None:
        return None
    package, bare = zoo_names(spec.environment.id)
    packages = f" --gym-packages {package}" if package else ""
    vec_env = " --vec-env subproc" if spec.environment.vec_env == "subproc" else ""
    train = f"python -m rl_zoo3.train --algo {name or spec.algorithm} --env {bare}"
    return f"{train}{packages}{vec_env} --conf-file {shlex.quote(file)}"


def script_command(row: Row, spec: StudySpec) -> list[str]:
    """The command that exports the trial as a script with all its schedules, as words."""
    return ["tuner", "export", spec.name, "--trial", str(row.number), "--format", "sb3", "-o", "train.py"]


def standing(data: Mapping[str, Any]) -> str:
    """Whether the configuration of a file is confirmed, in a few sentences."""
    provenance = data["provenance"]
    found = provenance.get("confirmation")
    if found is None or found["arm"] is None:
        return "One training seed: not yet confirmed."
    seeds_run = f"{found['test_seeds']} fresh training seeds, {found['test_goals']} fresh episodes each"
    if not provenance["confirmed"]:
        return f"Tested over {seeds_run}; recommended: {found['recommended']}."
    kept = "" if provenance["role"] == "tuned" else " No evidence that a tuned trial beats this baseline."
    return " ".join(
        [f"Confirmed over {seeds_run}.{kept}", *(f"{words[0].upper()}{words[1:]}." for words in found["verdicts"])]
    )


def render(data: dict[str, Any], spec: StudySpec, file: str, notes: Sequence[str] = ()) -> str:
    """The text of the file, with notes in its heading."""
    algorithm = title(spec.algorithm)
    heading = (
        f"# {algorithm} hyperparameters from tuner's study {spec.name!r}. {standing(data)}\n"
        f"# tuner train {shlex.quote(file)}\n"
    )
    if (command := zoo_command(spec, file)) is not None:
        heading += f"# {command}\n"
    for note in [zoo_note(spec), *notes]:
        heading += f"# {note}\n" if note else ""
    return heading + yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def write(text: str, data: dict[str, Any], path: Path) -> None:
    """Writes the file completely or not at all, and reads it back.

    Raises:
        ExportFailed: where it cannot be written, or reads back as something else.
    """
    path = path.resolve()  # a link stays, its target is written
    try:
        with beside(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
            if read_yaml(temporary) != data or yaml.safe_load(temporary.read_text(encoding="utf-8")) != data:
                raise ExportFailed(f"{path}: the file does not read back as it was written")
            temporary.replace(path)
    except OSError as error:
        raise ExportFailed(f"cannot write {path}: {error.strerror} (choose another file with -o)") from None


def as_json(data: Mapping[str, Any]) -> str:
    """The file's data as JSON."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def check_target(path: Path, form: str) -> None:
    """Refuses an output path that cannot be a file, or whose ending does not fit the format.

    Raises:
        UsageProblem: naming the path, the rule and a way out.
    """
    example, endings, why = TARGETS[form]
    if path.is_dir():
        raise UsageProblem(f"-o {path}: is a folder; give a file, such as {path / example}")
    if path.exists() and not path.is_file():
        raise UsageProblem(f"-o {path}: is no regular file; leave -o out to write to standard output")
    if path.suffix not in endings or not str(path).isprintable():
        raise UsageProblem(f"-o {str(path)!r}: must end in {' or '.join(endings)}, {why}")
