"""What the evaluations' episodes say: time-outs, a return that rises without success, a gamma for other lengths."""

from collections.abc import Iterator

from tuner.diagnosis.bounds import (
    ALL_TIMEOUTS,
    EVALUATIONS,
    GAINED,
    LONG_GAMMA,
    MANY_TIMEOUTS,
    MOVED,
    SHORT_GAMMA,
    SIGHT,
    SOLVED,
    SUCCEEDS,
)
from tuner.diagnosis.series import Sign, TrainingRecord, early, late, moved

DEFAULT_GAMMA = 0.99  # Stable-Baselines3's, of every algorithm


def timeouts(run: TrainingRecord) -> Iterator[Sign]:
    """The user's own environment timed out in every episode. Asked where there is a success to be late for."""
    share, success = run.timeouts, run.late_success
    if share is None or success is None or success >= SOLVED:
        return
    said = f"{share:.0%} of the evaluation's episodes"
    if share > MANY_TIMEOUTS:
        finding = f"{said}, success {success:.0%}"
        symptom = "every episode" if share >= ALL_TIMEOUTS else "most episodes"
        cure = "more steps of training, higher learning_rate, or a reward that leads to the goal (`tuner check`)"
        verdict = "wrong" if share >= ALL_TIMEOUTS else "warning"
        yield Sign(name="time-outs", verdict=verdict, symptom=symptom, finding=finding, cure=cure)  # type: ignore[arg-type]
    else:
        yield Sign(name="time-outs", verdict="ok", finding=said)


def return_without_success(run: TrainingRecord) -> Iterator[Sign]:
    """A return that rises while success stays where it was: the reward pays for something else."""
    if run.success is None or run.returns is None or len(run.returns) < EVALUATIONS or run.curriculum:
        return
    rises = moved(run.returns) >= MOVED
    gained = late(run.success) - early(run.success)
    said = f"return {early(run.returns):.4g} → {late(run.returns):.4g}, success {late(run.success):.0%}"
    if rises and gained < GAINED and late(run.success) < SUCCEEDS:
        yield Sign(
            name="success",
            verdict="warning",
            symptom="return up, success flat",
            finding=f"flat while the return rises, {said}",
            cure="terms of 0.5 … 2 a step, a success bonus of 10 … 50 (`tuner check` shows who gets how much)",
        )
    elif rises:
        yield Sign(name="success", verdict="ok", finding=f"comes with the return, {said}")


def gamma(run: TrainingRecord) -> Iterator[Sign]:
    """The guide: 0.95 for short episodes, 0.99 for long ones. The horizon is 1 / (1 - gamma) steps."""
    if run.length is None or not run.length:
        return
    value = float(run.arguments.get("gamma", DEFAULT_GAMMA))
    horizon = 1 / (1 - value) if value < 1 else float("inf")
    said = f"{value:g} looks {horizon:.3g} steps ahead, episodes last {run.length:.4g}"
    # Without a success signal a short episode may be a bad one, and says nothing of the task.
    far = run.late_success is not None and value > SHORT_GAMMA and horizon > SIGHT * run.length
    if far:
        cure = f"guide: {SHORT_GAMMA:g} for short episodes"
        yield Sign(name="gamma", verdict="warning", symptom="far-sighted", finding=f"far-sighted: {said}", cure=cure)
    elif value < LONG_GAMMA and horizon * SIGHT < run.length:
        cure = f"guide: {LONG_GAMMA:g} for long episodes"
        yield Sign(
            name="gamma", verdict="warning", symptom="short-sighted", finding=f"short-sighted: {said}", cure=cure
        )
    else:
        yield Sign(name="gamma", verdict="ok", finding=said)
