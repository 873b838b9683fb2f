"""The check of an environment: episodes of its policies, tests of determinism and actions, verdicts."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np

from tuner.checking import observations, reward_checks, success, world
from tuner.checking.check_report import PROBE_SHARE, Budget, CheckPlan, CheckReport, PolicyRow, TermRow
from tuner.checking.evidence import Evidence, ok, wrong
from tuner.checking.policies import make_policies, usable
from tuner.checking.probes import Probes, probe
from tuner.checking.rollout import Recording, record
from tuner.errors import CheckFailed, EnvironmentFailed, listed
from tuner.records import SUCCESS, EnvironmentRef, Signals
from tuner.training.making import close, make_bare, raised_in_a_step, refuse_unfit
from tuner.training.signals import decide
from tuner.training.spaces import kind_of
from tuner.training.wrapping import shifted_spaces
from tuner.verdicts import Line

QUESTIONS: tuple[Callable[[Evidence], Line], ...] = (
    world.finite,
    world.errors,
    world.determinism,
    world.starts,
    world.actions,
    world.action_scale,
    observations.bounds,
    observations.scale,
    observations.dead,
    reward_checks.variation,
    reward_checks.step_scale,
    reward_checks.bonus,
    reward_checks.return_scale,
    reward_checks.terms,
    reward_checks.clipping,
    success.signal,
    success.agreement,
    success.goals,
    success.ease,
    world.endings,
    world.speed,
)

NORMALIZED = {  # names of the lines that an argument of SB3's VecNormalize settles
    "norm_obs": ("observation scale",),
    "norm_reward": ("reward a step", "success bonus", "return an episode"),
}

SPACES = "spaces"
MEANINGLESS = (SPACES, "finite values", "determinism", "starts", "action effect")  # lines that `tuner run` stops at

PROBES_TRIED = 3  # where a step raises in the tests

NOTHING = 1e-3  # share of the largest reward a step of a policy, under which a reward is rounding

OF_WHOLE_EPISODES = {  # not asked after values that are not finite: the remaining episodes are a biased sample
    reward_checks.bonus,
    reward_checks.return_scale,
    success.agreement,
    success.goals,
    success.ease,
    world.endings,
}


def run_check(
    ref: EnvironmentRef, plan: CheckPlan, algorithm: str | None = None, others: Sequence[EnvironmentRef] = ()
) -> CheckReport:
    """Checks an environment before any training.

    Args:
        ref: The environment.
        plan: Episodes and time limit.
        algorithm: The algorithm that is to be trained in it, if known.
        others: The same with other arguments, which are made and closed.

    Raises:
        EnvironmentUnusable: where it cannot be made, or the algorithm cannot act in it.
        EnvironmentFailed: where it or its expert raises, or it returns an invalid value.
    """
    begun = time.perf_counter()
    for other in others:
        close(make_bare(other))
    env = make_bare(ref)
    try:
        if algorithm is not None:
            refuse_unfit(algorithm, env.action_space, ref)
        return _look(env, ref, plan, begun)
    finally:
        close(env)


def _report(
    ref: EnvironmentRef, plan: CheckPlan, begun: float, evidence: Evidence, lines: Sequence[Line], signals: Signals
) -> CheckReport:
    recordings = evidence.recordings
    too_large = {"norm_obs": observations.far_too_large, "norm_reward": reward_checks.far_too_large}
    return CheckReport(
        environment=ref.id,
        seconds=time.perf_counter() - begun,
        first_seed=plan.goals[0],
        policies=tuple(_row(policy, recording) for policy, recording in recordings.items()),
        terms=_terms(recordings),
        lines=tuple(lines),
        signals=signals,
        observations=kind_of(evidence.observation_space),
        normalize=tuple(name for name, asks in too_large.items() if asks(evidence)),
    )


def behind_normalize(report: CheckReport, arguments: Mapping[str, Any]) -> CheckReport:
    """The report without the lines that SB3's VecNormalize settles, if the arguments use it."""
    answered = {line for name, lines in NORMALIZED.items() if arguments.get(name) for line in lines}
    return replace(report, lines=tuple(line for line in report.lines if line.name not in answered))


def refuse_wrong(report: CheckReport) -> None:
    """Refuses an environment in which results mean nothing; what else is wrong is a warning.

    Raises:
        CheckFailed: with the lines that are wrong, and their suggestions.
    """
    wrong_lines = [line for line in report.of("wrong") if line.name in MEANINGLESS]
    lines = [f"{line.name}: {line.finding} → {line.suggestion}" for line in wrong_lines]
    if lines:
        trainable = all(line.name != SPACES for line in wrong_lines)
        way_out = f"fix it (see `tuner check {report.environment}`)"
        way_out += ", or use --skip-check to train anyway" if trainable else ""
        raise CheckFailed("\n".join([f"results in {report.environment} would mean nothing:", *lines, way_out]))


def refuse_untold(report: CheckReport) -> None:
    """Refuses a named key of success that no episode told.

    Raises:
        CheckFailed: with the keys that there are.
    """
    for line in report.of("wrong"):
        if line.name == success.SIGNAL:
            raise CheckFailed(f"success: {line.finding} (use --skip-check if only a success tells it)")


def _look(env: gym.Env[Any, Any], ref: EnvironmentRef, plan: CheckPlan, begun: float) -> CheckReport:
    if reason := usable(env):
        fix = "offer Box, Discrete, MultiDiscrete or MultiBinary, or a Dict of them to observe; bound a Box of actions"
        lines = (wrong(SPACES, reason, fix),)
        seconds = time.perf_counter() - begun
        return CheckReport(
            environment=ref.id, seconds=seconds, first_seed=plan.goals[0], policies=(), terms=(), lines=lines
        )
    budget, key = Budget(plan.seconds), plan.success_key or SUCCESS
    read = Signals(success=key, when=plan.when, at_least=plan.at_least)
    policies = make_policies(env, plan.goals[0])
    probes = _probed(env, plan.goals, budget)
    recordings = {}
    for left, (name, policy) in zip(range(len(policies), 0, -1), policies.items(), strict=True):
        recordings[name] = record(env, policy, plan.goals, budget.part(1 / left), read, plan.entry)
    told = [episode for recording in recordings.values() for episode in recording.episodes]
    signals = decide(told, success_key=plan.success_key, when=plan.when, at_least=plan.at_least)
    evidence = Evidence(
        action_space=env.action_space,
        observation_space=env.observation_space,
        recordings=recordings if signals.success is None else _failed_where_untold(recordings),
        probes=probes,
        key=key,
        untold=sum(episode.success is None for episode in told) if signals.success else 0,
    )
    whole = world.finite(evidence).verdict == "ok"
    answers = [question(evidence) for question in QUESTIONS if whole or question not in OF_WHOLE_EPISODES]
    shifted = shifted_spaces(env)
    if shifted:
        said = "is" if len(shifted) == 1 else "are"
        answers.append(ok(SPACES, f"{listed(shifted)} {said} shifted to begin at 0, as Stable-Baselines3 counts"))
    return replace(_report(ref, plan, begun, evidence, answers, signals), shifted=bool(shifted))


def _probed(env: gym.Env[Any, Any], goals: Sequence[int], budget: Budget) -> Probes:
    """The tests, of other episodes where a step raised."""
    for first in range(0, PROBES_TRIED * len(goals), len(goals)):
        try:
            return probe(env, [goal + first for goal in goals], budget.part(PROBE_SHARE))
        except EnvironmentFailed as error:
            if not raised_in_a_step(error) or first == (PROBES_TRIED - 1) * len(goals):
                raise
    raise AssertionError("the last attempt returns or raises")


def _failed_where_untold(recordings: Mapping[str, Recording]) -> dict[str, Recording]:
    """The recordings in which an episode that did not tell success has failed."""
    return {
        policy: replace(recording, episodes=[replace(one, success=bool(one.success)) for one in recording.episodes])
        for policy, recording in recordings.items()
    }


def _row(policy: str, recording: Recording) -> PolicyRow:
    episodes, returns = recording.episodes, recording.returns()
    starts = [one.start_distance for one in episodes if one.start_distance is not None]
    ends = [one.distance for one in episodes if one.distance is not None]
    return PolicyRow(
        policy=policy,
        episodes=len(episodes),
        success=recording.success(),
        mean_return=float(returns.mean()) if episodes else None,
        deviation=float(returns.std()) if episodes else None,
        lowest=float(returns.min()) if episodes else None,
        highest=float(returns.max()) if episodes else None,
        length=float(np.mean([e.length for e in episodes])) if episodes else None,
        timeouts=float(np.mean([not e.terminated for e in episodes])) if episodes else None,
        start_distance=float(np.mean(starts)) if starts else None,
        distance=float(np.mean(ends)) if ends else None,
        steps_per_second=recording.steps / max(recording.seconds, 1e-9),
    )


def _terms(recordings: Mapping[str, Recording]) -> tuple[TermRow, ...]:
    """Every term under every policy; shares are 0 under a policy whose reward is mere rounding."""
    sizes = {
        policy: {term: float(np.mean(np.abs(values))) for term, values in recording.terms.items()}
        for policy, recording in recordings.items()
    }
    sums = {policy: sum(own.values()) for policy, own in sizes.items()}
    least = NOTHING * max(sums.values(), default=0.0)
    return tuple(
        TermRow(
            policy=policy,
            term=term,
            share=size / sums[policy] if sums[policy] > least else 0.0,
            per_episode=sum(recordings[policy].terms[term]) / max(sum(recordings[policy].ended), 1),
        )
        for policy, own in sizes.items()
        for term, size in own.items()
    )
