"""What `tuner confirm` does, once the command line is read."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL

from tuner.cli import words
from tuner.cli.confirm_tables import RunLines, print_confirmation
from tuner.cli.engine import open_engine
from tuner.cli.opening import open_study, storage_url
from tuner.cli.options import INTERRUPTED
from tuner.cli.words import minutes_text, say
from tuner.cli.workforce import Workforce
from tuner.config.environment_ids import same_environment
from tuner.config.load import find, is_path, load_study
from tuner.config.model import StudySpec
from tuner.confirm.plan import DEFAULT_SEEDS, DEFAULT_TOP, FEWEST_SEEDS, Plan, at_most, make_plan
from tuner.confirm.result import Confirmation, conclude
from tuner.confirm.source import ConfirmationSource
from tuner.coordinator import coordinate
from tuner.engines.base import Engine
from tuner.errors import UsageProblem
from tuner.planning import estimate
from tuner.planning.time_limit import last_start
from tuner.reporting.rows import Row, make_rows
from tuner.study.confirmation_writer import AskedConfirmation, ConfirmationWriter, read_results
from tuner.study.storage import Lock, describe, open_to_read, open_to_write, storage_errors, study_lock
from tuner.study.stored import companion, load_stored


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked for."""

    study: str  # a name or a file
    force: Workforce
    storage: str | None
    top: int = DEFAULT_TOP
    seeds: int = DEFAULT_SEEDS
    deadline: float | None = None  # on the monotonic clock
    look: Callable[[], None] | None = None  # called now and then; what it raises ends the run


def run(request: Request, *, as_json: bool) -> int:
    """Runs what is missing and prints the answer; returns the exit code."""
    confirmation, interrupted = confirm_study(request)
    if as_json:
        sys.stdout.write(json.dumps(confirmation.data(), indent=2) + "\n")
    else:
        print_confirmation(confirmation)
    return INTERRUPTED if interrupted else 0


def confirm_study(request: Request) -> tuple[Confirmation, bool]:
    """Runs what is missing; returns what there is then, and whether Ctrl-C ended it early.

    Raises:
        UnknownName: where the database holds no such study.
        NothingToShow: where it has no completed trial.
        UsageProblem: where the file named is of another environment.
    """
    url = storage_url(request.storage)
    study, spec = open_study(request.study, request.storage)
    _refuse_elsewhere(request.study, spec)
    make_plan(make_rows(study.get_trials(deepcopy=False), spec), spec, top=request.top, test_seeds=request.seeds)
    try:
        with (
            storage_errors(url),
            study_lock(url, spec.name) as lock,
            open_engine(request.force, spec, look=request.look) as engine,
        ):
            return _work(request, spec.name, url, lock, engine), False
    except KeyboardInterrupt:
        say("Stopped. Every finished run is kept; the same command goes on.")
    with storage_errors(url):
        return _read(request, spec.name, url), True


def _refuse_elsewhere(argument: str, stored: StudySpec) -> None:
    """Refuses a file whose study is not the stored one of its name."""
    if not is_path(argument) or not Path(argument).is_file():
        return
    written = load_study(find("studies", argument)).environment
    there = stored.environment
    if not same_environment(written.id, there.id) or written.kwargs != there.kwargs:
        raise UsageProblem(
            f"{argument} is of {written.id} {written.kwargs or ''}".rstrip()
            + f", and the stored study {stored.name!r} of {there.id} {there.kwargs or ''}".rstrip()
            + f": name the stored one ({stored.name}) to confirm it, or tune the file under another --name"
        )


def _work(request: Request, name: str, url: URL, lock: Lock, engine: Engine) -> Confirmation:
    """Under the lock: the study's trials are read again, since another process may have gone on with it."""
    storage = open_to_write(url, lock)
    study, spec = load_stored(storage, name)
    rows = make_rows(study.get_trials(deepcopy=False), spec)
    plan = make_plan(rows, spec, top=request.top, test_seeds=request.seeds)
    book = ConfirmationWriter.open(storage, spec)
    book.note(
        AskedConfirmation(
            top=request.top, seeds=request.seeds, arms=tuple(arm.name for arm in plan.arms), trials=len(rows)
        )
    )
    if cut := book.recover():
        say(f"{cut} unfinished run{'s' * (cut > 1)} of an earlier confirmation will run again.")
    source = ConfirmationSource(book, spec, plan)
    before = conclude(plan, spec, book.results())
    if before.complete:
        say(f"Nothing to do: all {before.planned} runs are in the database (more with --seeds or --top).")
        return before
    _announce(plan, spec, url)
    seconds = estimate.typical_seconds([*book.seconds(), *_full_seconds(rows)]) or 0.0
    _foretell(at_most(plan, book.results()) - before.done, engine.workers, seconds)
    engine.prepare(engine.workers)
    lines = RunLines(source, workers=engine.workers, seconds=seconds)
    coordinate(source, engine, lines, last_start=last_start(request.deadline, seconds))
    found = conclude(plan, spec, book.results())
    if not found.complete:
        say(words.time_is_over("run", seconds))
    return found


def _full_seconds(rows: list[Row]) -> list[float]:
    return [row.seconds for row in rows if row.value is not None and row.seconds is not None]


def _read(request: Request, name: str, url: URL) -> Confirmation:
    """What there is after an interruption."""
    storage = open_to_read(url)
    study, spec = load_stored(storage, name)
    rows = make_rows(study.get_trials(deepcopy=False), spec)
    plan = make_plan(rows, spec, top=request.top, test_seeds=request.seeds)
    return conclude(plan, spec, read_results(storage, name))


def _announce(plan: Plan, spec: StudySpec, url: URL) -> None:
    say(f"Confirming study {spec.name!r} of {describe(url)}, in its companion {companion(spec.name)!r}")
    say(f"Who takes part: {', '.join(arm.name for arm in plan.arms)}; {spec.timesteps:,} steps a run")
    if not plan.baselines:
        say("The study has no finished baseline: there is nothing to hold the winner against.")
    if plan.test_seeds < FEWEST_SEEDS:
        say(
            f"Warning: {plan.test_seeds} test seed{'s' * (plan.test_seeds > 1)} cannot confirm a difference; "
            f"give --seeds {FEWEST_SEEDS} or more."
        )


def _foretell(missing: int, workers: int, seconds: float) -> None:
    likely = minutes_text(estimate.rounds_minutes(missing, workers, seconds))
    runs, side_by_side = f"{missing} run{'s' * (missing > 1)}", f"{workers} worker{'s' * (workers > 1)}"
    say(f"At most {runs} on {side_by_side}: about {likely}, less where configurations fall behind.")
