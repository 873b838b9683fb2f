"""`tuner confirm`: is the winner better, on seeds and goals that tuning never saw?"""

from typing import Annotated

import typer

from tuner.app.defaults import DEFAULT_STUDY
from tuner.cli.options import (
    INTERRUPTED,
    EngineOption,
    JsonOption,
    MemoryOption,
    MinutesOption,
    RayAddressOption,
    StorageOption,
    StudyArgument,
    WorkersOption,
    print_json,
    whole,
)

MOST = 100  # of either: what is exact over every permutation has its price


def confirm(
    study: StudyArgument = DEFAULT_STUDY,
    *,
    top: Annotated[
        int | None,
        typer.Option(
            parser=whole("--top", 1, MOST), metavar="K", help="The best K trials run for the test. Default: 4."
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            parser=whole("--seeds", 1, MOST), metavar="N", help="Test seeds of each configuration. Default: 10."
        ),
    ] = None,
    workers: WorkersOption = None,
    minutes: MinutesOption = None,
    memory: MemoryOption = None,
    engine: EngineOption = "processes",
    ray_address: RayAddressOption = None,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> int:
    """Confirm the winner: the best trials and the baselines again, on fresh seeds. The same command goes on."""
    from tuner.app.confirm import ConfirmRequest
    from tuner.app.confirm import confirm as run_confirmation
    from tuner.app.engine_options import EngineOptions
    from tuner.app.limits import deadline
    from tuner.cli.render.confirm_tables import print_confirmation
    from tuner.cli.render.notifier import TerminalNotifier
    from tuner.finals.confirmation_plan import DEFAULT_SEEDS, DEFAULT_TOP

    request = ConfirmRequest(
        study=study,
        top=top or DEFAULT_TOP,
        seeds=seeds or DEFAULT_SEEDS,
        engine=EngineOptions(engine=engine, workers=workers, memory=memory, address=ray_address),
        storage=storage,
        deadline=deadline(minutes),
    )
    result = run_confirmation(request, TerminalNotifier())
    if as_json:
        print_json(result.confirmation.data())
    else:
        print_confirmation(result.confirmation)
    return INTERRUPTED if result.interrupted else 0
