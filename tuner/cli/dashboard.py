"""`tuner dashboard`: the studies in a browser."""

from typing import Annotated

import typer

from tuner.cli.options import StorageOption, at_least
from tuner.errors import UsageProblem

DEFAULT_PORT = 8080
LAST_PORT = 65535


def dashboard(
    *,
    port: Annotated[int, typer.Option(metavar="PORT", help="On loopback; 0 takes a free one.")] = DEFAULT_PORT,
    storage: StorageOption = None,
) -> None:
    """Serve optuna-dashboard over the studies, read-only, on this machine alone."""
    at_least(port, 0, "--port")
    if port > LAST_PORT:
        raise UsageProblem(f"--port {port}: must be at most {LAST_PORT}")
    from tuner.cli.resolve import storage_url  # noqa: PLC0415 - heavy
    from tuner.dashboard.server import serve  # noqa: PLC0415

    serve(storage_url(storage), port, announce=lambda url: typer.echo(f"Dashboard: {url} (Ctrl-C ends it)", err=True))
