"""What trials cost, and what stopping them early saved."""

from collections import Counter
from collections.abc import Sequence

from tuner.config.model import StudySpec
from tuner.results.report_data import Pruning, TrialLine


def pruning(trials: Sequence[TrialLine], spec: StudySpec) -> Pruning:
    """The bill of a study. Trials that diverged ended early as well, but were not spared on purpose."""
    behind = [trial for trial in trials if trial.state == "pruned" and not trial.end]
    saved = [(max(spec.timesteps - trial.steps, 0), trial) for trial in behind]
    spent, spared = sum(trial.steps for trial in trials), sum(steps for steps, _ in saved)
    checkpoints = [checkpoint.step for checkpoint in spec.plan()]
    return Pruning(
        full_steps=spec.timesteps,
        pruned=len(behind),
        diverged=sum(trial.state == "pruned" for trial in trials) - len(behind),
        steps_spent=spent,
        steps_saved=spared,
        share_saved=spared / (spent + spared) if spent + spared else None,
        seconds_spent=sum(trial.seconds or 0.0 for trial in trials),
        seconds_saved=sum(
            steps * trial.seconds / trial.steps for steps, trial in saved if trial.seconds and trial.steps
        ),
        ends=dict(sorted(Counter(_checkpoint(trial.steps, checkpoints) for trial in behind).items())),
    )


def _checkpoint(steps: int, checkpoints: Sequence[int]) -> int:
    """The evaluation after which a trial was stopped: training ends a step later."""
    return max((step for step in checkpoints if step <= steps), default=0)
