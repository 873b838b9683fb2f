"""`tuner show`: one trial, how it learnt and how healthy its training was."""

from typing import Annotated

import typer

from tuner.app.limits import DEFAULT_STUDY
from tuner.cli.completion import complete_study
from tuner.cli.options import JsonOption, StorageOption, print_json

BEST = "best"


def show(
    trial: Annotated[
        str, typer.Argument(metavar="[TRIAL]", help="A trial number, `best`, or a baseline's name.")
    ] = BEST,
    *,
    study: Annotated[
        str, typer.Option(metavar="STUDY", autocompletion=complete_study, help="The study.")
    ] = DEFAULT_STUDY,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one trial: parameters, learning curve, diagnosis."""
    from tuner.app.status import read_trial
    from tuner.cli.render.live_board import Waiting
    from tuner.cli.render.result_console import ResultConsole
    from tuner.cli.render.show_tables import lines, trial_data

    with Waiting("reading the study"):
        row, reader = read_trial(study, trial, storage)
    if as_json:
        print_json(trial_data(row, reader.spec))
    else:
        console = ResultConsole()
        for line in lines(row, reader.spec, reader.rows, console.width):
            console.print(line)
