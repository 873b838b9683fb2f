"""A word where the answer hints at what to search next."""

import math
from collections.abc import Iterator

from tuner.config.algorithms import ALGORITHMS, least
from tuner.config.model import StudySpec
from tuner.config.space import ChoiceParameter, FloatParameter, IntParameter
from tuner.study.reader import Row

EDGE_SHARE = 0.05  # of a range, on its own scale
SHORT_EPISODE = 200  # control steps
LONG_SIGHT = 0.98  # a gamma that looks further than a short episode lasts


def advice(best: Row, spec: StudySpec) -> list[str]:
    """Everything worth saying about the best parameters."""
    return [*_edges(best, spec), *_gamma(best, spec)]


def _edges(best: Row, spec: StudySpec) -> Iterator[str]:
    for name, parameter in spec.space.parameters.items():
        value = best.params.get(name)
        if isinstance(parameter, ChoiceParameter) or value is None:
            continue
        low, high = parameter.bounds
        place = _place(parameter, value)
        if (place <= EDGE_SHARE and low != least(name, spec.algorithm)) or place >= 1 - EDGE_SHARE:
            end, bound = ("low", low) if place <= EDGE_SHARE else ("high", high)
            yield f"{name} = {value:g} sits at the {end} end of its range ({bound:g}): the best may lie beyond"


def _place(parameter: FloatParameter | IntParameter, value: float) -> float:
    low, high = parameter.bounds
    if parameter.scale == "linear":
        return (value - low) / (high - low)
    return math.log(value / low) / math.log(high / low)


def _gamma(best: Row, spec: StudySpec) -> Iterator[str]:
    gamma = best.arguments.get("gamma", 0.99)
    ends_early = best.success is not None  # without a success signal a short episode may be a bad one
    short = ends_early and best.episode_length is not None and best.episode_length <= SHORT_EPISODE
    if short and "gamma" not in spec.space.parameters and gamma >= LONG_SIGHT:
        searching = "ppo_full" if spec.algorithm == "ppo" else ALGORITHMS[spec.algorithm].space
        yield (
            f"gamma is fixed at {gamma:g}, and episodes are short ({best.episode_length:.0f} steps), for which the "
            f"guide has 0.95: `--space {searching} --name NAME` searches it"
        )
