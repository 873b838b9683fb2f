"""What `tuner run` does, once the command line is read."""

import json
import sys
from typing import Any

from sqlalchemy.engine import URL

from tuner.cli import words
from tuner.cli.confirm_tables import print_confirmation
from tuner.cli.confirming import Request as ConfirmRequest
from tuner.cli.confirming import confirm_study
from tuner.cli.dry_run import tell_plan
from tuner.cli.engine import open_engine
from tuner.cli.opening import storage_url
from tuner.cli.options import INTERRUPTED
from tuner.cli.resolve import refuse_few_trials, resolve
from tuner.cli.staged import refuse_stages, work_in_stages
from tuner.cli.tables import print_stages, print_summary
from tuner.cli.warm import warmed
from tuner.cli.working import Request, stored_study, work
from tuner.config.model import StudySpec
from tuner.config.staging import stage_name, staged
from tuner.reporting.summary import Summary, summarise
from tuner.study.storage import storage_errors


def tune(request: Request) -> int:
    """Runs a study to its number of trials; returns the exit code."""
    url = storage_url(request.storage)
    resolved = resolve(request.study, url, name=request.name, changes=request.changes, env=request.environment)
    spec = warmed(resolved.spec, request.baselines, request.from_study, request.storage)
    if request.staged or spec.stages:
        spec = staged(spec, trials=request.changes.get("trials"))
        refuse_stages(spec, url, request.from_study)
    else:
        refuse_few_trials(spec)
    words.announce(spec, resolved.source, url, resolved.timesteps_asked)
    words.tell_left(spec, resolved.left)
    if request.dry_run:
        return tell_plan(request, spec, url)
    words.tell_board(request.board, shared=request.force.engine == "ray")
    return _tune_in_stages(request, spec, url) if spec.stages else _tune(request, spec, url)


def _tune(request: Request, spec: StudySpec, url: URL) -> int:
    try:
        with storage_errors(url), open_engine(request.force, spec) as engine:
            summary = work(request, spec, url, engine)
    except KeyboardInterrupt:
        stored = stored_study(spec.name, url)
        return _conclude(summarise(*stored) if stored else None, url, request, interrupted=True)
    return _conclude(summary, url, request, interrupted=False)


def _tune_in_stages(request: Request, spec: StudySpec, url: URL) -> int:
    done: list[Summary] = []
    interrupted = False
    try:
        with storage_errors(url), open_engine(request.force, spec) as engine:
            for summary in work_in_stages(request, spec, url, engine):
                done.append(summary)
    except KeyboardInterrupt:
        interrupted = True
        kept = "Every finished trial is kept" if stored_study(stage_name(spec, 1), url) else "Nothing was written"
        words.say(f"Stopped. {kept}; the same command goes on.")
    whole = len(done) == len(spec.stages) and done[-1].finished >= done[-1].target
    if done and not request.as_json:
        last = done[-1] if whole else None
        commands = _next_commands(last, url, request) if last else []
        print_stages(spec, done, next_commands=commands)
    found = {"study": spec.name, "stages": [summary.data() for summary in done]}
    return _finish(request, found, done[-1] if whole else None, interrupted=interrupted)


def _conclude(summary: Summary | None, url: URL, request: Request, *, interrupted: bool) -> int:
    """Prints what the study has come to; returns the exit code."""
    if interrupted:
        kept = "Every finished trial is kept" if summary else "Nothing was written"
        words.say(f"Stopped. {kept}; the same command goes on.")
    if summary and not request.as_json:
        print_summary(summary, next_commands=[] if interrupted else _next_commands(summary, url, request))
    return _finish(request, summary.data() if summary else None, summary, interrupted=interrupted)


def _finish(request: Request, data: dict[str, Any] | None, last: Summary | None, *, interrupted: bool) -> int:
    """Confirms what a whole run has found, where that is asked for; prints the JSON; returns the exit code."""
    confirmation = None
    if request.confirm and last is not None and last.best is not None and not interrupted:
        asked = ConfirmRequest(
            study=last.study,
            force=request.force,
            storage=request.storage,
            deadline=request.deadline,
        )
        confirmation, interrupted = confirm_study(asked)
    if request.as_json and data is not None:
        more = {"confirmation": confirmation.data()} if confirmation else {}
        sys.stdout.write(json.dumps(data | more, indent=2) + "\n")
    elif confirmation:
        print_confirmation(confirmation)
    return INTERRUPTED if interrupted else 0


def _next_commands(summary: Summary, url: URL, request: Request) -> list[str]:
    force = request.force
    workers = 1 if force.inline else force.workers
    again = [*_run_again(request), *force.arguments()]
    confirm = [] if request.confirm else ["tuner", "confirm", summary.study, *force.arguments()]
    return words.next_commands(summary, url, again, confirm, workers)


def _run_again(request: Request) -> list[str]:
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
