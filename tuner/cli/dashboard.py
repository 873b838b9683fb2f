"""`tuner dashboard`: the studies in a browser."""

from typing import Annotated

import typer

from tuner.cli.options import StorageOption, whole

DEFAULT_PORT = 8080
LAST_PORT = 65535


def dashboard(
    *,
    port: Annotated[
        int, typer.Option(parser=whole("--port", 0, LAST_PORT), metavar="PORT", help="On loopback; 0 takes a free one.")
    ] = DEFAULT_PORT,
    storage: StorageOption = None,
) -> None:
    """Serve optuna-dashboard over the studies, read-only, on this machine alone."""
    from tuner.cli.opening import storage_url
    from tuner.dashboard.server import serve

    serve(storage_url(storage), port, announce=lambda url: typer.echo(f"Dashboard: {url} (Ctrl-C ends it)", err=True))
