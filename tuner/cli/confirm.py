"""`tuner confirm`: is the winner better, on seeds and goals that tuning never saw?"""

from typing import Annotated

import typer

from tuner.cli.options import (
    DEFAULT_STUDY,
    EngineOption,
    JsonOption,
    MemoryOption,
    MinutesOption,
    RayAddressOption,
    StorageOption,
    StudyArgument,
    WorkersOption,
    whole,
)
from tuner.cli.workforce import workforce

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
    from tuner.cli.confirming import Request, run
    from tuner.confirm.plan import DEFAULT_SEEDS, DEFAULT_TOP
    from tuner.planning.time_limit import deadline

    return run(
        Request(
            study=study,
            top=top or DEFAULT_TOP,
            seeds=seeds or DEFAULT_SEEDS,
            force=workforce(engine, workers, memory, ray_address),
            storage=storage,
            deadline=deadline(minutes),
        ),
        as_json=as_json,
    )
