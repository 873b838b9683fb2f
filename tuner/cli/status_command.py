"""`tuner status`: where a study stands."""

import time
from typing import Annotated

import typer

from tuner.app.limits import DEFAULT_STUDY
from tuner.cli.options import JsonOption, StorageOption, StudyArgument, print_json
from tuner.cli.standard_files import results
from tuner.errors import StorageFailed, UnknownName

WATCH_EVERY = 5.0  # s


def status(
    study: StudyArgument = DEFAULT_STUDY,
    *,
    trials: Annotated[bool, typer.Option("--trials", help="List all trials, best first.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Refresh every few seconds until all trials have finished.")
    ] = False,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a study: trials by state, the best trial, the baselines."""
    from tuner.cli.render.live_board import on_terminal
    from tuner.cli.standard_files import say

    if drawn := watch and not as_json and on_terminal():
        _watch(study, storage)
    if drawn or not watch:
        _show(study, storage, trials=trials, as_json=as_json)
        return
    said = False
    while True:
        try:
            if not _show(study, storage, trials=trials, as_json=as_json, line=True):
                return
        except (StorageFailed, UnknownName) as error:  # its run may be about to begin
            if not said:
                say(f"{str(error).splitlines()[0]}: waiting for it (Ctrl-C ends)")
            said = True
        time.sleep(WATCH_EVERY)


def _watch(study: str, storage: str | None) -> None:
    """Draws its progress until all trials have finished."""
    from tuner.app.status import read_status
    from tuner.app.watched_study import watched
    from tuner.cli.render.live_board import LiveBoard

    with LiveBoard() as board:
        while True:
            try:
                found = read_status(study, storage)
            except (StorageFailed, UnknownName) as error:  # its run may be about to begin
                board.draw(f"{str(error).splitlines()[0]}: waiting for it (Ctrl-C ends)")
            else:
                now = watched(found)
                board.draw(now.line, now.bars, now.leader)
                if found.finished:
                    return
            time.sleep(WATCH_EVERY)


def _show(study: str, storage: str | None, *, trials: bool, as_json: bool, line: bool = False) -> bool:
    """Prints it once, as JSON in one line where more may follow; returns whether there is more to come."""
    from tuner.app.status import read_status
    from tuner.cli.render.tables import print_status

    found = read_status(study, storage)
    if as_json:
        print_json(found.data(trials=trials), line=line)
    else:
        print_status(found, trials=trials)
    results().flush()
    return not found.finished
