"""One function, once, in a process of its own: what imports an environment does not do so in the coordinator."""

from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

from tuner.engines.processes import spawn
from tuner.engines.worker import begin, broken
from tuner.errors import EnvironmentFailed, TunerError

Given = ParamSpec("Given")
Result = TypeVar("Result")


def run_once(function: Callable[Given, Result], *arguments: Given.args, **named: Given.kwargs) -> Result:
    """What the function returns, or raises, elsewhere.

    Raises:
        EnvironmentFailed: where the process died under it.
        WorkerBroke: where it raised what is no error of ours.
    """
    child = spawn(serve, function, arguments, named, name="tuner-once")
    result: Any = None
    died = False
    try:
        result = child.pipe.recv()
    except (EOFError, OSError):
        died = True
    finally:
        how = child.bury()
    if died:
        raise EnvironmentFailed(f"the process died that looked at the environment ({how})")
    if isinstance(result, TunerError):
        raise result
    return result  # type: ignore[no-any-return]


def serve(
    pipe: Connection,
    lifeline: Connection,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    named: dict[str, Any],
) -> None:
    """Calls the function and sends what it returns or raises."""
    begin(lifeline)
    message: Any
    try:
        message = function(*arguments, **named)
    except TunerError as error:
        message = error
    except Exception as error:  # noqa: BLE001 - the border: it is passed on whole
        message = broken(error)
    pipe.send(message)
