"""`tuner confirm`: is the winner better, on seeds and goals that tuning never saw?"""

from typing import Annotated

import typer

from tuner.cli.options import (
    DEFAULT_STUDY,
    JsonOption,
    MemoryOption,
    MinutesOption,
    StorageOption,
    StudyArgument,
    one_of,
    whole,
)
from tuner.cli.run import ENGINES, cores

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
    workers: Annotated[
        int | None,
        typer.Option(parser=whole("--workers", 1), metavar="W", help="Runs side by side. Default: one a core."),
    ] = None,
    minutes: MinutesOption = None,
    memory: MemoryOption = None,
    engine: Annotated[str, typer.Option(metavar="|".join(ENGINES), help="Where runs go.")] = "processes",
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> int:
    """Confirm the winner: the best trials and the baselines again, on fresh seeds. The same command goes on."""
    one_of(engine, ENGINES, "--engine")
    from tuner.cli.confirming import Request, run
    from tuner.confirm.plan import DEFAULT_SEEDS, DEFAULT_TOP
    from tuner.limits import deadline

    return run(
        Request(
            study=study,
            top=top or DEFAULT_TOP,
            seeds=seeds or DEFAULT_SEEDS,
            workers=workers or cores(),
            engine=engine,
            storage=storage,
            deadline=deadline(minutes),
            memory=memory,
        ),
        as_json=as_json,
    )
