"""What is said to the person around a run, on standard error."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.engine import URL

from tuner.checking.records import Report
from tuner.config.algorithms import ROLLOUTS
from tuner.config.model import ENOUGH_CHECKPOINTS, StudySpec
from tuner.confirm.plan import most_runs
from tuner.planning.estimate import Estimate, rounds_minutes
from tuner.reporting.summary import Summary
from tuner.study.storage import DEFAULT_URL, describe, parse_url, storage_text


def say(text: str) -> None:
    """One line to the person."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def announce(spec: StudySpec, source: str, url: URL, timesteps_asked: int) -> None:
    """Says what will run, and from where."""
    say(f"Study {spec.name!r} ({source}) in {describe(url)}")
    say(f"{spec.algorithm.upper()} in {spec.environment.id}, space {spec.space_name}, {spec.timesteps:,} steps a trial")
    if timesteps_asked != spec.timesteps:
        say(f"{timesteps_asked:,} steps were rounded up to {spec.timesteps:,}: whole multiples of the largest rollout")
    _tell_checkpoints(spec)


def tell_left(spec: StudySpec, left: Sequence[str]) -> None:
    """Says which baselines of a study cannot serve another algorithm."""
    if left:
        many = "s" * (len(left) > 1)
        say(f"Baseline{many} {', '.join(left)}: of another algorithm than {spec.algorithm.upper()}, and left out.")


def tell_board(folder: Path | None, *, shared: bool) -> None:
    """Says how to look at TensorBoard's curves, where they are written; by other machines, where it is shared."""
    if folder is not None:
        if shared:
            say(f"Curves are written by the nodes: {folder} must lie on a disk that they share with this machine.")
        say(f"Curves: {shlex.join(['tensorboard', '--logdir', str(folder)])}")


def _tell_checkpoints(spec: StudySpec) -> None:
    checkpoints = len(spec.plan())
    if checkpoints < ENOUGH_CHECKPOINTS and spec.pruner != "none":
        say(
            f"With {checkpoints} checkpoint{'s' * (checkpoints > 1)} pruning will save little; more --timesteps, or a "
            f"smaller largest {ROLLOUTS[spec.algorithm][0]} in the space, give more of them."
        )


def tell_warnings(report: Report) -> None:
    """Says what a look at the environment found worth another look."""
    for line in report.of("warning"):
        say(f"Warning: {line.name}: {line.finding}")
    if report.of("warning"):
        say(f"What to do about it: tuner check {shlex.quote(report.environment)}")


def foretell(missing: int, workers: int, estimate: Estimate) -> None:
    """Says how long it will take."""
    likely, unpruned = minutes_text(estimate.likely), minutes_text(estimate.unpruned)
    otherwise = f", {unpruned} if nothing is pruned" if likely != unpruned else ""
    trials = f"{missing} trial{'s' * (missing > 1)}"
    say(f"{trials} on {workers} worker{'s' * (workers > 1)}: about {likely}{otherwise}.")


def time_is_over(what: str, seconds: float) -> str:
    """Says why there is more to do."""
    typical = minutes_text(seconds / 60)
    return f"The minutes given are over, or too few for one more {what} of {typical}; the same command goes on."


def minutes_text(value: float) -> str:
    """Minutes as people say them."""
    if value < 1:
        return "a minute"
    return f"{value / 60:.1f} hours" if value >= 100 else f"{value:.0f} minute{'s' * (round(value) > 1)}"


def next_commands(
    summary: Summary, url: URL, run_again: Sequence[str], confirm: Sequence[str], workers: int | None
) -> list[str]:
    """The commands that come next, as they are to be typed.

    Args:
        summary: The study.
        url: Its database.
        run_again: The arguments of `tuner run` that lead to this study again.
        confirm: The command that confirms its winner; empty where that is not what comes next.
        workers: Side by side, for the time that this takes; None where nobody knows.
    """
    storage = [] if url == parse_url(DEFAULT_URL) else ["--storage", storage_text(url)]
    more = ["tuner", "run", *run_again, "--trials", str(max(summary.finished, summary.target) * 2)]
    export, report = ["tuner", "export", summary.study, "-o", "best.yml"], ["tuner", "report", summary.study]
    commands = [export, report] if summary.best else []
    typed = [shlex.join([*command, *storage]) for command in [*commands, ["tuner", "dashboard"], more]]
    if summary.best is None or not confirm:
        return typed
    time = "" if workers is None else f"about {_confirmation_minutes(summary, workers)}, "
    return [f"{shlex.join([*confirm, *storage])}  # {time}on fresh seeds and goals", *typed]


def _confirmation_minutes(summary: Summary, workers: int) -> str:
    """How long it takes to hold the winner against the baselines on fresh seeds."""
    runs = most_runs(summary.contenders, len(summary.baselines))
    return minutes_text(rounds_minutes(runs, workers, summary.full_seconds or 0.0))
