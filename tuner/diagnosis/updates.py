"""Whether updates are of the right size: approx_kl, clip_fraction, the policy's loss, its spread."""

from collections.abc import Iterator

from tuner.diagnosis.bounds import CLIPPED, COLLAPSED, EXPLODED, KL, KL_LIMIT, OFTEN, POLICY_LOSS
from tuner.diagnosis.series import Sign, TrainingRecord, early, late

SMALLER = "lower learning_rate, lower clip_range, fewer n_epochs"
LARGER = "higher learning_rate, or more n_epochs"


def kl(run: TrainingRecord) -> Iterator[Sign]:
    """The guide: within 0.01 … 0.05, over 0.1 a fault."""
    values, peak = run.known("approx_kl"), run.peaks.get("approx_kl")
    if values is None or peak is None:
        return
    if peak.above:
        said = f"{peak.value:.3g} at {peak.step:,} steps"
        yield Sign(
            name="approx_kl",
            verdict="wrong" if peak.above > OFTEN * run.updates else "warning",
            symptom=f"above {KL_LIMIT:g}",
            finding=f"above {KL_LIMIT:g} in {peak.above} of {run.updates} updates, {said}",
            cure=SMALLER,
        )
        return
    yield from _between("approx_kl", float(values.mean()), KL)


def clipping(run: TrainingRecord) -> Iterator[Sign]:
    """The guide: within 0.1 … 0.3."""
    if (values := run.known("clip_fraction")) is not None:
        yield from _between("clip_fraction", float(values.mean()), CLIPPED)


def _between(name: str, mean: float, bounds: tuple[float, float]) -> Iterator[Sign]:
    low, high = bounds
    said = f"{mean:.3g} on average (guide: {low:g} … {high:g})"
    if mean > high:
        yield Sign(name=name, verdict="warning", symptom=f"above {high:g}", finding=said, cure=SMALLER)
    elif mean < low:
        yield Sign(name=name, verdict="warning", symptom=f"below {low:g}", finding=said, cure=LARGER)
    else:
        yield Sign(name=name, verdict="ok", finding=said)


def policy_loss(run: TrainingRecord) -> Iterator[Sign]:
    """The guide: neither huge nor tiny. Only where advantages are normalised does a size mean something."""
    values = run.known("policy_gradient_loss")
    if values is None or run.arguments.get("normalize_advantage", True) is False:
        return
    size = float(abs(values).mean())
    low, high = POLICY_LOSS
    said = f"{size:.2g} in size on average"
    if size > high:
        yield Sign(name="policy loss", verdict="wrong", symptom="huge", finding=f"huge, {said}", cure=SMALLER)
    elif size < low:
        yield Sign(name="policy loss", verdict="warning", symptom="tiny", finding=f"tiny, {said}", cure=LARGER)
    else:
        yield Sign(name="policy loss", verdict="ok", finding=said)


def exploration(run: TrainingRecord) -> Iterator[Sign]:
    """The spread of continuous actions, else the entropy of discrete ones: it may fall with success, not before."""
    if (spread := run.trend("std")) is not None:
        yield _explores("std", early(spread), late(spread), solved=run.solved)
    elif (loss := run.trend("entropy_loss")) is not None and early(loss) < 0:  # the entropy with a minus
        yield _explores("entropy", -early(loss), -late(loss), solved=run.solved)


def _explores(name: str, first: float, last: float, *, solved: bool) -> Sign:
    said = f"{first:.2g} → {last:.2g}"
    if last < COLLAPSED * first and not solved:
        cure = "higher ent_coef (guide: 0.01 early), or lower learning_rate"
        return Sign(
            name=name, verdict="wrong", symptom="collapsed", finding=f"collapsed before success, {said}", cure=cure
        )
    if last > EXPLODED * first:
        cure = "lower ent_coef (guide: 0 … 0.01, towards 0 at the end)"
        return Sign(
            name=name, verdict="warning", symptom="grows", finding=f"grows, so actions get random, {said}", cure=cure
        )
    return Sign(name=name, verdict="ok", finding=said)
