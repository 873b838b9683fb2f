"""Verdicts on success: whether the return agrees with it, whether it can be reached, whether it is too easy."""

import itertools
from collections.abc import Iterator

import numpy as np
import scipy
from numpy.typing import NDArray

from tuner.checking.evidence import Evidence, graded, ok, warning, wrong
from tuner.checking.rollout import CheckedEpisode, Flag, Recording
from tuner.errors import did_you_mean
from tuner.records import SUCCESS
from tuner.verdicts import SEVERITY, Line

Row = NDArray[np.float64]

SURE = 0.01  # p under which a difference counts
FEW = 5  # episodes that a comparison needs on either side
FAILURE_PAYS = 0.1  # share of the failures that return more than the median success, from which it is a warning
MOST_FAILURES_PAY = 0.5  # the same share, from which it is wrong
FOLLOWS = 0.2  # rank correlation of return and progress that counts
EASY = 0.5  # success rate of a policy that knows nothing, from which the task is too easy
EXPERT_GOOD, EXPERT_BAD = 0.95, 0.5  # success rates of an expert
NEAR = 0.25  # share of the distance at the start that counts as near

SIGNAL = "success signal"
NAME = "return and success"
FIX = "make every term fall when success gets farther: reward progress, not posture or being alive"


def signal(evidence: Evidence) -> Line:
    """Whether success is told at the end of every episode, and under the key that is read."""
    name, key, episodes = SIGNAL, evidence.key, evidence.episodes()
    if not evidence.has_success():
        return _other_key(evidence)
    if fractions := sum(recording.fractions for recording in evidence.recordings.values()):
        fix = "report 1 where the whole task is done; name parts of it as milestones"
        finding = f"info[{key!r}] was between 0 and 1 in {fractions} of {len(episodes)} episodes: only 1 counts"
        return warning(name, finding, fix)
    if episodes and evidence.untold == len(episodes):
        keys = sorted(set().union(*(recording.keys for recording in evidence.recordings.values())))
        there = f"; the keys that came: {', '.join(keys) or 'none'}"
        finding = f"info[{key!r}] came in none of {len(episodes)} episodes{did_you_mean(key, keys)}{there}"
        fix = "name the key that tells success; where only a success tells it, `tuner run` needs --skip-check"
        return graded(name, bad=key != SUCCESS, finding=finding, fix=fix)
    if evidence.untold:
        return ok(name, f"told in {len(episodes) - evidence.untold} of {len(episodes)} episodes; the others failed")
    return ok(name, f"info[{key!r}] tells it")


def _other_key(evidence: Evidence) -> Line:
    """Entries of `info` that look like a success signal."""
    flags: dict[str, Flag] = {}
    for recording in evidence.recordings.values():
        for name, seen in recording.flags.items():
            flag = flags.setdefault(name, Flag())
            flag.at_end += seen.at_end
            flag.on_the_way += seen.on_the_way
            flag.other |= seen.other
    likely = {name: flag for name, flag in flags.items() if not flag.other}
    if not likely:
        return ok(SIGNAL, f"info has no {evidence.key!r}: scores are returns")
    name, flag = max(
        likely.items(), key=lambda item: (item[0] == "success", "success" in item[0].lower(), item[1].at_end)
    )
    option = f"--success-key {name}"
    finding = f"info[{name!r}] is 0 or 1, but success is read from {evidence.key!r}, which is missing"
    if flag.on_the_way:
        option += " --success-when any"
        finding += f"; in {flag.on_the_way} episodes it was 1 on the way and 0 at the end"
    fix = f"if it tells success: tuner run … {option}, or success: {{key: {name}, when: …}} in the study"
    return warning(SIGNAL, finding, fix)


def agreement(evidence: Evidence) -> Line:
    """Whether return and success agree in sign and rank: a return that can rise without success is a problem."""
    if not evidence.has_success():
        fix = f"set info[{evidence.key!r}] at an episode's end: a return can rise without the task being done"
        return warning(NAME, f"info[{evidence.key!r}] is missing: only the return can be judged", fix)
    contradictions = [*_between(evidence.recordings), *_within(evidence.recordings)]
    if contradictions:
        return max(contradictions, key=lambda line: SEVERITY[line.verdict])
    if (paid := _failure_pays(evidence.recordings)) is not None:
        return paid
    return _by_distance(evidence)


def _between(recordings: dict[str, Recording]) -> list[Line]:
    """Pairs of policies of which one succeeds more and returns less; pairs with the expert first."""
    found = []
    for (one, first), (other, second) in itertools.combinations(reversed(recordings.items()), 2):
        wins, losses = _counts(first), _counts(second)
        if min(sum(wins), sum(losses)) < FEW or scipy.stats.fisher_exact([wins, losses]).pvalue >= SURE:
            continue
        first_wins = wins[0] / sum(wins) > losses[0] / sum(losses)
        (better, good), (worse, bad) = (
            ((one, first), (other, second)) if first_wins else ((other, second), (one, first))
        )
        if _less(good.returns(), bad.returns()):
            finding = (
                f"{better} succeeds more than {worse} ({good.success():.0%}, {bad.success():.0%}) and returns less "
                f"({good.returns().mean():.3g}, {bad.returns().mean():.3g})"
            )
            # Zero may return more than random and succeed less: it makes no costly moves.
            found.append(graded(NAME, bad="expert" in (better, worse), finding=finding, fix=FIX))
    return found


def _within(recordings: dict[str, Recording]) -> Iterator[Line]:
    """Policies whose successes return less than failures, or whose return rises with the distance to the goal."""
    for policy, recording in recordings.items():
        won, lost = _split(recording)
        if _less(won, lost):
            finding = f"{policy}'s successes return less than its failures ({won.mean():.3g}, {lost.mean():.3g})"
            yield wrong(NAME, finding, FIX)
        elif (rank := _follows(recording.episodes)) is not None and rank < -FOLLOWS:
            finding = (
                f"{policy}'s return rises as the goal gets farther away (rank correlation with progress {rank:.2f})"
            )
            yield wrong(NAME, finding, FIX)


def _failure_pays(recordings: dict[str, Recording]) -> Line | None:
    """Failures that return as much as a success."""
    won = np.concatenate([_split(recording)[0] for recording in recordings.values()])
    lost = np.concatenate([_split(recording)[1] for recording in recordings.values()])
    share = float(np.mean(lost >= np.median(won))) if min(won.size, lost.size) >= FEW else 0.0
    if share <= FAILURE_PAYS:
        return None
    finding = f"{share:.0%} of the failures return as much as the median success"
    fix = "pay success more than any failure can collect: a bonus of 10 … 50, and end the episode there"
    return graded(NAME, bad=share > MOST_FAILURES_PAY, finding=finding, fix=fix)


def _by_distance(evidence: Evidence) -> Line:
    won = sum(bool(episode.success) for episode in evidence.episodes())
    rank = _follows(evidence.recordings["random"].episodes)
    follows = "" if rank is None else f"; rank correlation of return and progress under random {rank:.2f}"
    if won >= FEW:
        return ok(NAME, f"success returns more than failure{follows}")
    few = f"only {won} success{'es' * (won != 1)}" if won else "no success"
    if rank is not None and rank < FOLLOWS:
        return warning(NAME, f"{few} seen, and the return does not follow the distance{follows}", FIX)
    return ok(NAME, f"no contradiction, with {few} seen{follows}")


def goals(evidence: Evidence) -> Line:
    """Whether goals can be reached."""
    name, expert = "goals in reach", evidence.expert
    if not evidence.has_success():
        return ok(name, "unknown without a success signal")
    rate = expert.success() if expert is not None else None
    if rate is not None:
        finding = f"the expert succeeds in {rate:.0%}{_nearest(evidence)}"
        if rate >= EXPERT_GOOD:
            return ok(name, finding)
        fix = "see where it fails: draw goals and starts that are proven reachable, or fix the expert"
        return (wrong if rate < EXPERT_BAD else warning)(name, finding, fix)
    if any(episode.success for episode in evidence.episodes()):
        return ok(name, "some were reached; whether all can be is unknown without an expert (make_expert)")
    fix = "draw goals that are proven reachable, and prove it by an expert (make_expert: docs/howto/environments.md)"
    return warning(name, f"no policy succeeded{_nearest(evidence)}; whether any can is unknown", fix)


def _nearest(evidence: Evidence) -> str:
    """The smallest distance of all episodes, as a share of the distance at the start, in words."""
    ratios = [e.nearest / e.start_distance for e in evidence.episodes() if e.nearest is not None and e.start_distance]
    if not ratios:
        return ""
    least = min(ratios)
    never = "" if least <= NEAR else "no policy came near, "
    return f"; {never}the nearest was {least:.0%} of the distance at the start"


def ease(evidence: Evidence) -> Line:
    """Whether policies that know nothing succeed."""
    name = "difficulty"
    rates = {p: evidence.recordings[p].success() for p in ("zero", "random")}
    known = {policy: rate for policy, rate in rates.items() if rate is not None}
    if not known:
        return ok(name, "unknown without a success signal")
    finding = ", ".join(f"{policy} succeeds in {rate:.0%}" for policy, rate in known.items())
    if max(known.values()) > EASY:
        fix = "tighten the success rule or start farther away: there is little to learn, and nothing to tune"
        return warning(name, finding, fix)
    return ok(name, finding)


def _counts(recording: Recording) -> tuple[int, int]:
    won = sum(episode.success is True for episode in recording.episodes)
    return won, sum(episode.success is False for episode in recording.episodes)


def _split(recording: Recording) -> tuple[Row, Row]:
    """Returns of the successes and of the failures."""
    episodes = recording.episodes
    won = np.array([e.total_return for e in episodes if e.success is True])
    return won, np.array([e.total_return for e in episodes if e.success is False])


def _less(one: Row, other: Row) -> bool:
    """Whether the mean of `one` is significantly below that of `other`: Welch's test, with few degrees of freedom."""
    few = min(one.size, other.size)
    if few < FEW:
        return False
    gap = float(other.mean() - one.mean())
    error = float(np.sqrt(one.var(ddof=1) / one.size + other.var(ddof=1) / other.size))
    return gap > 0 if error == 0 else bool(scipy.stats.t.sf(gap / error, few - 1) < SURE)


def _follows(episodes: list[CheckedEpisode]) -> float | None:
    """Rank correlation of return and progress to the goal over episodes; None if not significant."""
    pairs = [
        (e.total_return, e.start_distance - e.distance) for e in episodes if e.start_distance and e.distance is not None
    ]
    returns, progress = np.array(pairs).T if pairs else (np.zeros(0), np.zeros(0))
    if len(pairs) < 2 * FEW or np.ptp(returns) == 0 or np.ptp(progress) == 0:
        return None
    result = scipy.stats.spearmanr(returns, progress)
    return float(result.statistic) if result.pvalue < SURE else None
