"""Whether something is learnt: value loss, explained variance, reward and length of the training's episodes."""

from collections.abc import Iterator

import numpy as np

from tuner.diagnosis.bounds import EXPLAINED, FELL, FLAT, MOVED, RUNAWAY
from tuner.diagnosis.series import Sign, TrainingRecord, early, highest, late, moved
from tuner.diagnosis.updates import SMALLER

REWARD_FIRST = "verify the reward first (`tuner check`), then lower learning_rate"
VALUES = "more n_epochs or smaller batch_size for the value net; rewards scaled to a return of about ±50"


def value_loss(run: TrainingRecord) -> Iterator[Sign]:
    """The guide: it falls. Where rewards begin to come it may rise before; what counts is that it comes down."""
    values = run.trend("value_loss")
    if values is None or run.curriculum:
        return
    first, last, most = early(values), late(values), highest(values)
    said = f"{first:.3g} → {last:.3g}"
    explained = run.known("explained_variance")
    if last < FELL * most:
        way = f"{first:.3g} → {most:.3g} → {last:.3g}" if most > first / FELL else said
        yield Sign(name="value_loss", verdict="ok", finding=f"falls, {way}")
    elif explained is not None and late(explained) > EXPLAINED[1]:
        well = f"{said}, with an explained variance of {late(explained):.2g}"
        yield Sign(name="value_loss", verdict="ok", finding=f"grows with the return, {well}")
    else:
        yield Sign(
            name="value_loss",
            verdict="warning",
            symptom="does not fall",
            finding=f"does not fall, {said}",
            cure=SMALLER,
        )


def critic_loss(run: TrainingRecord) -> Iterator[Sign]:
    """Off-policy critics: their loss grows with what they value, but not without bound."""
    values = run.trend("critic_loss")
    if values is None:
        return
    first, last = early(values), late(values)
    said = f"{first:.3g} → {last:.3g}"
    if last > RUNAWAY * first:
        cure = "lower learning_rate, lower tau, or rewards scaled down"
        yield Sign(name="critic_loss", verdict="wrong", symptom="runs away", finding=f"runs away, {said}", cure=cure)
    else:
        yield Sign(name="critic_loss", verdict="ok", finding=said)


def temperature(run: TrainingRecord) -> Iterator[Sign]:
    """SAC's entropy coefficient where it adapts: one that runs away drowns the reward."""
    values = run.trend("ent_coef")
    if values is None or not values.std():
        return
    said = f"{early(values):.2g} → {late(values):.2g}"
    if late(values) > max(RUNAWAY * early(values), 1.0):
        cure = "lower learning_rate, or rewards scaled up"
        yield Sign(name="ent_coef", verdict="wrong", symptom="runs away", finding=f"runs away, {said}", cure=cure)
    else:
        yield Sign(name="ent_coef", verdict="ok", finding=said)


def explained_variance(run: TrainingRecord) -> Iterator[Sign]:
    """How much of the returns the value net foretells: 1 all, 0 nothing, less than 0 worse than a constant."""
    values = run.trend("explained_variance")
    if values is None:
        return
    last = late(values)
    worse, little = EXPLAINED
    said = f"{last:.2g} at the end"
    if last < worse:
        finding = f"below 0, {said}: worse than a constant"
        yield Sign(name="explained_variance", verdict="wrong", symptom="below 0", finding=finding, cure=VALUES)
    elif last < little:
        finding, symptom = f"{said}: the values foretell little", f"below {little:g}"
        yield Sign(name="explained_variance", verdict="warning", symptom=symptom, finding=finding, cure=VALUES)
    else:
        yield Sign(name="explained_variance", verdict="ok", finding=said)


def reward(run: TrainingRecord) -> Iterator[Sign]:
    """The guide: ep_rew_mean rises; its tip 5: the reward does not change. A curriculum makes it harder meanwhile."""
    values = run.trend("ep_rew_mean")
    if values is None or run.curriculum:
        return
    name, said, way = "ep_rew_mean", f"{early(values):.4g} → {late(values):.4g}", moved(values)
    if way >= MOVED:
        yield Sign(name=name, verdict="ok", finding=f"rises, {said}")
    elif run.solved:
        yield Sign(name=name, verdict="ok", finding=f"{said}, and success is {run.late_success:.0%}")
    elif float(values.std()) <= FLAT * float(np.abs(values).max()):
        yield Sign(
            name=name, verdict="wrong", symptom="does not change", finding=f"does not change, {said}", cure=REWARD_FIRST
        )
    elif way <= -MOVED:
        yield Sign(name=name, verdict="wrong", symptom="falls", finding=f"falls, {said}", cure=SMALLER)
    else:
        yield Sign(
            name=name, verdict="warning", symptom="does not rise", finding=f"does not rise, {said}", cure=REWARD_FIRST
        )


def length(run: TrainingRecord) -> Iterator[Sign]:
    """The guide: ep_len_mean falls. Asked only where success is what ends episodes early."""
    values = run.trend("ep_len_mean")
    if values is None or not ends_by_success(run) or run.curriculum or not values.std():
        return
    name, said, way = "ep_len_mean", f"{early(values):.4g} → {late(values):.4g}", moved(values)
    if way <= -MOVED or run.solved:
        yield Sign(name=name, verdict="ok", finding=f"falls, {said}" if way <= -MOVED else said)
    else:
        trend = "rises" if way >= MOVED else "does not fall"
        cure = "success takes ever longer: lower learning_rate, or a larger success bonus (guide: 10 … 50)"
        yield Sign(name=name, verdict="warning", symptom=trend, finding=f"{trend}, {said}", cure=cure)


def ends_by_success(run: TrainingRecord) -> bool:
    """Whether episodes end early by success alone: some succeed, and who succeeds does not time out."""
    success, timeouts = run.late_success, run.timeouts
    return bool(success) and timeouts is not None and abs(1.0 - (success or 0.0) - timeouts) < 0.1
