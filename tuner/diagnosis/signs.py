"""A trial's diagnosis: the PPO guide's questions about training signals, in its order, and their answers."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tuner.diagnosis import bounds
from tuner.diagnosis.sign_lines import SMALLER, fine, sign
from tuner.diagnosis.task_signs import evaluation_gap, gamma, length, return_without_success, reward, timeouts
from tuner.diagnosis.training_record import Sign, TrainingRecord, early, highest, late, run_of
from tuner.verdicts import SEVERITY

LARGER = "higher learning_rate, or more n_epochs"
VALUES = "more n_epochs or smaller batch_size for the value net; rewards scaled to a return of about ±50"


def kl(run: TrainingRecord) -> Iterator[Sign]:
    """The PPO guide: within 0.01 … 0.05, and never over 0.1."""
    values, peak = run.known("approx_kl"), run.peaks.get("approx_kl")
    if values is None or peak is None:
        return
    if peak.above:
        said = f"{peak.value:.3g} at {peak.step:,} steps"
        yield Sign(
            name="approx_kl",
            verdict="wrong" if peak.above > bounds.OFTEN * run.updates else "warning",
            symptom=f"above {bounds.KL_LIMIT:g}",
            finding=f"above {bounds.KL_LIMIT:g} in {peak.above} of {run.updates} updates, {said}",
            suggestion=SMALLER,
        )
        return
    yield from _between("approx_kl", float(values.mean()), bounds.KL)


def clipping(run: TrainingRecord) -> Iterator[Sign]:
    """The PPO guide: within 0.1 … 0.3."""
    if (values := run.known("clip_fraction")) is not None:
        yield from _between("clip_fraction", float(values.mean()), bounds.CLIPPED)


def _between(name: str, mean: float, within: tuple[float, float]) -> Iterator[Sign]:
    (low, high), tolerance = within, bounds.TOLERANCE
    said = f"{mean:.3g} on average (PPO guide: {low:g} … {high:g})"
    if mean > high * (1 + tolerance):
        yield sign("warning", name, f"above {high:g}", said, SMALLER)
    elif mean < low * (1 - tolerance):
        yield sign("warning", name, f"below {low:g}", said, LARGER)
    else:
        yield fine(name, said)


def policy_loss(run: TrainingRecord) -> Iterator[Sign]:
    """The PPO guide: neither huge nor tiny. Asked only where advantages are normalised: else rewards scale it."""
    values = run.known("policy_gradient_loss")
    if values is None or run.arguments.get("normalize_advantage", True) is False:
        return
    size = float(abs(values).mean())
    low, high = bounds.POLICY_LOSS
    said = f"{size:.2g} in size on average"
    if size > high:
        yield sign("wrong", "policy loss", "huge", f"huge, {said}", SMALLER)
    elif size < low:
        yield sign("warning", "policy loss", "tiny", f"tiny, {said}", LARGER)
    else:
        yield fine("policy loss", said)


def exploration(run: TrainingRecord) -> Iterator[Sign]:
    """The standard deviation of continuous actions, else the entropy of discrete ones: may fall only with success."""
    if (spread := run.trend("std")) is not None:
        yield _explores("std", early(spread), late(spread), solved=run.solved)
    elif (loss := run.trend("entropy_loss")) is not None and early(loss) < 0:  # the entropy with a minus
        yield _explores("entropy", -early(loss), -late(loss), solved=run.solved)


def _explores(name: str, first: float, last: float, *, solved: bool) -> Sign:
    said = f"{first:.2g} → {last:.2g}"
    if last < bounds.COLLAPSED * first and not solved:
        fix = "higher ent_coef (PPO guide: 0.01 early), or lower learning_rate"
        return sign("wrong", name, "collapsed", f"collapsed before success, {said}", fix)
    if last > bounds.EXPLODED * first:
        fix = "lower ent_coef (PPO guide: 0 … 0.01, towards 0 at the end)"
        return sign("warning", name, "grows", f"grows, so actions get random, {said}", fix)
    return fine(name, said)


def value_loss(run: TrainingRecord) -> Iterator[Sign]:
    """The PPO guide: it falls. It may rise first as rewards begin to come, but must come down."""
    values = run.trend("value_loss")
    if values is None or run.curriculum:
        return
    first, last, most = early(values), late(values), highest(values)
    said = f"{first:.3g} → {last:.3g}"
    explained = run.known("explained_variance")
    if last < bounds.FELL * most:
        way = f"{first:.3g} → {most:.3g} → {last:.3g}" if most > first / bounds.FELL else said
        yield fine("value_loss", f"falls, {way}")
    elif explained is not None and late(explained) > bounds.EXPLAINED[1]:
        well = f"{said}, with an explained variance of {late(explained):.2g}"
        yield fine("value_loss", f"grows with the return, {well}")
    else:
        yield sign("warning", "value_loss", "does not fall", f"does not fall, {said}", SMALLER)


def critic_loss(run: TrainingRecord) -> Iterator[Sign]:
    """Off-policy critics: their loss grows with the returns, but must not diverge."""
    values = run.trend("critic_loss")
    if values is None:
        return
    first, last = early(values), late(values)
    said = f"{first:.3g} → {last:.3g}"
    if last > bounds.RUNAWAY * first:
        fix = "lower learning_rate, lower tau, or rewards scaled down"
        yield sign("wrong", "critic_loss", "runs away", f"runs away, {said}", fix)
    else:
        yield fine("critic_loss", said)


def temperature(run: TrainingRecord) -> Iterator[Sign]:
    """SAC's entropy coefficient where it adapts: a huge one outweighs the reward."""
    values = run.trend("ent_coef")
    if values is None or not values.std():
        return
    said = f"{early(values):.2g} → {late(values):.2g}"
    if late(values) > max(bounds.RUNAWAY * early(values), 1.0):
        fix = "lower learning_rate, or rewards scaled up"
        yield sign("wrong", "ent_coef", "runs away", f"runs away, {said}", fix)
    else:
        yield fine("ent_coef", said)


def explained_variance(run: TrainingRecord) -> Iterator[Sign]:
    """How well the value net predicts the returns: 1 perfectly, 0 as well as a constant, under 0 worse."""
    values = run.trend("explained_variance")
    if values is None:
        return
    last = late(values)
    worse, little = bounds.EXPLAINED
    said = f"{last:.2g} at the end"
    if last < worse:
        finding = f"below 0, {said}: worse than a constant"
        yield sign("wrong", "explained_variance", "below 0", finding, VALUES)
    elif last < little:
        finding, symptom = f"{said}: the value net predicts little", f"below {little:g}"
        yield sign("warning", "explained_variance", symptom, finding, VALUES)
    else:
        yield fine("explained_variance", said)


QUESTIONS: tuple[Callable[[TrainingRecord], Iterator[Sign]], ...] = (
    reward,
    length,
    policy_loss,
    value_loss,
    kl,
    clipping,
    explained_variance,
    exploration,
    critic_loss,
    temperature,
    timeouts,
    return_without_success,
    evaluation_gap,
    gamma,
)


SIGNALS = (policy_loss, value_loss, kl, clipping, explained_variance, exploration, critic_loss, temperature)


def judge(run: TrainingRecord) -> tuple[Sign, ...]:
    """The answers to all questions; none to one whose signal is missing or too short."""
    found = ((question, sign) for question in QUESTIONS for sign in question(run))
    return tuple(_excused(sign) if run.works and question in SIGNALS else sign for question, sign in found)


def _excused(found: Sign) -> Sign:
    """What a trial that succeeds need not change: the figures without a warning."""
    return found if found.verdict == "ok" else fine(found.name, f"{found.finding}; the trial succeeds all the same")


def diagnose(algorithm: str, arguments: Mapping[str, Any], attributes: Mapping[str, Any]) -> tuple[Sign, ...]:
    """The diagnosis of a trial from its stored attributes; empty if its training signals were not recorded."""
    return judge(run_of(algorithm, arguments, attributes)) if "health" in attributes else ()


def in_words(signs: Sequence[Sign]) -> dict[str, str]:
    """A diagnosis of at least one sign as trial attributes, one per problem: the dashboard does not break lines."""
    counts = Counter(sign.verdict for sign in signs)
    bad = [sign for sign in signs if sign.verdict != "ok"]
    found = [verdict for verdict in reversed(SEVERITY) if counts[verdict]]  # the worst first
    said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in found)
    return {
        "diagnosis": f"{found[0]} ({said})",
        **{f"diagnosis {sign.name}": f"{sign.verdict}: {sign.finding} ({sign.suggestion})" for sign in bad},
    }
