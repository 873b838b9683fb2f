"""The frozen records that travel between coordinator, engine and trial. Plain data: they pickle, they know nobody."""

from dataclasses import field
from typing import Any, Literal

from tuner import seeds
from tuner.record_type import Record


class Checkpoint(Record):
    """When to evaluate, and on how many goals."""

    step: int  # environment steps since the start of training
    goals: int


class EnvironmentRef(Record):
    """How to make the environment."""

    id: str  # as Gymnasium's `make` takes it, `module:Id` or a bare id
    kwargs: dict[str, Any] = field(default_factory=dict)
    n_envs: int = 1
    vec_env: str = "dummy"  # or subproc: each in a process of its own


class Curriculum(Record):
    """When training gets harder: a tenth more whenever `threshold` of the last `window` episodes showed `signal`."""

    start: float  # difficulty, 0.1 to 1.0 in steps of 0.1
    threshold: float  # share of the episodes
    window: int  # episodes, all of them since the last raise
    signal: str  # a key of `info` at an episode's end


class Keeping(Record):
    """What a training for use leaves behind at every checkpoint, and what it is tested on at its end."""

    folder: str  # where checkpoints go, and where training goes on from
    goals: int  # of the evaluation that chooses the best checkpoint
    first_goal: int  # it goes through this seed and those after it; the checkpoint's own where that does so too
    test_goals: int
    first_test_goal: int  # the test goes through this seed and those after it


class TrialJob(Record):
    """One training run: everything that a worker needs to know."""

    number: int
    seed: int
    params: dict[str, Any]  # arguments of the algorithm, complete
    environment: EnvironmentRef
    algorithm: str
    trainer: str  # auto, sb3 or fused: whose code trains
    policy: str
    device: str
    timesteps: int
    objective: str
    checkpoints: tuple[Checkpoint, ...]
    milestones: tuple[str, ...] = ()  # keys of `info` at an episode's end, each a step on the way to success
    curriculum: Curriculum | None = None
    board: str | None = None  # folder of the trial's curves for TensorBoard
    first_goal: int = seeds.TUNING_GOALS  # evaluations go through this seed and those after it
    keeping: Keeping | None = None  # None for a run that keeps nothing until its end


class Evaluation(Record):
    """What a deterministic evaluation over the fixed goals saw at a checkpoint."""

    index: int  # of the checkpoint, from 0
    step: int  # environment steps, the checkpoint's own
    score: float
    success: float | None  # share of episodes with success; None without a success signal
    distance: float | None  # mean final distance in the environment's unit, None where `info` has none
    mean_return: float
    mean_length: float  # of the evaluation's episodes, in control steps
    timeout_share: float
    seconds: float  # of training and evaluation, once environment and model were made
    evaluation_seconds: float  # of this evaluation
    milestones: dict[str, float] = field(default_factory=dict)  # share of episodes that came so far
    difficulty: float | None = None  # of training at that time; None without a curriculum
    health: dict[str, float] = field(default_factory=dict)  # the algorithm's own training signals


class Decision(Record):
    """The coordinator's answer to an evaluation."""

    go_on: bool
    keep: bool = False  # return what should outlive the trial


class TrialOutcome(Record):
    """How a trial ended."""

    state: Literal["completed", "stopped", "diverged", "failed"]
    reason: str = ""
    lost_with: str = ""  # what was lost under it, by name: a node, say; then the trial itself did nothing wrong
    steps: int = 0
    seconds: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)  # JSON: the model's arguments, library versions
    model: bytes | None = None  # an SB3 zip, where it was asked to be kept
    statistics: bytes | None = None  # those of VecNormalize that belong to the model, pickled as SB3 does

    @property
    def setup_seconds(self) -> float:
        """What making the environment and the model took."""
        return float(self.facts.get("setup_seconds", 0.0))

    @property
    def training_seconds(self) -> float:
        """What the run took after that, its evaluations included."""
        return max(self.seconds - self.setup_seconds, 1e-9)
