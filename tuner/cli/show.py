"""`tuner show`: one trial, how it learnt and how healthy its training was."""

import json
import sys
from typing import Annotated

import typer

from tuner.cli.options import DEFAULT_STUDY, JsonOption, StorageOption

BEST = "best"


def show(
    trial: Annotated[
        str, typer.Argument(metavar="[TRIAL]", help="A trial's number, `best`, or a baseline's name.")
    ] = BEST,
    *,
    study: Annotated[str, typer.Option(metavar="STUDY", help="Whose trial.")] = DEFAULT_STUDY,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one trial: its parameters, its learning curve, what its training signals say, and the cures."""
    from tuner.cli.opening import open_study
    from tuner.cli.show_tables import lines, trial_data
    from tuner.reporting.rows import make_rows, pick

    stored, spec = open_study(study, storage)
    row = pick(make_rows(stored.get_trials(deepcopy=False), spec), trial)
    text = json.dumps(trial_data(row, spec), indent=2) if as_json else "\n".join(lines(row, spec))
    sys.stdout.write(text + "\n")
