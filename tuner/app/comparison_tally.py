"""Progress of a comparison."""

from typing import ClassVar

from tuner.app.bar import Bar, evaluated_curve
from tuner.app.notify import ComparisonUnderWay
from tuner.comparison.comparison_records import seconds
from tuner.records import Evaluation, TrialJob, TrialOutcome

SAID_EVERY = 10.0  # s of training between two lines about a run of a comparison


class ComparisonTally:
    """A comparison's runs."""

    counts: ClassVar[bool] = False

    def __init__(self, work: ComparisonUnderWay) -> None:
        self._work = work
        self._names: dict[int, str] = {}  # of the runs under way
        self._evaluating: dict[int, float] = {}  # s that evaluations took, by job
        self._spent: dict[int, float] = {}  # s of training
        self._last: dict[int, str] = {}  # how well each did at its last evaluation
        self._seen: dict[int, list[Evaluation]] = {}
        self._said: dict[int, float] = {}  # s of training at which each was last told of

    def started(self, job: TrialJob) -> str:
        self._names[job.number] = f"{job.algorithm}, seed {self._work.source.seed(job)}"
        self._evaluating[job.number] = self._spent[job.number] = self._said[job.number] = 0.0
        self._last[job.number], self._seen[job.number] = "starting", []
        return f"{self._names[job.number]}: begins"

    def evaluated(self, number: int, evaluation: Evaluation) -> str:
        self._evaluating[number] += evaluation.evaluation_seconds
        spent = self._spent[number] = evaluation.seconds - self._evaluating[number]
        self._seen[number].append(evaluation)
        success = f"success {evaluation.success:.0%}, " if evaluation.success is not None else ""
        said = f"{evaluation.step:,} steps, {spent:.0f} of {seconds(self._work.seconds)}"
        self._last[number] = f"{success}return {evaluation.mean_return:.4g}"
        if spent - self._said[number] < SAID_EVERY:
            return ""
        self._said[number] = spent
        return f"{self._names[number]}: {said}: {self._last[number]}"

    def finished(self, number: int, outcome: TrialOutcome) -> str:
        ends = {"completed": "has made all its steps", "stopped": "time is up"}
        return f"{self._names.pop(number)}: {ends.get(outcome.state, f'{outcome.state} ({outcome.reason})')}"

    def line(self) -> str:
        return f"{len(self._work.source.runs)} runs done"

    def bars(self) -> list[Bar]:
        return [self._bar(number, name) for number, name in sorted(self._names.items())]

    def _bar(self, number: int, name: str) -> Bar:
        curve = evaluated_curve(self._seen[number])
        return Bar(label=name, done=self._spent[number], total=self._work.seconds, text=self._last[number], **curve)

    def leader(self) -> None:
        """Runs end at other times: the table at the end compares them."""
