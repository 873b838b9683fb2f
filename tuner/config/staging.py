"""Turns a study with stages into one study for each stage."""

from collections.abc import Iterator, Mapping
from typing import Any

from tuner.config.algorithms import ALGORITHMS, title
from tuner.config.load import validate
from tuner.config.model import StudySpec
from tuner.config.parameters import ChoiceParameter, FloatParameter, IntParameter
from tuner.config.rules import baseline_faults, budget_faults, in_terms_of, means_the_same, whole_budget
from tuner.config.schedules import part_of, taken_apart
from tuner.config.space import SpaceSpec, allows, job_arguments
from tuner.config.study_keys import Stage
from tuner.errors import SpecInvalid, did_you_mean

# The first tip of the PPO guide. Its first step, checking the reward, is what `tuner check` does.
GUIDE = (
    Stage(parameters={"learning_rate": FloatParameter(type="float", low=1e-4, high=1e-3, scale="log")}),
    Stage(parameters={"n_steps": IntParameter(type="int", low=1024, high=4096, scale="power_of_two")}),
    Stage(parameters={"clip_range": FloatParameter(type="float", low=0.1, high=0.3)}),
)

LONGEST_NAME = 64
BEFORE = "before"  # the baseline with the best configuration of the previous stage


def staged(spec: StudySpec, *, trials: int | None) -> StudySpec:
    """The study with its stages; the PPO guide's if it defines none.

    Args:
        spec: The study.
        trials: The number of trials of each stage, if the command line sets it.

    Raises:
        SpecInvalid: if a stage cannot continue from the previous one, listing every problem.
    """
    if not spec.stages and spec.algorithm != "ppo":
        reason = f"stages: the PPO guide's do not fit {spec.algorithm}; write `stages:` in the study file"
        raise SpecInvalid(f"study {spec.name!r}", [reason])
    stages = spec.stages or GUIDE
    if trials is not None:
        stages = tuple(stage.model_copy(update={"trials": trials}) for stage in stages)
    whole = spec.model_copy(update={"stages": stages})
    faults = [*_faults(whole)]
    if faults:
        raise SpecInvalid(f"study {spec.name!r}", faults)
    return whole


def rehearsed(spec: StudySpec) -> Iterator[StudySpec]:
    """Every stage as it would start from the defaults and from each baseline, to find problems before any work.

    Raises:
        SpecInvalid: if a stage could not start.
    """
    first = stage_spec(spec, 1, {})
    yield first
    sampled = {name: value for name, value in _defaults(spec).items() if name in first.space.parameters}
    for number in range(2, len(spec.stages) + 1):
        for values in ({}, *spec.baselines.values()):
            yield stage_spec(spec, number, job_arguments(first.space, sampled, values))


def _faults(spec: StudySpec) -> Iterator[str]:
    """A line for every baseline that a later stage could not start from, and every repeated or unknown parameter."""
    known = ALGORITHMS[spec.algorithm].names
    valid = ", ".join(ALGORITHMS[spec.algorithm].arguments)
    seen: set[str] = set()
    yield from _environment_faults(spec)
    for number, stage in enumerate(spec.stages, 1):
        for name in stage.parameters:
            if name not in known and name not in environment_names(spec):
                nearest = did_you_mean(name, known)
                yield f"stage {number}: {name}: unknown {title(spec.algorithm)} argument{nearest}; valid: {valid}"
            if name in seen:
                yield f"stage {number}: {name}: is searched by an earlier stage as well"
            seen.add(name)
        space = SpaceSpec.model_construct(parameters=stage.parameters, fixed={})
        for role, values in spec.baselines.items():
            own = in_terms_of(space, values)
            for name in stage.parameters.keys() & own.keys():
                if (fault := allows(space, name, own[name])) is not None:
                    yield f"stage {number}: {name}: baselines.{role}: {fault}, so the stage could not start from it"


def environment_names(spec: StudySpec) -> list[str]:
    """The arguments of the environment that the study or a stage of it searches."""
    stages = (pair for stage in spec.stages for pair in stage.parameters.items())
    named = (name for name, parameter in stages if parameter.target == "environment")
    return [*dict.fromkeys([*spec.space.of_environment, *named])]


def environment_so_far(spec: StudySpec, made: StudySpec) -> dict[str, Any]:
    """What a stage `made` of the study found fixed of the environment's searched arguments."""
    return {name: made.environment.kwargs[name] for name in environment_names(spec) if name in made.environment.kwargs}


def _environment_faults(spec: StudySpec) -> Iterator[str]:
    """A line for every argument of the environment that stages could not begin with."""
    searched = [name for stage in spec.stages for name in stage.parameters]
    for name in environment_names(spec):
        if name not in searched:
            yield f"stages: {name}: the space searches it in the environment, and no stage does; add one, or fix it"
        elif name not in spec.environment.kwargs:
            yield f"stages: {name}: needs a value in the environment's kwargs, which stages begin with"
        else:
            own = spec.environment.kwargs[name]
            for role in (role for role, values in spec.baselines.items() if values.get(name, own) != own):
                yield f"stages: {name}: baselines.{role} differs from the environment's kwargs, which stages begin with"


def stage_spec(spec: StudySpec, number: int, start: Mapping[str, Any]) -> StudySpec:
    """The study of one stage: it searches the stage's parameters and fixes the rest as the previous stage left them.

    Args:
        spec: The study with its stages.
        number: Which stage, from 1.
        start: The arguments of the best trial of the previous stage. Empty for the first stage, which fixes every
            other searched parameter at its default (or the nearest value in its range) and runs the study's baselines.

    Raises:
        SpecInvalid: if the stage's space, baselines and budget do not fit together.
    """
    stage = spec.stages[number - 1]
    source = f"stage {number} of study {spec.name!r}"
    defaults = _defaults(spec)
    begun = taken_apart(start, stage.parameters, {})
    kept = {**_without_parts_of(begun, {**defaults, **spec.space.fixed}), **begun}
    outside = environment_names(spec)
    kwargs = {**spec.environment.kwargs, **{name: kept[name] for name in outside if name in kept}}
    space = validate(
        SpaceSpec,
        {
            "description": f"Stage {number} of {len(spec.stages)}: {', '.join(stage.parameters)}.",
            "algorithm": spec.algorithm,
            "parameters": {name: parameter.model_dump() for name, parameter in stage.parameters.items()},
            "fixed": {name: value for name, value in kept.items() if name not in (*stage.parameters, *outside)},
        },
        source,
    )
    searched = {name: defaults[name] for name in stage.parameters}
    runs = {BEFORE: start} if start else spec.baselines
    baselines = {role: {**_without_parts_of(values, searched), **values} for role, values in runs.items()}
    elsewhere = {*outside} - stage.parameters.keys()  # of the environment, and not of this stage
    baselines = {role: {n: v for n, v in values.items() if n not in elsewhere} for role, values in baselines.items()}
    made = spec.model_copy(
        update={
            "name": stage_name(spec, number),
            "space_name": stage.title,
            "space": space,
            "environment": spec.environment.model_copy(update={"kwargs": kwargs}),
            "trials": stage.trials or spec.trials,
            "baselines": baselines,
            "stages": (),
        }
    )
    faults = [*baseline_faults(space, baselines), *budget_faults(space, made)]
    if faults:
        raise SpecInvalid(source, faults)
    return made.model_copy(update={"timesteps": whole_budget(space, made)})


def _without_parts_of(values: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """`others` without the schedule parts of arguments that `values` set."""
    return {name: value for name, value in others.items() if part_of(name) not in values}


def stage_name(spec: StudySpec, number: int) -> str:
    """The name of a stage's study."""
    ending = f"-{number}-{spec.stages[number - 1].title}"
    if len(ending) > LONGEST_NAME // 2:
        ending = f"-{number}"
    return f"{spec.name[: LONGEST_NAME - len(ending)]}{ending}"


def _defaults(spec: StudySpec) -> dict[str, Any]:
    """The value of every parameter before it is searched: Stable-Baselines3's default, or the nearest in its range.

    Of an argument of the environment, the value that the study gives its constructor.
    """
    ranges = {**spec.space.parameters, **{name: p for stage in spec.stages for name, p in stage.parameters.items()}}
    own = {**ALGORITHMS[spec.algorithm].defaults, **spec.environment.kwargs}
    return {name: _nearest(name, parameter, own.get(name)) for name, parameter in ranges.items()}


def _nearest(name: str, parameter: FloatParameter | IntParameter | ChoiceParameter, default: Any) -> Any:
    if isinstance(parameter, ChoiceParameter):
        same = (choice for choice in parameter.choices if means_the_same(name, choice, default))
        return next(same, parameter.choices[0])
    low, high = parameter.bounds
    return low if default is None else min(max(default, low), high)
