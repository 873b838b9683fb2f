"""`tuner serve`, `tuner submit`, `tuner cancel`: a standing service and its queue."""

from typing import Annotated

import typer

from tuner.cli.dashboard import DEFAULT_HOST, DEFAULT_PORT, HostOption, PortOption, TokenOption, token_path
from tuner.cli.options import (
    DEFAULT_STUDY,
    EngineOption,
    MemoryOption,
    RayAddressOption,
    StorageOption,
    StudyArgument,
    WorkersOption,
    whole,
)
from tuner.cli.workforce import workforce


def serve(
    *,
    workers: WorkersOption = None,
    port: PortOption = DEFAULT_PORT,
    host: HostOption = DEFAULT_HOST,
    token_file: TokenOption = None,
    memory: MemoryOption = None,
    engine: EngineOption = "processes",
    ray_address: RayAddressOption = None,
    storage: StorageOption = None,
) -> int:
    """Serve the dashboard and work off submitted studies, one after another, until it is stopped."""
    from tuner.cli.serving import Request
    from tuner.cli.serving import serve as work_and_serve

    return work_and_serve(
        Request(
            storage=storage,
            force=workforce(engine, workers, memory, ray_address),
            host=host,
            port=port,
            token_file=token_path(token_file),
        )
    )


def submit(
    study: StudyArgument = DEFAULT_STUDY,
    *,
    trials: Annotated[
        int | None, typer.Option(parser=whole("--trials", 1), metavar="N", help="Finished trials in all.")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="The study's name in the database.")] = None,
    space: Annotated[str | None, typer.Option(metavar="NAME|FILE", help="The search space.")] = None,
    env: Annotated[str | None, typer.Option(metavar="ID", help="A Gymnasium environment.")] = None,
    confirm: Annotated[bool, typer.Option("--confirm", help="At the end, confirm the winner.")] = False,
    skip_check: Annotated[
        bool, typer.Option("--skip-check", help="Start it whatever the look at its environment finds.")
    ] = False,
    storage: StorageOption = None,
) -> None:
    """Submit a study to the service that works at the database: its whole spec is stored there."""
    from tuner.cli.submitting import submit_study

    changes = {key: value for key, value in {"trials": trials, "space": space}.items() if value is not None}
    submit_study(study, storage, name=name, changes=changes, env=env, confirm=confirm, skip_check=skip_check)


def cancel(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="The name of a submitted study.")],
    *,
    storage: StorageOption = None,
) -> None:
    """Take a study out of the service's queue; what is finished of it is kept."""
    from tuner.cli.submitting import cancel_study

    cancel_study(study, storage)
