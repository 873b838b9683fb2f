"""The study as data: environment, algorithm, space, budget and scoring."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal
from unicodedata import normalize

from pydantic import AfterValidator, Field, PlainValidator, StrictInt, StrictStr, WithJsonSchema, model_validator

from tuner.config.algorithm_entry import Policy
from tuner.config.algorithms import ALGORITHMS, Algorithm
from tuner.config.configuration import environment_of, of_algorithm
from tuner.config.environment_spec import Arguments, EnvironmentSpec
from tuner.config.evaluation_keys import Evaluation, EvaluationMode, with_evaluation
from tuner.config.finals_share import FinalsAsWritten, share_of_finals
from tuner.config.objective import Objective, ObjectiveSpec
from tuner.config.parameters import Frozen
from tuner.config.space import SpaceSpec, rollouts
from tuner.config.study_keys import (
    CurriculumField,
    FirstLook,
    Goals,
    Key,
    NormalizeField,
    Stage,
    SuccessSpec,
    policy_options,
)
from tuner.config.tracking_keys import Command, Track
from tuner.finals.finals_plan import repeats_of
from tuner.records import LONGEST_EPISODE, Checkpoint, EnvironmentRef, Signals, TrialJob

Sampler = Literal["tpe", "gp", "random", "qmc"]
Pruner = Literal["median", "halving", "none"]
Device = Literal["cpu", "auto", "cuda"]
Trainer = Literal["auto", "sb3", "fused"]

MAX_SEED = 2**32 - 1  # the largest that every sampler takes
LATE_EVALUATIONS = 3  # the last evaluations of a trial, whose mean score is its value
ENOUGH_CHECKPOINTS = 6  # with fewer, pruning saves little


Finals = Annotated[float | Literal["auto"], PlainValidator(share_of_finals, json_schema_input_type=FinalsAsWritten)]
Name = Annotated[
    StrictStr,
    Field(pattern=r"^[\p{L}\p{N}][\p{L}\p{M}\p{N}_.-]{0,63}$"),
    AfterValidator(partial(normalize, "NFC")),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 64}),  # few editors know such patterns
]


class StudyFile(Frozen):
    """A study file as the user writes it."""

    description: str = ""
    environment: EnvironmentSpec
    algorithm: Algorithm | None = None  # None: that of the space
    trainer: Trainer = "auto"
    policy: Policy = "auto"  # by the observations and the algorithm
    policy_kwargs: Annotated[dict[str, Any], AfterValidator(policy_options)] = Field(default_factory=dict)
    device: Device = "cpu"
    space: Annotated[StrictStr, Field(min_length=1)]
    space_changes: dict[str, dict[str, Any]] = Field(default_factory=dict)
    fixed: Arguments = Field(default_factory=dict)  # in place of the space's
    timesteps: Annotated[StrictInt, Field(ge=1, le=10**12)]
    checkpoints: Annotated[StrictInt, Field(ge=1, le=1000)] = 12
    goals: Goals = Goals()
    objective: Objective = ObjectiveSpec()
    success: SuccessSpec | None = None  # None: `is_success`, where the environment tells it
    evaluation: Evaluation = "deterministic"  # how the policy acts in evaluations; or a mapping, EvaluationKeys
    evaluation_environment: Arguments = Field(default_factory=dict)  # besides the environment's kwargs
    milestones: Annotated[tuple[Key, ...], Field(strict=False)] = ()
    curriculum: CurriculumField = None
    normalize: NormalizeField = None
    trials: Annotated[StrictInt, Field(ge=1, le=10**9)] = 200
    sampler: Sampler = "tpe"
    pruner: Pruner = "median"
    finals: Finals = "auto"  # share of the trials that repeat the leaders; auto: by the number of trials
    seed: Annotated[StrictInt, Field(ge=0, le=MAX_SEED)] | None = None
    baselines: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    stages: Annotated[tuple[Stage, ...], Field(strict=False)] = ()
    track: Track = ()
    on_trial_end: Command = None

    _evaluation = model_validator(mode="before")(with_evaluation)

    @model_validator(mode="after")
    def _sound(self) -> "StudyFile":
        if self.objective.metric == "milestones" and not self.milestones:
            raise ValueError(
                "milestones: is required for `objective: milestones`; name flags in `info`, such as [grasped]"
            )
        return self


class StudySpec(Frozen):
    """A study as it runs and as its database stores it: the file with its space, and the budget rounded up."""

    name: Name
    description: str
    environment: EnvironmentSpec
    algorithm: Algorithm
    trainer: Trainer = "auto"  # studies of earlier versions have no such key
    policy: Policy
    policy_kwargs: dict[str, Any] = Field(default_factory=dict)
    device: Device
    space_name: str
    space: SpaceSpec
    timesteps: StrictInt
    checkpoints: StrictInt
    goals: Goals
    objective: Objective
    success: SuccessSpec | None = None
    evaluation: EvaluationMode = "deterministic"
    evaluation_environment: Arguments = Field(default_factory=dict)
    milestones: Annotated[tuple[Key, ...], Field(strict=False)] = ()
    curriculum: CurriculumField = None
    trials: StrictInt
    sampler: Sampler
    pruner: Pruner
    finals: Finals = "auto"
    seed: StrictInt | None
    baselines: dict[str, dict[str, Any]]
    stages: Annotated[tuple[Stage, ...], Field(strict=False)] = ()  # each runs as a study without stages
    normalize_settled: bool = False  # whether the file says how observations and rewards are scaled
    look: FirstLook | None = None  # None before the first trial, and in studies of earlier versions
    track: Track = ()
    on_trial_end: Command = Field(default=None, exclude=True)  # never stored: a database starts no commands

    @property
    def signals(self) -> Signals | None:
        """How success and distance are read; None before that is decided."""
        return None if self.look is None else self.look.signals

    @property
    def chosen_policy(self) -> str:
        """The policy that trials have; before the look at the environment, that of flat observations."""
        if self.policy != "auto":
            return self.policy
        by_look = None if self.look is None else self.look.policy
        return by_look or ALGORITHMS[self.algorithm].policies["flat"]

    @property
    def repeats(self) -> int:
        """How many of its trials repeat the leaders on new training seeds."""
        return repeats_of(self.trials, None if self.finals == "auto" else self.finals)

    def evaluated_in(self, configuration: Mapping[str, Any]) -> EnvironmentRef:
        """The environment of a configuration's evaluations and videos; what is set for evaluations takes precedence."""
        ref = environment_of(self.environment.ref(), configuration, self.algorithm)
        return replace(ref, kwargs={**ref.kwargs, **self.evaluation_environment})

    def plan(self) -> tuple[Checkpoint, ...]:
        """The checkpoints, which are the same in every trial.

        Each is the multiple of the largest rollout nearest to k/n of the budget, so that every trial has just
        finished an update there. If the budget has fewer multiples, there are fewer checkpoints.
        """
        unit = largest_rollout(self.space, self.baselines, self.environment.n_envs)
        multiples = self.timesteps // unit
        wanted = (max(1, round(k * multiples / self.checkpoints)) for k in range(1, self.checkpoints + 1))
        steps = [unit * multiple for multiple in sorted(set(wanted))]
        late = len(steps) - LATE_EVALUATIONS
        return tuple(
            Checkpoint(step=step, goals=self.goals.late if index >= late else self.goals.early)
            for index, step in enumerate(steps)
        )

    def job(self, *, number: int, seed: int, params: Mapping[str, Any], **changes: Any) -> TrialJob:
        """The job for one training run of the configuration `params`, at full length unless `changes` say otherwise."""
        own = {
            "environment": environment_of(self.environment.ref(), params, self.algorithm),
            "algorithm": self.algorithm,
            "trainer": self.trainer,
            "policy": self.policy,
            "policy_kwargs": self.policy_kwargs,
            "device": self.device,
            "timesteps": self.timesteps,
            "objective": self.objective.metric,
            "aggregate": self.objective.aggregate,
            "checkpoints": self.plan(),
            "signals": self.signals,
            "longest": self.goals.longest,
            "stochastic": self.evaluation == "stochastic",
            "evaluation_kwargs": dict(self.evaluation_environment),
            "milestones": self.milestones,
            "curriculum": self.curriculum.record() if self.curriculum else None,
        }
        return TrialJob(number=number, seed=seed, params=of_algorithm(params, self.algorithm), **{**own, **changes})

    def meaning(self) -> dict[str, Any]:
        """Everything that makes the values of trials comparable, as flat JSON."""
        data = self.model_dump(mode="json")
        values: dict[str, Any] = {f"environment.{key}": data["environment"][key] for key in ("id", "kwargs", "n_envs")}
        values |= {f"space.{name}": parameter for name, parameter in data["space"]["parameters"].items()}
        values |= {f"fixed.{name}": value for name, value in data["space"]["fixed"].items()}
        values |= {f"goals.{key}": data["goals"][key] for key in ("early", "late")}
        if self.goals.longest != LONGEST_EPISODE:
            values["goals.longest"] = self.goals.longest
        values |= {f"curriculum.{key}": value for key, value in (data["curriculum"] or {}).items()}
        values |= {key: data[key] for key in ("algorithm", "timesteps", "objective")}
        values["policy"] = self.chosen_policy
        values |= {f"policy_kwargs.{key}": value for key, value in data["policy_kwargs"].items()}
        if self.environment.frame_stack != 1:
            values["environment.frame_stack"] = self.environment.frame_stack
        if self.environment.on_error != "fail":
            values["environment.on_error"] = self.environment.on_error
        for key in ("wrappers", "vec_wrappers", "max_episode_steps"):
            if data["environment"][key]:
                values[f"environment.{key}"] = data["environment"][key]
        if self.evaluation != "deterministic":
            values["evaluation"] = self.evaluation
        if self.evaluation_environment:
            values["evaluation.environment"] = data["evaluation_environment"]
        if self.success is not None:
            values |= {f"success.{key}": value for key, value in data["success"].items() if value is not None}
        if self.objective.metric == "milestones":
            values["milestones"] = data["milestones"]
        values["checkpoints"] = [checkpoint.step for checkpoint in self.plan()]
        return values


def largest_rollout(space: SpaceSpec, baselines: Mapping[str, Mapping[str, Any]], n_envs: int) -> int:
    """Environment steps, over all environments, in the largest rollout of the space or of a baseline."""
    return n_envs * max([*rollouts(space), *baseline_steps(space, baselines).values()])


def baseline_steps(space: SpaceSpec, baselines: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """The rollout lengths that baselines set, by baseline name."""
    named = {role: values.get(ALGORITHMS[space.algorithm].rollout) for role, values in baselines.items()}
    return {role: value for role, value in named.items() if isinstance(value, int) and value > 0}
