"""Everything that a report says, as plain data: the page, the Markdown and the JSON are renderings of it."""

from typing import Any, Literal

from tuner.record_type import Record
from tuner.statistics.answer_records import ArmStatistics, Interval, Measure

Standing = Literal["matters", "perhaps", "noise"]
Source = Literal["confirmation", "tuning"]


class ArmLine(ArmStatistics):
    """One configuration over the test seeds of the confirmation, by its own name: `trial 12`, or a baseline's."""

    winner: bool


class ComparisonLine(Record):
    """One configuration against another; figures are of the first, from the second."""

    first: str
    second: str
    verdict: str
    difference: float | None  # of the IQMs
    interval: Interval | None  # 95 %
    superiority: float | None  # P(first > second)
    p: float | None
    p_holm: float | None
    smallest: float | None  # difference that so many seeds show in four of five cases
    words: str


class ValidationLine(Record):
    """One configuration over the validation seeds, which chose the winner."""

    name: str
    tuned: float | None  # what tuning said of it
    values: tuple[float, ...]  # by seed
    mean: float | None
    selection_bias: float | None  # what tuning said less that mean
    dropped: bool  # clearly behind


class Confirmed(Record):
    """What the study's last confirmation came to."""

    complete: bool
    done: int  # runs
    planned: int
    seeds: int  # of the test, asked for
    goals: int | None  # of each seed's evaluation; None where the values are returns
    winner: str | None  # the tuned one that was tested; None while it is not decided, or where none was tuned
    recommended: str | None  # what to train with; None before all is run
    validation: tuple[ValidationLine, ...]
    arms: tuple[ArmLine, ...]  # tested ones, the winner first
    comparisons: tuple[ComparisonLine, ...]
    newer: int  # completed trials since


class Band(Record):
    """A learning curve; over several seeds its middle and how far seeds lie apart."""

    name: str
    seeds: int
    steps: tuple[int, ...]
    median: tuple[float, ...]
    low: tuple[float, ...]  # first quartile of the seeds
    high: tuple[float, ...]  # third quartile
    lines: tuple[tuple[float, ...], ...]  # every seed's own


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
    end: str  # how it ended, where not by its budget or by the pruner


class Pruning(Record):
    """What trials cost, and what stopping them early saved."""

    full_steps: int  # of a trial that runs to its end
    pruned: int
    diverged: int
    steps_spent: int
    steps_saved: int
    share_saved: float | None  # of what all would have cost; None where nothing ran
    seconds_spent: float
    seconds_saved: float  # at each pruned trial's own speed
    ends: dict[int, int]  # pruned trials by the checkpoint at which they ended


class Importance(Record):
    """How much a parameter decides whether a trial is among the best."""

    name: str
    median: float  # share, over the resamples
    interval: Interval  # 90 %
    standing: Standing


class Importances(Record):
    """All parameters' importances beside that of a parameter that does nothing."""

    completed: int  # trials they were drawn from
    needed: int
    method: str
    resamples: int
    parameters: tuple[Importance, ...]  # the most important first; none where there are too few trials
    floor: Interval | None  # of the dummy, 90 %; above its high end begins what is no noise


class ParameterLine(Record):
    """A parameter's range, and where the best trial stands in it."""

    name: str
    kind: str  # float, int, choice
    scale: str
    low: float | None  # None for a choice
    high: float | None
    choices: tuple[Any, ...]
    best: Any
    varied: bool  # whether completed trials have several values of it
    drawn: bool  # among those with a picture
    word: str  # where the best sits at an edge


class HealthLine(Record):
    """What several trials had."""

    name: str
    symptom: str
    verdict: str
    trials: int
    suggestion: str


class HealthTable(Record):
    """How healthy the trials trained."""

    judged: int
    verdicts: dict[str, int]
    best: tuple[str, str] | None  # the best trial's verdict, and what it has
    problems: tuple[HealthLine, ...]


class Reproduction(Record):
    """How to have all of it again."""

    commands: tuple[str, ...]
    notes: tuple[str, ...]
    versions: tuple[dict[str, str], ...]  # those that trials ran with, all that differ
    hardware: tuple[dict[str, Any], ...]
    seeds: dict[str, int]
    study_file: str  # YAML
    space_file: str  # YAML


class VideoLine(Record):
    """A video of one configuration, or why there is none."""

    label: str
    goals: tuple[int, ...]  # seeds of the episodes' resets, the same in every video
    success: float | None  # share of the episodes
    why_not: str = ""


class StudyReport(Record):
    """A study at a moment."""

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
    confirm_command: str  # what would settle it; empty where it is settled
    best: TrialLine | None
    baselines: tuple[TrialLine, ...]
    advice: tuple[str, ...]
    curves: tuple[Band, ...]
    curves_of: Source
    trials: tuple[TrialLine, ...]
    pruning: Pruning
    importances: Importances
    parameters: tuple[ParameterLine, ...]
    health: HealthTable | None
    videos: tuple[VideoLine, ...]  # none where none were asked for
    reproduction: Reproduction
