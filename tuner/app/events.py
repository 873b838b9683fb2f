"""Events of the use cases, as data; front ends turn them into words."""

from pathlib import Path
from typing import Any, Literal

from sqlalchemy.engine import URL

from tuner.checking.check_report import CheckReport
from tuner.comparison.comparison_records import Contender
from tuner.config.model import StudySpec
from tuner.final_training.training_plan import TrainingPlan
from tuner.finals.confirmation_plan import ConfirmationPlan
from tuner.planning.estimate import Estimate
from tuner.playing.play_episode import PlayedEpisode
from tuner.record_type import Record
from tuner.study.extension import Carried
from tuner.study.stored import SettingChange

Unit = Literal["trial", "run"]


class Event(Record):
    """What happened."""


class StudyAnnounced(Event):
    """A study is about to run."""

    spec: StudySpec
    source: str  # where its spec came from, in words
    url: URL
    timesteps_asked: int  # before they were rounded up
    left: tuple[str, ...]  # baselines that its algorithm cannot take


class BaselineTaken(Event):
    """A baseline was read from a file, or from another study."""

    name: str
    origin: str  # the file, or what the trial is called
    study: str | None = None  # whose trial
    left: tuple[str, ...] = ()  # keys of the file that are no argument's


class TrialsCarried(Event):
    """Trials of another study were given to the sampler."""

    carried: Carried
    new: int  # those that were not there before


class CurvesAnnounced(Event):
    """Curves for TensorBoard will be written."""

    folder: Path
    shared: bool  # by other machines


class TrackingAnnounced(Event):
    """A run will be written for every trial."""

    places: dict[str, str]  # by tracker


class DashboardBegan(Event):
    """The dashboard is served beside the run."""

    address: str


class DashboardFailed(Event):
    """The dashboard is not served, or no more; the run goes on."""

    reason: str


class ListenerFailed(Event):
    """A tracker, command or listener failed for the first time; the study goes on."""

    name: str
    trial: int | None
    reason: str


class ListenersAwaited(Event):
    """The trials are done, and listeners have yet to be told of some."""

    names: tuple[str, ...]
    seconds: float  # at most


class ListenerMissed(Event):
    """How many trials a listener was not told of."""

    name: str
    count: int
    again: bool  # whether it is told of them at the next run


class EnvironmentLook(Event):
    """An environment is looked at before any training."""


class NormalizeApplied(Event):
    """The look turned on SB3's VecNormalize."""

    arguments: tuple[str, ...]  # norm_obs, norm_reward


class EnvironmentWarnings(Event):
    """The look found something worth another look."""

    report: CheckReport


class SpeedMeasured(Event):
    """Speed is being measured, on this machine or on a node of a cluster."""

    on_node: bool


class SettingsChanged(Event):
    """A stored study is resumed with changed settings."""

    changes: tuple[SettingChange, ...]


class ArithmeticChanged(Event):
    """A stored study goes on with other arithmetic: the same seed gives other last digits, and so another course."""

    before: str  # compiled, numpy or sb3
    now: str


class Retried(Event):
    """What an earlier run left unfinished will run again."""

    count: int
    what: Unit


class NothingToRun(Event):
    """A study has its trials, or a confirmation its runs."""

    what: Unit
    finished: int
    target: int
    waiting: tuple[str, ...] = ()  # baselines that have yet to run


class RunEstimated(Event):
    """How long the missing trials will take."""

    missing: int
    workers: int
    estimate: Estimate


class TimeOver(Event):
    """The minutes given are over, or too few for one more."""

    what: Unit
    seconds: float  # of a typical one


class StageBegan(Event):
    """One stage of a study in stages begins."""

    number: int  # from 1
    count: int
    parameters: tuple[str, ...]
    study: str


class StageStartKept(Event):
    """A resumed stage keeps its starting values, although the stage before has found better ones."""

    number: int
    changed: dict[str, Any]


class PlanRefused(Event):
    """A run as planned would be refused."""

    study: str
    differences: tuple[str, ...]


class Interrupted(Event):
    """Ctrl-C ended it."""

    what: Literal["trial", "run", "checkpoint", "comparison", "service"]  # that is kept where it was finished
    kept: bool = True  # whether there is any


class ClusterNews(Event):
    """Nodes came or went."""

    text: str


class ConfirmationAnnounced(Event):
    """A confirmation is about to run."""

    plan: ConfirmationPlan
    spec: StudySpec
    url: URL


class ConfirmationEstimated(Event):
    """How long its missing runs will take at most."""

    missing: int
    workers: int
    seconds: float  # of a typical run


class ContenderAnnounced(Event):
    """An algorithm takes part in a comparison."""

    contender: Contender


class ComparisonEstimated(Event):
    """What a comparison will take."""

    runs: int
    workers: int
    minutes: float  # of a run


class TrainingAnnounced(Event):
    """A final training is about to run."""

    plan: TrainingPlan
    timesteps_asked: int  # before they were rounded up
    missing: int  # runs
    resumed: dict[int, int]  # steps of the checkpoints that runs resume from, by training seed


class VideoFailed(Event):
    """A video could not be made."""

    reason: str


class CheckAnnounced(Event):
    """An environment is about to be checked."""

    environment: str
    episodes: int


class PlayAnnounced(Event):
    """Episodes are about to be played."""

    environment: str
    episodes: int
    actor: str
    output: Path | None  # None for a window


class EpisodeEnded(Event):
    """An episode was played."""

    episode: PlayedEpisode
    actor: str | None  # None where one alone acts


class RecordingBegan(Event):
    """A video of a trial for the report is being made."""

    label: str
    episodes: int
