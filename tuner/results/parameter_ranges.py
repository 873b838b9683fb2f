"""The ranges that were searched, and where the best trial stands in them."""

from collections.abc import Sequence
from typing import Any

from tuner.config.model import StudySpec
from tuner.config.space import ChoiceParameter, FloatParameter, IntParameter
from tuner.results.report_data import Importances, ParameterLine
from tuner.results.rows import Row

MOST_DRAWN = 6
MOST_CROSSED = 3  # parameters, each pair of which has a contour


def parameters(
    spec: StudySpec, best: Row | None, advice: Sequence[str], found: Importances, seen: Sequence[str]
) -> tuple[ParameterLine, ...]:
    """Every parameter, the most important first; in the space's order where importances are not known.

    Args:
        spec: The study.
        best: Its best trial.
        advice: What there is to say about it.
        found: The importances.
        seen: Parameters of which completed trials have more than one value.
    """
    ranked = [one.name for one in found.parameters if one.name in spec.space.parameters]
    order = [*ranked, *(name for name in spec.space.parameters if name not in ranked)]
    varied = [name for name in order if name in seen]
    above = sum(one.standing != "noise" for one in found.parameters)
    drawn = varied[: min(max(above, MOST_CROSSED), MOST_DRAWN)] if found.parameters else varied[:MOST_DRAWN]
    values = best.params if best else {}
    return tuple(
        _line(name, spec.space.parameters[name], values.get(name), advice, drawn=name in drawn, varied=name in varied)
        for name in order
    )


def _line(
    name: str,
    parameter: FloatParameter | IntParameter | ChoiceParameter,
    best: Any,
    advice: Sequence[str],
    *,
    drawn: bool,
    varied: bool,
) -> ParameterLine:
    choice = isinstance(parameter, ChoiceParameter)
    word = next((line for line in advice if line.startswith(f"{name} = ")), "")
    return ParameterLine(
        name=name,
        kind=parameter.type,
        scale="" if isinstance(parameter, ChoiceParameter) else parameter.scale,
        low=None if choice else float(parameter.bounds[0]),
        high=None if choice else float(parameter.bounds[1]),
        choices=tuple(parameter.choices) if isinstance(parameter, ChoiceParameter) else (),
        best=best,
        drawn=drawn,
        varied=varied,
        word=word,
    )
