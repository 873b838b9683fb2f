"""`tuner serve`, `tuner submit`, `tuner cancel`: a standing service and its queue."""

from typing import Annotated

import typer

from tuner.app.limits import DEFAULT_HOST, DEFAULT_PORT, DEFAULT_STUDY
from tuner.cli import options
from tuner.cli.dashboard_command import HostOption, PortOption, TokenOption, token_path


def serve(
    *,
    workers: options.WorkersOption = None,
    port: PortOption = DEFAULT_PORT,
    host: HostOption = DEFAULT_HOST,
    token_file: TokenOption = None,
    allow_env: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-env",
            metavar="PATTERN",
            help="Also run environments of this module or file, * for anything; repeatable.",
        ),
    ] = None,
    memory: options.MemoryOption = None,
    hang_timeout: options.HangTimeoutOption = None,
    engine: options.EngineOption = "processes",
    ray_address: options.RayAddressOption = None,
    storage: options.StorageOption = None,
) -> None:
    """Run submitted studies one after another, beside the dashboard."""
    from tuner.app.engine_options import EngineOptions
    from tuner.app.serve import ServeRequest
    from tuner.app.serve import serve as run_service
    from tuner.cli.render.notifier import TerminalNotifier

    request = ServeRequest(
        storage=storage,
        engine=EngineOptions(
            engine=engine, workers=workers, memory=memory, hang_timeout=hang_timeout, address=ray_address
        ),
        host=host,
        port=port,
        token_file=token_path(token_file),
        allowed=tuple(allow_env or ()),
    )
    with TerminalNotifier() as notifier:
        run_service(request, notifier)


def submit(
    study: options.StudyArgument = DEFAULT_STUDY,
    *,
    trials: Annotated[int | None, options.number("--trials", "N", "Total number of finished trials.")] = None,
    name: options.NameOption = None,
    space: options.SpaceOption = None,
    env: Annotated[str | None, typer.Option(metavar="ID", help="A Gymnasium environment.")] = None,
    confirm: Annotated[bool, typer.Option("--confirm", help="Afterwards confirm the winner.")] = False,
    skip_check: Annotated[
        bool, typer.Option("--skip-check", help="Start it even if the check of its environment finds problems.")
    ] = False,
    storage: options.StorageOption = None,
) -> None:
    """Submit a study to the service of a database."""
    from tuner.app.submit import SubmitRequest
    from tuner.app.submit import submit as submit_study
    from tuner.cli.render.notifier import TerminalNotifier
    from tuner.cli.standard_files import say
    from tuner.study.storage import describe

    changes = {key: value for key, value in {"trials": trials, "space": space}.items() if value is not None}
    request = SubmitRequest(
        study=study,
        storage=storage,
        name=name,
        changes=changes,
        environment=env,
        confirm=confirm,
        skip_check=skip_check,
    )
    with TerminalNotifier() as notifier:
        made = submit_study(request, notifier)
    one = made.submission
    say(f"Submitted study {one.study!r}, {one.trials} trials, to {describe(made.url)}")
    say(f"Before it: {', '.join(made.ahead)}" if made.ahead else "It is next; `tuner serve` runs it.")


def cancel(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="The name of a submitted study.")],
    *,
    storage: options.StorageOption = None,
) -> None:
    """Cancel a submitted study; its finished trials are kept."""
    from tuner.app.submit import cancel as cancel_study
    from tuner.cli.standard_files import say

    found = cancel_study(study, storage)
    now = "the service stops within seconds" if found.state == "running" else "nothing had started"
    say(f"Cancelled study {found.study!r}: {now}; finished trials are kept.")
