"""`tuner dashboard`: the studies in a browser."""

from pathlib import Path
from typing import Annotated

import typer

from tuner.app.limits import DEFAULT_HOST, DEFAULT_PORT
from tuner.cli.options import StorageOption, number

LAST_PORT = 65535

PortOption = Annotated[int, number("--port", "PORT", "0 takes a free one.", low=0, high=LAST_PORT)]
HostOption = Annotated[
    str, typer.Option("--host", metavar="HOST", help="Address to listen on; beyond this machine a token is required.")
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        help="File with the access token. Beyond this machine one is generated if none is given.",
    ),
]


def dashboard(
    *,
    port: PortOption = DEFAULT_PORT,
    host: HostOption = DEFAULT_HOST,
    token_file: TokenOption = None,
    writable: Annotated[
        bool, typer.Option("--writable", help="Allow notes, deletions and other changes from the page.")
    ] = False,
    storage: StorageOption = None,
) -> None:
    """Show the studies in optuna-dashboard, read-only, on this machine."""
    from tuner.app.resolve import storage_url
    from tuner.app.study_stories import stories
    from tuner.dashboard.server import serve

    url = storage_url(storage)
    # what a page may change is not loaded: a model's file can run code
    with stories(url, named=storage is not None, videos=not writable) as teller:
        serve(
            url,
            port,
            host=host,
            token_file=token_path(token_file),
            writable=writable,
            teller=teller,
            announce=lambda address: typer.echo(f"Dashboard: {address} (Ctrl-C ends it)", err=True),
        )


def token_path(text: str | None) -> Path | None:
    """The token's file as a path, None where none was given."""
    return None if text is None else Path(text).expanduser()
