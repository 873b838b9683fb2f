"""A trial's diagnosis: the PPO guide's questions about training signals, in its order, and their answers."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tuner.diagnosis import bounds
from tuner.diagnosis.training_record import Sign, TrainingRecord, early, highest, late, moved, run_of
from tuner.verdicts import SEVERITY, Verdict

SMALLER = "lower learning_rate, lower clip_range, fewer n_epochs"
LARGER = "higher learning_rate, or more n_epochs"
REWARD_FIRST = "verify the reward first (`tuner check`), then lower learning_rate"
VALUES = "more n_epochs or smaller batch_size for the value net; rewards scaled to a return of about ±50"
DEFAULT_GAMMA = 0.99  # of every algorithm of Stable-Baselines3


def _ok(name: str, finding: str) -> Sign:
    return Sign(name=name, verdict="ok", finding=finding)


def _sign(verdict: Verdict, name: str, symptom: str, finding: str, fix: str) -> Sign:
    return Sign(name=name, verdict=verdict, symptom=symptom, finding=finding, suggestion=fix)


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
        yield _sign("warning", name, f"above {high:g}", said, SMALLER)
    elif mean < low * (1 - tolerance):
        yield _sign("warning", name, f"below {low:g}", said, LARGER)
    else:
        yield _ok(name, said)


def policy_loss(run: TrainingRecord) -> Iterator[Sign]:
    """The PPO guide: neither huge nor tiny. Asked only where advantages are normalised: else rewards scale it."""
    values = run.known("policy_gradient_loss")
    if values is None or run.arguments.get("normalize_advantage", True) is False:
        return
    size = float(abs(values).mean())
    low, high = bounds.POLICY_LOSS
    said = f"{size:.2g} in size on average"
    if size > high:
        yield _sign("wrong", "policy loss", "huge", f"huge, {said}", SMALLER)
    elif size < low:
        yield _sign("warning", "policy loss", "tiny", f"tiny, {said}", LARGER)
    else:
        yield _ok("policy loss", said)


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
        return _sign("wrong", name, "collapsed", f"collapsed before success, {said}", fix)
    if last > bounds.EXPLODED * first:
        fix = "lower ent_coef (PPO guide: 0 … 0.01, towards 0 at the end)"
        return _sign("warning", name, "grows", f"grows, so actions get random, {said}", fix)
    return _ok(name, said)


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
        yield _ok("value_loss", f"falls, {way}")
    elif explained is not None and late(explained) > bounds.EXPLAINED[1]:
        well = f"{said}, with an explained variance of {late(explained):.2g}"
        yield _ok("value_loss", f"grows with the return, {well}")
    else:
        yield _sign("warning", "value_loss", "does not fall", f"does not fall, {said}", SMALLER)


def critic_loss(run: TrainingRecord) -> Iterator[Sign]:
    """Off-policy critics: their loss grows with the returns, but must not diverge."""
    values = run.trend("critic_loss")
    if values is None:
        return
    first, last = early(values), late(values)
    said = f"{first:.3g} → {last:.3g}"
    if last > bounds.RUNAWAY * first:
        fix = "lower learning_rate, lower tau, or rewards scaled down"
        yield _sign("wrong", "critic_loss", "runs away", f"runs away, {said}", fix)
    else:
        yield _ok("critic_loss", said)


def temperature(run: TrainingRecord) -> Iterator[Sign]:
    """SAC's entropy coefficient where it adapts: a huge one outweighs the reward."""
    values = run.trend("ent_coef")
    if values is None or not values.std():
        return
    said = f"{early(values):.2g} → {late(values):.2g}"
    if late(values) > max(bounds.RUNAWAY * early(values), 1.0):
        fix = "lower learning_rate, or rewards scaled up"
        yield _sign("wrong", "ent_coef", "runs away", f"runs away, {said}", fix)
    else:
        yield _ok("ent_coef", said)


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
        yield _sign("wrong", "explained_variance", "below 0", finding, VALUES)
    elif last < little:
        finding, symptom = f"{said}: the value net predicts little", f"below {little:g}"
        yield _sign("warning", "explained_variance", symptom, finding, VALUES)
    else:
        yield _ok("explained_variance", said)


def reward(run: TrainingRecord) -> Iterator[Sign]:
    """The PPO guide: ep_rew_mean rises; its tip 5: the reward does not change. Not asked under a curriculum."""
    values = run.trend("ep_rew_mean")
    if values is None or run.curriculum:
        return
    name, said, way = "ep_rew_mean", f"{early(values):.4g} → {late(values):.4g}", moved(values)
    if way >= bounds.MOVED:
        yield _ok(name, f"rises, {said}")
    elif run.solved:
        yield _ok(name, f"{said}, and success is {run.late_success:.0%}")
    elif float(values.std()) <= bounds.FLAT * float(np.abs(values).max()):
        yield _sign("wrong", name, "does not change", f"does not change, {said}", REWARD_FIRST)
    elif way <= -bounds.MOVED:
        yield _sign("wrong", name, "falls", f"falls, {said}", SMALLER)
    else:
        yield _sign("warning", name, "does not rise", f"does not rise, {said}", REWARD_FIRST)


def length(run: TrainingRecord) -> Iterator[Sign]:
    """The PPO guide: ep_len_mean falls. Asked only where episodes end early by success alone."""
    values = run.trend("ep_len_mean")
    if values is None or not ends_by_success(run) or run.curriculum or not values.std():
        return
    name, said, way = "ep_len_mean", f"{early(values):.4g} → {late(values):.4g}", moved(values)
    if way <= -bounds.MOVED or run.solved:
        yield _ok(name, f"falls, {said}" if way <= -bounds.MOVED else said)
    else:
        trend = "rises" if way >= bounds.MOVED else "does not fall"
        fix = "success takes ever longer: lower learning_rate, or a larger success bonus (PPO guide: 10 … 50)"
        yield _sign("warning", name, trend, f"{trend}, {said}", fix)


def ends_by_success(run: TrainingRecord) -> bool:
    """Whether episodes end early by success alone: some succeed, and an episode either succeeds or times out."""
    success, timeouts = run.late_success, run.timeouts
    return bool(success) and timeouts is not None and abs(1.0 - (success or 0.0) - timeouts) < 0.1


def timeouts(run: TrainingRecord) -> Iterator[Sign]:
    """Episodes that end by their time limit. Asked only with a success signal, and while success is low."""
    share, success = run.timeouts, run.late_success
    if share is None or success is None or success >= bounds.SOLVED:
        return
    said = f"{share:.0%} of the evaluation episodes"
    if share > bounds.MANY_TIMEOUTS:
        finding = f"{said}, success {success:.0%}"
        symptom = "every episode" if share >= bounds.ALL_TIMEOUTS else "most episodes"
        fix = "more steps of training, higher learning_rate, or a reward that leads to the goal (`tuner check`)"
        verdict: Verdict = "wrong" if share >= bounds.ALL_TIMEOUTS else "warning"
        yield _sign(verdict, "time-outs", symptom, finding, fix)
    else:
        yield _ok("time-outs", said)


def return_without_success(run: TrainingRecord) -> Iterator[Sign]:
    """A return that rises while success does not: the reward pays for something else."""
    if run.success is None or run.returns is None or len(run.returns) < bounds.EVALUATIONS or run.curriculum:
        return
    rises = moved(run.returns) >= bounds.MOVED
    gained = late(run.success) - early(run.success)
    said = f"return {early(run.returns):.4g} → {late(run.returns):.4g}, success {late(run.success):.0%}"
    if rises and gained < bounds.GAINED and late(run.success) < bounds.SUCCEEDS:
        yield _sign(
            "warning",
            "success",
            "return up, success flat",
            f"flat while the return rises, {said}",
            "terms of 0.5 … 2 a step, a success bonus of 10 … 50 (`tuner check` shows the share of each)",
        )
    elif rises:
        yield _ok("success", f"comes with the return, {said}")


def evaluation_gap(run: TrainingRecord) -> Iterator[Sign]:
    """An evaluation whose return is far under that of training: it measures something else than what is learned."""
    trained = run.trend("ep_rew_mean")
    if trained is None or run.returns is None or len(run.returns) < bounds.EVALUATIONS or run.curriculum:
        return
    there, here = late(trained), late(run.returns)
    said = f"{here:.4g} in evaluations, {there:.4g} in training"
    far = bounds.APART * max(abs(there), abs(here))
    noise = 2 * max(float(np.diff(run.returns).std()), float(np.diff(trained).std()))
    if there - here > max(far, noise):
        fix = (
            "training sees too few starts (`tuner check`), evaluations run elsewhere, or the policy is good "
            "only while it draws its actions: `evaluation: stochastic`"
        )
        yield _sign("warning", "evaluation gap", "far under training", f"far under training: {said}", fix)
    else:
        yield _ok("evaluation gap", said)


def gamma(run: TrainingRecord) -> Iterator[Sign]:
    """The PPO guide: 0.95 for short episodes, 0.99 for long ones. The horizon is 1 / (1 - gamma) steps."""
    if not run.length or not run.longest:
        return
    value = float(run.arguments.get("gamma", DEFAULT_GAMMA))
    horizon = 1 / (1 - value) if value < 1 else float("inf")
    said = f"{value:g} looks {horizon:.3g} steps ahead, episodes last {run.length:.4g}"
    # Without a success signal a short episode may be a failure, and its length says nothing about the task.
    # A horizon that spans the whole episode already at 0.95 leaves gamma nothing to change.
    sees_all = run.longest * (1 - bounds.TOLERANCE) <= 1 / (1 - bounds.SHORT_GAMMA)
    longer = value > bounds.SHORT_GAMMA and horizon > bounds.SIGHT * run.longest
    if run.late_success is not None and longer and not sees_all:
        said = f"{value:g} looks {horizon:.3g} steps ahead, episodes last up to {run.longest:.4g}"
        fix = f"PPO guide: {bounds.SHORT_GAMMA:g} for short episodes"
        yield _sign("warning", "gamma", "far-sighted", f"far-sighted: {said}", fix)
    elif value < bounds.LONG_GAMMA and horizon * bounds.SIGHT < run.length:
        fix = f"PPO guide: {bounds.LONG_GAMMA:g} for long episodes"
        yield _sign("warning", "gamma", "short-sighted", f"short-sighted: {said}", fix)
    else:
        yield _ok("gamma", said)


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


def _excused(sign: Sign) -> Sign:
    """What a trial that succeeds need not change: the figures without a warning."""
    return sign if sign.verdict == "ok" else _ok(sign.name, f"{sign.finding}; the trial succeeds all the same")


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
