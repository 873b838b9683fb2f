"""The contents of a report as plain data, which is rendered as HTML, Markdown and JSON."""

from typing import Any, Literal

from tuner.record_type import Record
from tuner.results.finals_lines import FinalsLines
from tuner.statistics.answer_records import ArmStatistics, Interval, Measure

Standing = Literal["matters", "perhaps", "noise"]
Source = Literal["confirmation", "tuning"]


class ArmLine(ArmStatistics):
    """One configuration over the test seeds of the confirmation; its name is `trial 12` or that of a baseline."""

    winner: bool


class ComparisonLine(Record):
    """One configuration compared with another; a difference is the first minus the second."""

    first: str
    second: str
    verdict: str
    difference: float | None  # of the IQMs
    interval: Interval | None  # 95 %
    superiority: float | None  # P(first > second)
    p: float | None
    p_holm: float | None
    smallest: float | None  # difference that these seeds detect with a power of 80 %
    words: str


class ValidationLine(Record):
    """One configuration over the validation seeds, which chose the winner."""

    name: str
    tuned: float | None  # its figure in tuning
    values: tuple[float, ...]  # by seed
    mean: float | None
    selection_bias: float | None  # `tuned` minus `mean`
    dropped: bool  # clearly behind


class Confirmed(Record):
    """The study's last confirmation."""

    complete: bool
    done: int  # runs
    planned: int
    seeds: int  # of the test, asked for
    goals: int | None  # evaluation episodes of each seed; None where the values are returns
    winner: str | None  # the tuned one that was tested; None while undecided, or if none was tuned
    recommended: str | None  # None until all runs are done
    validation: tuple[ValidationLine, ...]
    arms: tuple[ArmLine, ...]  # tested ones, the winner first
    comparisons: tuple[ComparisonLine, ...]
    newer: int  # completed trials since


class Band(Record):
    """A learning curve; over several seeds their median and quartiles."""

    name: str
    seeds: int
    steps: tuple[int, ...]
    median: tuple[float, ...]
    low: tuple[float, ...]  # first quartile of the seeds
    high: tuple[float, ...]  # third quartile
    lines: tuple[tuple[float, ...], ...]  # the curve of each seed


class TrialLine(Record):
    """One trial."""

    number: int
    state: str
    role: str | None
    label: str
    value: float | None
    success: float | None
    steps: int
    seconds: float | None
    params: dict[str, Any]
    arguments: dict[str, Any]
    end: str  # why it ended, if neither at its full length nor by the pruner


class Pruning(Record):
    """What trials cost, and what pruning saved."""

    full_steps: int  # of a trial at full length
    pruned: int
    diverged: int
    steps_spent: int
    steps_saved: int
    share_saved: float | None  # of the cost of all trials at full length; None where nothing ran
    seconds_spent: float
    seconds_saved: float  # at each pruned trial's own speed
    ends: dict[int, int]  # number of pruned trials by the step of the checkpoint at which they ended


class Importance(Record):
    """The importance of one parameter for whether a trial is among the best."""

    name: str
    median: float  # share, over the resamples
    interval: Interval  # 90 %
    standing: Standing


class Importances(Record):
    """Importances of all parameters, and of a dummy parameter that has no effect."""

    completed: int  # trials that they were computed from
    needed: int
    method: str
    resamples: int
    parameters: tuple[Importance, ...]  # the most important first; none where there are too few trials
    floor: Interval | None  # of the dummy, 90 %; up to its high end an importance is noise


class ParameterLine(Record):
    """A parameter's range, and its value in the best trial."""

    name: str
    kind: str  # float, int, choice
    scale: str
    low: float | None  # None for a choice
    high: float | None
    choices: tuple[Any, ...]
    best: Any
    varied: bool  # whether it has more than one value among completed trials
    drawn: bool  # whether it has a plot
    word: str  # a remark if the best is at an end of the range


class HealthLine(Record):
    """A problem and the number of trials that show it."""

    name: str
    symptom: str
    verdict: str
    trials: int
    suggestion: str


class HealthTable(Record):
    """Diagnoses of all finished trials together."""

    judged: int
    verdicts: dict[str, int]
    best: tuple[str, str] | None  # verdict and problems of the best trial
    problems: tuple[HealthLine, ...]


class Reproduction(Record):
    """All that is needed to reproduce a study."""

    commands: tuple[str, ...]
    notes: tuple[str, ...]
    versions: tuple[dict[str, str], ...]  # of packages; each different set that trials ran with
    hardware: tuple[dict[str, Any], ...]
    seeds: dict[str, int]
    study_file: str  # YAML
    space_file: str  # YAML


class VideoLine(Record):
    """A video of one configuration, or the reason why there is none."""

    label: str
    goals: tuple[int, ...]  # reset seeds of the episodes, the same in every video
    success: float | None  # share of the episodes
    why_not: str = ""


class StudyReport(Record):
    """The report of a study."""

    study: str
    environment: str
    algorithm: str
    space: str
    made: str  # date and time
    tuner: str  # version
    measure: Measure
    headline: str
    notes: tuple[str, ...]
    counts: dict[str, int]
    finished: int
    target: int
    confirmed: Confirmed | None
    confirm_command: str  # empty if the last confirmation is complete and no trial is newer
    best: TrialLine | None  # the leader's first trial
    finals: FinalsLines | None  # None where nothing was repeated
    baselines: tuple[TrialLine, ...]
    advice: tuple[str, ...]
    curves: tuple[Band, ...]
    curves_of: Source
    trials: tuple[TrialLine, ...]
    pruning: Pruning
    importances: Importances
    parameters: tuple[ParameterLine, ...]
    health: HealthTable | None
    videos: tuple[VideoLine, ...]  # empty if none were asked for
    reproduction: Reproduction

    @property
    def scored(self) -> str:
        """What the value of a trial is called: a study without a success signal speaks of returns."""
        return "return" if self.measure == "return" else "score"

    @property
    def succeeds(self) -> bool:
        """Whether any trial told success."""
        return any(trial.success is not None for trial in self.trials)
