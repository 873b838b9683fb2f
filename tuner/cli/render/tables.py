"""Results as tables for people, on standard output."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

from tuner.cli.render.result_console import ResultConsole
from tuner.cli.render.words import many, minutes_text
from tuner.cli.standard_files import write
from tuner.config.model import StudySpec
from tuner.config.schedules import part_of, shown
from tuner.final_training.training_plan import TrainingPlan
from tuner.final_training.training_summary import TrainingSummary
from tuner.finals.confirmation_plan import most_runs
from tuner.planning.estimate import rounds_minutes
from tuner.planning.forecast import Forecast
from tuner.results.finals_lines import CAVEAT, FinalsLines
from tuner.results.summary import Summary, verdict
from tuner.statistics.answer_records import figure
from tuner.study.rows import Row
from tuner.study.storage import DEFAULT_URL, parse_url, storage_text

if TYPE_CHECKING:
    from tuner.app.status import StudyStatus
    from tuner.app.tune import TuneRequest, TuneResult


def print_result(request: "TuneRequest", result: "TuneResult", *, confirmed: bool) -> None:
    """What a run has come to, stage by stage where it has some, and what comes next."""
    if not result.summaries:
        return
    follow = next_commands(request, result, confirmed=confirmed) if result.whole is not None else []
    if result.spec.stages:
        print_stages(result.spec, result.summaries, next_commands=follow)
    else:
        print_summary(result.summaries[0], next_commands=follow)


def result_data(result: "TuneResult") -> dict[str, Any]:
    """The same as JSON."""
    if not result.spec.stages:
        return result.summaries[0].data()
    return {"study": result.spec.name, "stages": [summary.data() for summary in result.summaries]}


def print_summary(summary: Summary, *, next_commands: Sequence[str] = ()) -> None:
    """The state of a study: counts, the best beside the baselines, a verdict, advice, what comes next."""
    console = ResultConsole()
    console.print(counts_line(summary))
    rows = [*([summary.best_tuned] if summary.best_tuned else []), *summary.baselines]
    if summary.finals:
        _print_finals(console, summary.finals)
    if rows:
        console.print(_table(rows, summary.finals))
    said = verdict(summary)
    if summary.finals is None:
        console.print(said)
    for warning in summary.warnings if summary.succeeded is False else ():
        if warning not in said:
            console.print(f"Also: {warning}.")
    for word in summary.advice.values():
        console.print(f"Note: {word}.")
    _print_next(console, next_commands)


def _print_finals(console: ResultConsole, finals: FinalsLines) -> None:
    """The leader and what it is compared with, seed by seed."""
    table = Table(finals.measure, "by training seed", "mean, 95 %", box=None, pad_edge=False)
    for place, line in enumerate(finals.lines):
        values = " ".join(figure(value, finals.measure) for value in line.values)
        table.add_row(
            f"{line.name} (leader)" if place == 0 else line.name,
            values,
            figure(line.mean, finals.measure, line.interval),
        )
    console.print(table)
    console.print(f"Leader: {finals.leader.name}. {CAVEAT}")
    console.print(f"Highest score of a single trial: {shown(finals.highest)} (trial {finals.highest_trial}).")


def _print_next(console: ResultConsole, commands: Sequence[str]) -> None:
    if commands:
        console.print("Next:")
        for command in commands:
            console.print(f"  {command}", soft_wrap=True)  # to be copied


def print_status(found: "StudyStatus", *, trials: bool) -> None:
    """Where a study stands, and what the service has before it."""
    from tuner.cli.render.confirm_tables import print_reading

    print_summary(found.summary)
    if found.reading:
        print_reading(found.reading)
    if found.summary.health:
        ResultConsole().print(found.summary.health.line())
    if trials and found.rows:
        print_trials(found.rows, list(found.reader.spec.space.parameters))
    if found.queue:
        places = [one.study + (" (now)" if one.state == "running" else "") for one in found.queue]
        write(f"The service's queue: {', '.join(places)}\n")
    if (one := found.submission) is not None:
        write(f"Submission: {one.state}{': ' if one.reason else ''}{one.reason}\n")


def print_stages(spec: StudySpec, done: Sequence[Summary], *, next_commands: Sequence[str] = ()) -> None:
    """What stages have come to: a line each, then the parameters that the last one ended with."""
    console = ResultConsole()
    console.print(f"Study {spec.name!r}: {len(done)} of {len(spec.stages)} stages finished")
    table = Table("stage", "study", "trials", "best", "score", "success", "found", box=None, pad_edge=False)
    for place, (stage, summary) in enumerate(zip(spec.stages, done, strict=False), 1):
        row = summary.best
        names = dict.fromkeys(part_of(name) or name for name in stage.parameters)
        found = [f"{name} {shown(row.arguments.get(name))}" for name in names] if row else []
        table.add_row(
            str(place),
            summary.study,
            f"{summary.finished} of {max(summary.target, summary.finished)}",
            row.label if row else "-",
            shown(row.value) if row else "-",
            _share(row.success) if row else "-",
            ", ".join(found) or "-",
        )
    console.print(table)
    columns = [row for row in (done[-1].best, *done[0].baselines) if row is not None]
    console.print(_table(list({row.label: row for row in columns}.values())))
    console.print(
        "One training seed per trial: the best score is biased upwards by luck. `tuner confirm` tests the winner."
    )
    _print_next(console, next_commands)


def counts_line(summary: Summary) -> str:
    """The counts in a line."""
    states = ", ".join(f"{count} {state}" for state, count in summary.counts.items() if count) or "none"
    speed = f"; {summary.steps_per_second:,.0f} steps/s per worker" if summary.steps_per_second else ""
    target = max(summary.target, summary.finished)
    return f"Study {summary.study!r}: {summary.finished} of {target} trials finished ({states}){speed}"


def _table(rows: Sequence[Row], finals: FinalsLines | None = None) -> Table:
    """Configurations as columns; after finals their results by seed stand in a table of their own."""
    table = Table("", *(_heading(row) for row in rows), box=None, pad_edge=False)
    if finals is None:
        table.add_row("score", *(shown(row.value) if row.value is not None else row.state for row in rows))
        table.add_row("success", *(_share(row.success) for row in rows))
    for milestone in dict.fromkeys(milestone for row in rows for milestone in row.milestones):
        table.add_row(milestone, *(_share(row.milestones.get(milestone)) for row in rows))
    names = dict.fromkeys(name for row in rows for name in row.arguments)
    for name in names:
        table.add_row(name, *(shown(row.arguments.get(name)) for row in rows))
    return table


def _heading(row: Row) -> str:
    return row.label if row.role else f"best tuned ({row.label})"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def print_trials(rows: Sequence[Row], parameters: Sequence[str]) -> None:
    """Every trial in a line, completed ones first and the best of them on top; a schedule is its argument's value."""
    columns = list(dict.fromkeys(part_of(name) or name for name in parameters))
    table = Table("trial", "state", "score", "success", *columns, "seconds", box=None, pad_edge=False)
    for row in sorted(rows, key=lambda row: (row.value is None, -(row.value or 0.0), row.number)):
        table.add_row(
            f"{row.number} {row.label}" if row.role else str(row.number),
            row.state,
            shown(row.value),
            _share(row.success),
            *(shown(row.arguments.get(name)) for name in columns),
            f"{row.seconds:.0f}" if row.seconds is not None else "-",
        )
    ResultConsole().print(table)


def print_training(plan: TrainingPlan, summary: TrainingSummary) -> None:
    """What the finished runs have come to, on standard output."""
    for line in summary.words:
        write(f"{line}.\n")
    missing = len(plan.seeds) - len(summary.results)
    if missing:
        write(f"{missing} of {len(plan.seeds)} runs are not finished. Run the same command to resume.\n")
    write(f"Models, curve and card: {plan.folder / 'README.md'}\n")


def print_forecast(found: Forecast) -> None:
    """The plan as a table and some lines."""
    console = ResultConsole()
    table = Table("a full trial at", "seconds", "steps/s", box=None, pad_edge=False)
    for corner in found.corners:
        at = ", ".join(f"{name} {shown(value)}" for name, value in corner.values.items()) or "any point of the space"
        table.add_row(at, f"{corner.seconds:.1f}", f"{found.timesteps / corner.seconds:,.0f}")
    table.add_row("a typical point", f"{found.trial_seconds:.1f}", f"{found.steps_per_second:,.0f}")
    console.print(table)
    minutes, unpruned = minutes_text(found.minutes), minutes_text(found.minutes_unpruned)
    console.print(f"{many(found.trials, 'trial')} on {many(found.workers, 'worker')}: about {minutes}")
    if found.saved:
        console.print(f"Without pruning: {unpruned}; pruning should save {found.saved:.0%}")
    console.print(f"Confirming the winner: at most {minutes_text(found.confirmation_minutes)}")
    console.print(f"Disk: {found.disk_bytes / 1e6:.1f} MB, the database and kept models")
    console.print("Nothing was written.")


def next_commands(request: "TuneRequest", result: "TuneResult", *, confirmed: bool) -> list[str]:
    """Those that make sense for what a run has come to.

    Args:
        request: What was asked for.
        result: What came of it, whole.
        confirmed: Whether the winner is being confirmed anyway.
    """
    summary = result.summaries[-1]
    storage = [] if result.url == parse_url(DEFAULT_URL) else ["--storage", storage_text(result.url)]
    trials = str(summary.target if summary.finished < summary.target else 2 * summary.finished)
    more = ["tuner", "run", *_run_again(request), *request.engine.arguments(), "--trials", trials]
    export, report = ["tuner", "export", summary.study, "-o", "best.yml"], ["tuner", "report", summary.study]
    commands = [export, report] if summary.best else []
    typed = [shlex.join([*command, *storage]) for command in [*commands, ["tuner", "dashboard"], more]]
    if summary.wider_space is not None and request.changes.get("space") is None and request.space is None:
        words = ["--space", summary.wider_space, *(["--env", request.environment] if request.environment else [])]
        wider = ["tuner", "run", request.study, *words, *request.engine.arguments(), "--trials", str(summary.target)]
        typed = [f"{shlex.join([*wider, *storage])}  # searches gamma as well", *typed]
    if summary.succeeded is False:
        return [shlex.join(["tuner", "check", summary.environment]), *typed]
    if summary.best is None or confirmed:
        return typed
    workers = request.engine.known_workers
    time = "" if workers is None else f"about {_confirmation_minutes(summary, workers)}, "
    confirm = shlex.join(["tuner", "confirm", summary.study, *request.engine.arguments(), *storage])
    return [f"{confirm}  # {time}on new seeds", *typed]


def _confirmation_minutes(summary: Summary, workers: int) -> str:
    """Estimated minutes of a confirmation."""
    runs = most_runs(summary.contenders, len(summary.baselines), finals=summary.finals is not None)
    return minutes_text(rounds_minutes(runs, workers, summary.full_seconds or 0.0))


def _run_again(request: "TuneRequest") -> list[str]:
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
    options += ["--all"] if request.all_trials else []
    return [request.study, *options]
