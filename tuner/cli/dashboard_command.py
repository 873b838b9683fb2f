"""`tuner dashboard`: the studies in a browser."""

import os
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from tuner.app.limits import DEFAULT_HOST, DEFAULT_PORT
from tuner.cli.options import StorageOption, number
from tuner.cli.standard_files import say

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
        bool, typer.Option("--writable", help="Take names, notes and deletions from the page, with a token.")
    ] = False,
    open_it: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    storage: StorageOption = None,
) -> None:
    """Show the studies in optuna-dashboard, read-only, on this machine."""
    from tuner.app.resolve import storage_url
    from tuner.app.study_stories import stories
    from tuner.cli.render.live_board import Waiting
    from tuner.dashboard.server import serve

    url = storage_url(storage)
    with Waiting("starting") as waiting:

        def announce(address: str) -> None:
            waiting.end()
            say(f"Dashboard: {address} (Ctrl-C ends it)")
            if open_it:
                open_page(address)

        with stories(url, named=storage is not None) as teller:
            serve(
                url,
                port,
                host=host,
                token_file=token_path(token_file),
                writable=writable,
                teller=teller,
                announce=announce,
            )


def open_page(url: str) -> None:
    """Opens a page in the user's browser, if there is one that has a window of its own."""
    windows = sys.platform != "linux" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))
    if windows:  # else Python would take one that draws in this terminal
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()  # some are waited for


def token_path(text: str | None) -> Path | None:
    """The token's file as a path, None where none was given."""
    return None if text is None else Path(text).expanduser()
