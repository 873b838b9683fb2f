"""Progress of a final training."""

from typing import ClassVar

from tuner.app.bar import Bar, clock, evaluated_curve, worth
from tuner.app.notify import TrainingUnderWay
from tuner.records import Evaluation, TrialJob, TrialOutcome


class TrainingTally:
    """The runs of a final training."""

    counts: ClassVar[bool] = True

    def __init__(self, work: TrainingUnderWay) -> None:
        self._source = work.source
        self._spec = work.plan.recipe.spec
        self._total = self._spec.timesteps
        self._count = len(work.plan.seeds)
        self._running: dict[int, int] = {}  # number of a job → its training seed

    def started(self, job: TrialJob) -> str:
        """A run began or resumed."""
        self._running[job.number] = job.seed
        return ""

    def evaluated(self, number: int, evaluation: Evaluation) -> str:  # noqa: ARG002 - the source has it
        return f"seed {self._running[number]} {self._state(number)}"

    def finished(self, number: int, outcome: TrialOutcome) -> str:
        said = "done" if outcome.state == "completed" else f"{outcome.state} ({outcome.reason})"
        return f"seed {self._running.pop(number)} {said}"

    def line(self) -> str:
        return f"{self._count - self._source.missing}/{self._count} runs done"

    def bars(self) -> list[Bar]:
        whole = [Bar(label="runs", done=self._count - self._source.missing, total=self._count)] * (self._count > 1)
        return [*whole, *(self._bar(number, seed) for number, seed in sorted(self._running.items()))]

    def _bar(self, number: int, seed: int) -> Bar:
        seen = self._source.so_far(number)
        done = seen[-1].step if seen else 0
        curve = evaluated_curve(seen)
        return Bar(label=f"seed {seed}", done=done, total=self._total, text=self._state(number), **curve)

    def leader(self) -> None:
        """Seeds of one configuration do not compete."""

    def _state(self, number: int) -> str:
        seen = self._source.so_far(number)
        if not seen:
            return "starting"
        last = seen[-1]
        speed = last.step / max(last.seconds, 1e-9)
        left = clock((self._total - last.step) / max(speed, 1e-9))
        said = worth(last, self._spec)
        return f"{last.step:,}/{self._total:,} steps, {said} | {speed:,.0f} steps/s | {left} left"
