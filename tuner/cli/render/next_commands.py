"""The commands that come after a run, as they are to be typed."""

import shlex

from tuner.app.tune import TuneRequest, TuneResult
from tuner.cli.render.words import minutes_text
from tuner.finals.confirmation_plan import most_runs
from tuner.planning.estimate import rounds_minutes
from tuner.results.summary import Summary
from tuner.study.storage import DEFAULT_URL, parse_url, storage_text


def next_commands(request: TuneRequest, result: TuneResult, *, confirmed: bool) -> list[str]:
    """Those that make sense for what a run has come to.

    Args:
        request: What was asked for.
        result: What came of it, whole.
        confirmed: Whether the winner is being confirmed anyway.
    """
    summary = result.summaries[-1]
    storage = [] if result.url == parse_url(DEFAULT_URL) else ["--storage", storage_text(result.url)]
    trials = str(max(summary.finished, summary.target) * 2)
    more = ["tuner", "run", *_run_again(request), *request.engine.arguments(), "--trials", trials]
    export, report = ["tuner", "export", summary.study, "-o", "best.yml"], ["tuner", "report", summary.study]
    commands = [export, report] if summary.best else []
    typed = [shlex.join([*command, *storage]) for command in [*commands, ["tuner", "dashboard"], more]]
    if summary.best is None or confirmed:
        return typed
    workers = request.engine.known_workers
    time = "" if workers is None else f"about {_confirmation_minutes(summary, workers)}, "
    confirm = shlex.join(["tuner", "confirm", summary.study, *request.engine.arguments(), *storage])
    return [f"{confirm}  # {time}on fresh seeds and goals", *typed]


def _confirmation_minutes(summary: Summary, workers: int) -> str:
    """How long it takes to hold the winner against the baselines on fresh seeds."""
    runs = most_runs(summary.contenders, len(summary.baselines))
    return minutes_text(rounds_minutes(runs, workers, summary.full_seconds or 0.0))


def _run_again(request: TuneRequest) -> list[str]:
    """The arguments of `tuner run` that lead to the same study again."""
    meaning = {
        "--name": request.name,
        "--timesteps": request.changes.get("timesteps"),
        "--env": request.environment,
        "--space": request.changes.get("space"),
        "--algorithm": request.changes.get("algorithm"),
    }
    options = ["--staged"] * request.staged
    options += [word for option, value in meaning.items() if value is not None for word in (option, str(value))]
    options += [word for file in request.baselines for word in ("--baseline", file)]
    options += ["--from", request.from_study] if request.from_study else []
    return [request.study, *options]
