"""The study as data: environment, algorithm, space, budget and scoring."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal
from unicodedata import normalize

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, StrictInt, StrictStr, model_validator

from tuner.config.algorithms import ALGORITHMS, Algorithm
from tuner.config.finals_share import share_of_finals
from tuner.config.space import Frozen, Number, Parameter, SpaceSpec, rollouts
from tuner.config.tracking_keys import Command, Track
from tuner.finals.finals_plan import repeats_of
from tuner.records import LONGEST_EPISODE, Checkpoint, Curriculum, EnvironmentRef, Signals, TrialJob

Sampler = Literal["tpe", "gp", "random", "qmc"]
Pruner = Literal["median", "halving", "none"]
Device = Literal["cpu", "auto", "cuda"]
Trainer = Literal["auto", "sb3", "fused"]
Objective = Literal["success", "milestones", "return"]
EvaluationMode = Literal["deterministic", "stochastic"]
VecEnvKind = Literal["dummy", "subproc"]

MAX_SEED = 2**32 - 1  # the largest that every sampler takes
LATE_EVALUATIONS = 3  # the last evaluations of a trial, whose mean score is its value
ENOUGH_CHECKPOINTS = 6  # with fewer, pruning saves little


Finals = Annotated[float | Literal["auto"], PlainValidator(share_of_finals)]
Name = Annotated[
    StrictStr, Field(pattern=r"^[\p{L}\p{N}][\p{L}\p{M}\p{N}_.-]{0,63}$"), AfterValidator(partial(normalize, "NFC"))
]
Key = Annotated[StrictStr, Field(min_length=1)]  # a key of an environment's `info`


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Rejects values that JSON cannot store unchanged: infinities, dates, bytes, cyclic mappings."""
    try:
        same = json.loads(json.dumps(values, allow_nan=False, ensure_ascii=False).encode()) == values
    except (TypeError, ValueError, RecursionError):
        same = False
    if not same:
        raise ValueError("must hold plain values: text, finite numbers, true, false, lists and mappings of them")
    return values


def tenths(value: float) -> float:
    """The value as a difficulty: 0.1, 0.2 and so on up to 1.0."""
    if round(10 * value) not in range(1, 11) or abs(10 * value - round(10 * value)) > 1e-6:
        raise ValueError(f"{value:g} must be one of 0.1, 0.2 and so on up to 1.0")
    return round(10 * value) / 10


class EnvironmentSpec(Frozen):
    """The environment and its options."""

    id: Annotated[StrictStr, Field(min_length=1)]
    kwargs: Annotated[dict[str, Any], AfterValidator(plain)] = Field(default_factory=dict)
    n_envs: Annotated[StrictInt, Field(ge=1, le=256)] = 1
    vec_env: VecEnvKind = "dummy"
    on_error: Literal["fail", "end_episode"] = "fail"  # what an error in a step does
    folder: StrictStr | None = None  # where its module or file is, if not in the current folder

    def ref(self) -> EnvironmentRef:
        """The record that is sent to a worker."""
        return EnvironmentRef(**{**dict(self), "kwargs": dict(self.kwargs)})


class CurriculumSpec(Frozen):
    """A curriculum: difficulty `start` at first, raised by 0.1 whenever enough of the last episodes succeed."""

    start: Annotated[Number, AfterValidator(tenths)] = 0.1
    threshold: Annotated[Number, Field(gt=0, le=1)] = 0.5  # share of the window's episodes
    window: Annotated[StrictInt, Field(ge=1, le=100_000)] = 100  # episodes since the last raise
    signal: Key = "is_success"  # the flag in `info` at an episode's end that counts as success

    def record(self) -> Curriculum:
        """The record that is sent to a worker."""
        return Curriculum(**self.model_dump())


def on_or_off(value: Any) -> Any:
    """Turns `true` into an empty mapping (all defaults) and `false` into None."""
    if not isinstance(value, bool | dict | Frozen | None):
        raise ValueError(f"{value!r} must be true, false or a mapping")
    return ({} if value else None) if isinstance(value, bool) else value


CurriculumField = Annotated[CurriculumSpec | None, BeforeValidator(on_or_off)]


class SuccessSpec(Frozen):
    """Where success is told: the key of `info`, at an episode's end or at any step."""

    key: Key
    when: Literal["end", "any"] = "end"


class FirstLook(Frozen):
    """What the look at the environment before a study's first trial decided, once for all its trials."""

    success: str | None  # the key of `info` that tells success; None: scores are returns
    when: Literal["end", "any"] = "end"
    distance: str | None = None  # the key whose distance breaks ties
    normalize: Annotated[tuple[StrictStr, ...], Field(strict=False)] = ()  # arguments of SB3's VecNormalize it set
    warnings: Annotated[tuple[StrictStr, ...], Field(strict=False)] = ()

    @property
    def signals(self) -> Signals:
        """The record that is sent to a worker."""
        return Signals(success=self.success, when=self.when, distance=self.distance)


class NormalizeSpec(Frozen):
    """Arguments of SB3's VecNormalize: what it scales, and at which values it clips."""

    norm_obs: bool = True
    norm_reward: bool = True
    clip_obs: Annotated[Number, Field(gt=0)] = 10.0
    clip_reward: Annotated[Number, Field(gt=0)] = 10.0


NormalizeField = Annotated[NormalizeSpec | None, BeforeValidator(on_or_off)]


class Goals(Frozen):
    """The number of evaluation episodes at a checkpoint: at the early ones, and at each of the last three.

    An episode that is longer than `longest` steps is cut off there.
    """

    early: Annotated[StrictInt, Field(ge=1, le=10_000)] = 20
    late: Annotated[StrictInt, Field(ge=1, le=10_000)] = 50
    longest: Annotated[StrictInt, Field(ge=1, le=10**9)] = LONGEST_EPISODE


class Stage(Frozen):
    """What one stage searches, and its number of trials if not the study's."""

    parameters: Annotated[dict[str, Parameter], Field(min_length=1)]
    trials: Annotated[StrictInt, Field(ge=1, le=10**9)] | None = None

    @property
    def title(self) -> str:
        """The names of its parameters, joined."""
        return "-".join(self.parameters)


class StudyFile(Frozen):
    """A study file as the user writes it."""

    description: str = ""
    environment: EnvironmentSpec
    algorithm: Algorithm | None = None  # None: that of the space
    trainer: Trainer = "auto"
    policy: Literal["MlpPolicy"] = "MlpPolicy"
    device: Device = "cpu"
    space: Annotated[StrictStr, Field(min_length=1)]
    space_changes: dict[str, dict[str, Any]] = Field(default_factory=dict)
    fixed: Annotated[dict[str, Any], AfterValidator(plain)] = Field(default_factory=dict)  # in place of the space's
    timesteps: Annotated[StrictInt, Field(ge=1, le=10**12)]
    checkpoints: Annotated[StrictInt, Field(ge=1, le=1000)] = 12
    goals: Goals = Goals()
    objective: Objective = "success"
    success: SuccessSpec | None = None  # None: `is_success`, where the environment tells it
    evaluation: EvaluationMode = "deterministic"  # how the policy acts in evaluations
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

    @model_validator(mode="after")
    def _sound(self) -> "StudyFile":
        if self.objective == "milestones" and not self.milestones:
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
    policy: Literal["MlpPolicy"]
    device: Device
    space_name: str
    space: SpaceSpec
    timesteps: StrictInt
    checkpoints: StrictInt
    goals: Goals
    objective: Objective
    success: SuccessSpec | None = None
    evaluation: EvaluationMode = "deterministic"
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
    def repeats(self) -> int:
        """How many of its trials repeat the leaders on new training seeds."""
        return repeats_of(self.trials, None if self.finals == "auto" else self.finals)

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
        """The job for one training run of the study, at full length unless `changes` say otherwise."""
        own = {
            "environment": self.environment.ref(),
            "algorithm": self.algorithm,
            "trainer": self.trainer,
            "policy": self.policy,
            "device": self.device,
            "timesteps": self.timesteps,
            "objective": self.objective,
            "checkpoints": self.plan(),
            "signals": self.signals,
            "longest": self.goals.longest,
            "stochastic": self.evaluation == "stochastic",
            "milestones": self.milestones,
            "curriculum": self.curriculum.record() if self.curriculum else None,
        }
        return TrialJob(number=number, seed=seed, params=dict(params), **{**own, **changes})

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
        values |= {key: data[key] for key in ("algorithm", "policy", "timesteps", "objective")}
        if self.environment.on_error != "fail":
            values["environment.on_error"] = self.environment.on_error
        if self.evaluation != "deterministic":
            values["evaluation"] = self.evaluation
        if self.success is not None:
            values |= {f"success.{key}": value for key, value in data["success"].items()}
        if self.objective == "milestones":
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
