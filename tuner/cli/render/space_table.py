"""A search space as a table for people, on standard output."""

from collections.abc import Iterator

from rich.table import Table

from tuner.cli.render.result_console import ResultConsole
from tuner.config.algorithms import ALGORITHMS, title
from tuner.config.load import Found
from tuner.config.parameters import ChoiceParameter, IntParameter, Parameter
from tuner.config.schedules import shown
from tuner.config.space import SpaceSpec

GUIDE = ("learning_rate", "n_steps", "batch_size", "n_epochs", "gamma", "gae_lambda", "clip_range", "ent_coef")
SCALES = {"power_of_two": "powers of two"}


def print_space(found: Found, space: SpaceSpec) -> None:
    """The searched parameters with ranges, then the fixed ones, each with the PPO guide's default."""
    console = ResultConsole()
    console.print(
        f"Space {found.name!r} of {title(space.algorithm)} ({found.where}): {space.description or 'no description'}",
    )
    table = Table("parameter", "type", "values", "scale", "condition", "guide's default", box=None, pad_edge=False)
    for name, parameter in space.parameters.items():
        scale = "" if isinstance(parameter, ChoiceParameter) else SCALES.get(parameter.scale, parameter.scale)
        condition = "; ".join(_conditions(parameter))
        table.add_row(name, parameter.type, _values(parameter), scale, condition, _guide(space, name))
    for name, value in space.fixed.items():
        condition = "where it is not searched" if name in space.parameters else ""
        table.add_row(name, "fixed", _word(value), "", condition, _guide(space, name))
    console.print(table)


def _values(parameter: Parameter) -> str:
    if isinstance(parameter, ChoiceParameter):
        return ", ".join(map(_word, parameter.choices))
    low, high = parameter.bounds
    return f"{low:g} … {high:g}"


def _conditions(parameter: Parameter) -> Iterator[str]:
    if parameter.target == "environment":
        yield "of the environment"
    if isinstance(parameter, IntParameter) and parameter.below is not None:
        yield f"below {parameter.below}"
    for name, values in parameter.when.items():
        yield f"{name} = {' or '.join(map(_word, values))}"


def _guide(space: SpaceSpec, name: str) -> str:
    return _word(ALGORITHMS["ppo"].defaults[name]) if space.algorithm == "ppo" and name in GUIDE else ""


def _word(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return shown(value)
