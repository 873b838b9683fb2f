"""Parallel training runs in worker processes, with all their evaluations."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tuner import seeds
from tuner.config.model import StudySpec
from tuner.engines.base import Broken, Evaluated, Finished
from tuner.engines.processes import ProcessEngine
from tuner.records import Checkpoint, Decision, Evaluation, TrialJob, TrialOutcome


@dataclass(kw_only=True)
class Trained:
    """The result of a job."""

    evaluations: list[Evaluation] = field(default_factory=list)
    outcome: TrialOutcome | None = None

    @property
    def last(self) -> Evaluation:
        """The last evaluation."""
        return self.evaluations[-1]

    @property
    def seconds(self) -> float:
        """Seconds of the whole run."""
        return self.outcome.seconds if self.outcome else 0.0


def fresh_job(
    spec: StudySpec, params: dict[str, Any], number: int, seed: int, plan: Sequence[Checkpoint], **changes: Any
) -> TrialJob:
    """A training run of a study's kind on the `seed`-th test seed, evaluated on test episodes."""
    return spec.job(
        number=number,
        seed=seeds.TEST + seed,
        params=params,
        checkpoints=tuple(plan),
        first_goal=seeds.TEST_GOALS,
        **{"curriculum": None, **changes},
    )


def train_all(jobs: Sequence[TrialJob], workers: int) -> dict[int, Trained]:
    """Every job, by its number; none is stopped early.

    Raises:
        TunerError: if a job is invalid.
    """
    engine = ProcessEngine(workers)
    waiting, running = list(reversed(jobs)), 0
    done = {job.number: Trained() for job in jobs}
    try:
        while waiting or running:
            while waiting and running < workers:
                engine.start(waiting.pop())
                running += 1
            for event in engine.wait(1.0):
                if isinstance(event, Broken):
                    raise event.error
                if isinstance(event, Finished):
                    running -= 1
                    done[event.number].outcome = event.outcome
                elif isinstance(event, Evaluated):
                    done[event.number].evaluations.append(event.evaluation)
                    engine.answer(event.number, Decision(go_on=True))
    finally:
        engine.stop()
    return done
