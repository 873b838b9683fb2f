"""Entry point: registers the commands, turns errors into one line and an exit code."""

import _thread
import atexit
import errno
import functools
import importlib.metadata
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
import typer.exceptions
from typer.core import TyperCommand, TyperGroup

from tuner import __version__, traces
from tuner.cli import (
    check_command,
    compare_command,
    confirm_command,
    dashboard_command,
    export_command,
    list_command,
    play_command,
    report_command,
    run_command,
    serve_command,
    show_command,
    status_command,
    train_command,
)
from tuner.cli.standard_files import open_standard_files, results_apart, say
from tuner.cli.visible import visible
from tuner.errors import TunerError, WorkerBroke, without_passwords
from tuner.exit_codes import INTERRUPTED, TERMINATED, UNEXPECTED


def _fold(formatter: Any) -> None:
    """On a narrow terminal, explanations of options stand below them."""
    if formatter.width < NARROW:
        formatter.write_dl = functools.partial(formatter.write_dl, col_max=NARROW_COLUMN)


class _Plain(TyperCommand):
    """A command whose help is readable at any width."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        _fold(formatter)
        super().format_options(ctx, formatter)


class _Groups(TyperGroup):
    """The list of commands in the order of use, under headings."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        _fold(formatter)
        super().format_options(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        for title, names in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(LONGEST)) for name in names])


RENAMED = {"--films": "--videos"}  # options; old names work for one version
NARROW = 72  # columns
NARROW_COLUMN = 10  # for names, where explanations stand below longer ones
LONGEST = 68  # characters of a command's first line, at 80 columns
COMMANDS: dict[str, dict[str, Callable[..., Any]]] = {
    "Tune": {
        "check": check_command.check, "run": run_command.run, "confirm": confirm_command.confirm,
        "compare": compare_command.compare,
    },
    "Understand": {
        "status": status_command.status, "show": show_command.show, "report": report_command.report,
        "list": list_command.list_names,
    },
    "Use": {
        "export": export_command.export, "train": train_command.train, "play": play_command.play,
    },
    "Serve": {
        "dashboard": dashboard_command.dashboard, "serve": serve_command.serve, "submit": serve_command.submit,
        "cancel": serve_command.cancel,
    },
}  # fmt: skip
app = typer.Typer(
    name="tuner",
    cls=_Groups,
    help="Tune PPO and other Stable-Baselines3 algorithms for robot learning with Optuna, scored by success rate.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _group in COMMANDS.values():
    for _name, _command in _group.items():
        app.command(_name, cls=_Plain)(results_apart(_command))


def _version(wanted: bool) -> None:
    if wanted:
        optuna, sb3 = (importlib.metadata.version(name) for name in ("optuna", "stable-baselines3"))
        typer.echo(f"tuner {__version__}, Optuna {optuna}, Stable-Baselines3 {sb3}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print versions."),  # noqa: ARG001
    verbose: bool = typer.Option(False, "--verbose", help="Log more to standard error."),
) -> None:
    logging.basicConfig(level=logging.DEBUG if verbose else logging.WARNING, stream=sys.stderr)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_VisibleLines("%(levelname)s %(message)s"))
        handler.addFilter(_quiet_about_ctrl_c)


class _VisibleLines(logging.Formatter):
    """Log lines with control characters made visible."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def main() -> None:
    """Runs the command line and exits: 0 done, 1 known error, 2 usage, 3 internal error, 130 Ctrl-C, 143 SIGTERM."""
    open_standard_files()
    signal.signal(signal.SIGTERM, _stop)
    if heard := signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)  # the last: the exit code stays
    sys.unraisablehook = _unraisable
    try:
        code = call(sys.argv[1:])
    except KeyboardInterrupt:  # another one, while an error was said
        code = INTERRUPTED
    code = TERMINATED if code == INTERRUPTED and signal.getsignal(signal.SIGTERM) is signal.SIG_IGN else code
    if heard:  # nothing is left to be stored
        signal.signal(signal.SIGINT, lambda *_: os._exit(code))
    sys.exit(code)


def _unraisable(error: Any) -> None:
    """Ctrl-C where Python cannot raise it, as in a destructor, is raised a moment later instead of printed."""
    if issubclass(error.exc_type, KeyboardInterrupt):
        _thread.interrupt_main()
    else:
        sys.__unraisablehook__(error)


def _quiet_about_ctrl_c(record: logging.LogRecord) -> bool:
    """Cuts the traceback that a library logs of a Ctrl-C, as SQLAlchemy's pool does."""
    if record.exc_info and isinstance(record.exc_info[1], KeyboardInterrupt):
        record.exc_info = None
    return True


def _stop(*_: object) -> None:
    """SIGTERM is handled like one Ctrl-C; further ones are ignored while results are stored."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def call(arguments: list[str]) -> int:
    """Runs one command; returns its exit code."""
    for old, new in RENAMED.items():
        if old in arguments:
            say(f"tuner: {old} is now called {new}")
            arguments = [new if word == old else word for word in arguments]
    try:
        return app(arguments or ["--help"], prog_name="tuner", standalone_mode=False) or 0
    except typer.exceptions.TyperException as error:
        where = context.command_path if (context := getattr(error, "ctx", None)) else "tuner"
        return _say(f"{' '.join(error.format_message().split())} (see `{where} --help`)", error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except WorkerBroke as error:
        return _unexpected(error, error.trace)
    except TunerError as error:
        return _say(str(error), error.exit_code)
    except BrokenPipeError:  # the reader of our output left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - the border
        if isinstance(error, OSError) and _is_machines(error):
            return _say(f"{error} (fix the cause, then rerun to resume)", 1)
        return _unexpected(error, traceback.format_exc())


MACHINES = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.EAGAIN,
    errno.ESTALE,
    errno.ENAMETOOLONG,
    errno.EFBIG,
)


def _is_machines(error: OSError) -> bool:
    """Whether the user's machine is to blame: a full disk, missing permissions, a folder that is gone.

    A missing file is, unless it is one of tuner's own; any other error is a fault of the program.
    """
    own = str(error.filename or "").startswith(str(Path(__file__).parent.parent))
    return error.errno in MACHINES or (error.errno in (errno.ENOENT, errno.ENOTDIR) and not own)


def _say(message: str, code: int) -> int:
    for line in without_passwords(message).splitlines():
        say(f"tuner: {line}", "red")
    return code


def _unexpected(error: BaseException, trace: str) -> int:
    return _say(f"{type(error).__name__}: {error} - internal error; traceback in {traces.write(trace)}", UNEXPECTED)
