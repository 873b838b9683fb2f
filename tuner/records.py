"""The frozen, picklable records that coordinator, engine and trial exchange."""

from dataclasses import field
from typing import Any, Literal

from tuner import seeds
from tuner.record_type import Record

SUCCESS, DISTANCE = "is_success", "distance"  # entries of an environment's `info`
CURVES_FAILED = "curves_failed"  # fact of a trial whose curves for TensorBoard could not be written: the reason
SMALL_POLICY = 400_000  # bytes of its parameters; a model's zip has three times as many, for the optimizer


LONGEST_EPISODE = 10_000  # environment steps after which an evaluation episode is cut off


class Checkpoint(Record):
    """When to evaluate, and for how many episodes."""

    step: int  # environment steps since the start of training
    goals: int  # evaluation episodes


class EnvironmentRef(Record):
    """How to make the environment."""

    id: str  # as Gymnasium's `make` takes it, `module:Id` or a bare id
    kwargs: dict[str, Any] = field(default_factory=dict)  # of `gym.make`
    wrappers: tuple[Any, ...] = ()  # import paths, or mappings of one path to arguments; applied in order
    vec_wrappers: tuple[Any, ...] = ()  # the same, of the vector environment
    n_envs: int = 1
    vec_env: str = "dummy"  # or subproc: each environment in its own process
    on_error: str = "fail"  # or end_episode: an error in a step ends its episode, not the trial
    frame_stack: int = 1  # how many observations the policy sees at once, the last ones
    folder: str | None = None  # where its module or file is, if not in the current folder


class Signals(Record):
    """How success and distance are read from `info`: decided once, the same in every run of a study."""

    success: str | None  # key; None where success is not told, and the return is the score
    when: Literal["end", "any"] = "end"  # any: success at any step of an episode counts
    distance: str | None = None  # key; None where no distance breaks ties
    at_least: float | None = None  # from where on a number is a success; None: from 1


class Aggregate(Record):
    """How the objective's figures of episodes, returns or entries of `info`, become a score."""

    quantile: float | None = None  # of the scores: that share of the episodes is worse; None: the mean
    minimize: bool = False  # whether lower figures are better: a score is then their negative


class Curriculum(Record):
    """Raises the difficulty by 0.1 whenever `threshold` of the last `window` episodes reported `signal`."""

    start: float  # difficulty, 0.1 to 1.0 in steps of 0.1
    threshold: float  # share of the episodes
    window: int  # episodes, all of them since the last raise
    signal: str  # a key of `info` at an episode's end


class Keeping(Record):
    """What final training saves at every checkpoint, and how it is tested at the end."""

    folder: str  # of the checkpoints, from which training resumes
    goals: int  # episodes of the evaluation that chooses the best checkpoint
    first_goal: int  # its first reset seed, counting up; a checkpoint's evaluation with the same seeds is reused
    test_goals: int  # episodes of the test
    first_test_goal: int  # reset seed of the first test episode, counting up


class TrialJob(Record):
    """One training run: everything that a worker needs to know."""

    number: int
    seed: int
    params: dict[str, Any]  # arguments of the algorithm, complete
    environment: EnvironmentRef
    algorithm: str
    trainer: str  # auto, sb3 or fused
    policy: str  # of Stable-Baselines3, or auto
    device: str
    timesteps: int
    objective: str  # success, milestones, return, or `info:` and the name of an entry
    checkpoints: tuple[Checkpoint, ...]
    aggregate: Aggregate = Aggregate()
    longest: int = LONGEST_EPISODE  # environment steps of an evaluation episode, which is cut off there
    stochastic: bool = False  # whether evaluations draw the policy's actions, in place of its best ones
    evaluation_kwargs: dict[str, Any] = field(default_factory=dict)  # of the environment, in evaluations alone
    signals: Signals | None = None  # None: decided by the run's first evaluation
    milestones: tuple[str, ...] = ()  # keys of `info` at an episode's end, each a stage of the task
    curriculum: Curriculum | None = None
    board: str | None = None  # folder of the trial's curves for TensorBoard
    policy_kwargs: dict[str, Any] = field(default_factory=dict)  # beside those in `params`; classes by import path
    first_goal: int = seeds.TUNING_GOALS  # reset seed of the first evaluation episode, counting up
    keeping: Keeping | None = None  # None for a run that saves no checkpoints


class Evaluation(Record):
    """The result of a deterministic evaluation over the fixed episodes at a checkpoint."""

    index: int  # of the checkpoint, from 0
    step: int  # environment steps, as the checkpoint says
    score: float
    success: float | None  # share of episodes with success; None without a success signal
    distance: float | None  # mean final distance in the environment's unit, None where `info` has none
    mean_return: float
    mean_length: float  # of the evaluation's episodes, in control steps
    timeout_share: float
    seconds: float  # of training and evaluation, without making environment and model
    evaluation_seconds: float  # of this evaluation
    milestones: dict[str, float] = field(default_factory=dict)  # share of episodes that reached each
    cut_off: int = 0  # episodes that did not end by themselves
    unread: int = 0  # episodes that told success where the study does not read it
    difficulty: float | None = None  # of training at this checkpoint; None without a curriculum
    health: dict[str, float] = field(default_factory=dict)  # the algorithm's own training signals


class Decision(Record):
    """The coordinator's answer to an evaluation."""

    go_on: bool
    keep: bool = False  # return the model with the outcome, and its earlier policies
    keep_small: bool = False  # return the model, if its policy is within `SMALL_POLICY`


class TrialOutcome(Record):
    """How a trial ended."""

    state: Literal["completed", "stopped", "diverged", "failed"]
    reason: str = ""
    lost_with: str = ""  # name of the node or mailbox whose loss ended it; empty if the trial itself failed
    steps: int = 0
    seconds: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)  # JSON: the model's arguments, library versions
    model: bytes | None = None  # an SB3 zip, if the coordinator asked to keep it
    statistics: bytes | None = None  # of the model's VecNormalize, pickled as SB3 does
    earlier: bytes | None = None  # a tar of the policies at shares of the training; None where they are too large

    @property
    def of_the_process(self) -> bool:
        """Whether a worker was killed or died, which may be the machine's doing and not the trial's."""
        return self.reason.startswith(("worker ", "the worker "))

    @property
    def setup_seconds(self) -> float:
        """Seconds spent making the environment and the model."""
        return float(self.facts.get("setup_seconds", 0.0))

    @property
    def training_seconds(self) -> float:
        """Seconds of the run without setup, evaluations included."""
        return max(self.seconds - self.setup_seconds, 1e-9)
