"""`python -m tuner`, and the command `tuner`."""

import os
import signal

from tuner.exit_codes import INTERRUPTED


def main() -> None:
    """Runs the command line. Until it is imported nothing has begun, and Ctrl-C ends the process without a word."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    from tuner.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
