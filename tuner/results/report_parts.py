"""Parts of a report from trials: importances with intervals, learning curves, ranges, savings by pruning."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuner.config.model import StudySpec
from tuner.config.parameters import ChoiceParameter, FloatParameter, IntParameter
from tuner.results.confirmation_reading import Confirmation
from tuner.results.report_data import Band, Importance, Importances, ParameterLine, Pruning, Standing, TrialLine
from tuner.statistics.answer_records import Interval, Measure
from tuner.study.importance_shares import RESAMPLES
from tuner.study.reader import StudyReader
from tuner.study.rows import Row

FEWEST = 40  # completed trials
METHOD = "PED-ANOVA"


def importances(reader: StudyReader, generator: np.random.Generator) -> Importances:
    """Importance of each parameter for whether a trial is among the best tenth (PED-ANOVA), over resamples of trials.

    Args:
        reader: The study.
        generator: Draws the resamples and the dummy's values.
    """
    completed, names, shares = reader.importance_shares(generator, fewest=FEWEST)
    floor = _span(shares[:, -1]) if len(shares) else None
    found = [_importance(name, shares[:, place], floor) for place, name in enumerate(names) if floor]
    return Importances(
        completed=completed,
        needed=FEWEST,
        method=METHOD,
        resamples=RESAMPLES,
        parameters=tuple(sorted(found, key=lambda one: -one.median)),
        floor=floor,
    )


def _importance(name: str, shares: NDArray[np.float64], floor: Interval) -> Importance:
    interval, median = _span(shares), float(np.median(shares))
    standing: Standing = "matters" if interval.low > floor.high else "perhaps" if median > floor.high else "noise"
    return Importance(name=name, median=median, interval=interval, standing=standing)


def _span(shares: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(shares, (0.05, 0.95))
    return Interval(low=float(low), high=float(high))


Points = Sequence[Mapping[str, Any]]


def test_curves(reader: StudyReader, found: Confirmation, measure: Measure) -> tuple[Band, ...]:
    """A band for each tested configuration; none if no test run recorded its curve."""
    of_test = reader.test_runs()
    bands = [
        band(
            one.arm.name,
            [run.get("curve", []) for run in of_test if run.get("configuration") == one.arm.configuration],
            measure,
        )
        for one in found.tested
    ]
    return tuple(one for one in bands if one is not None)


def tuning_curves(rows: Iterable[Row], measure: Measure) -> tuple[Band, ...]:
    """The curves of single trials."""
    bands = [band(row.label, [row.attributes.get("curve", [])], measure) for row in rows]
    return tuple(one for one in bands if one is not None)


def band(name: str, curves: Sequence[Points], measure: Measure) -> Band | None:
    """Curves of several seeds as one band; curves without the same steps as the longest are left out."""
    courses = [course for curve in curves if (course := _course(curve, measure))]
    if not courses:
        return None
    steps = max((tuple(course) for course in courses), key=len)
    values = np.array([[course[step] for step in steps] for course in courses if tuple(course) == steps])
    low, median, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
    return Band(
        name=name,
        seeds=len(values),
        steps=steps,
        median=tuple(median.tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        lines=tuple(tuple(line) for line in values.tolist()),
    )


def _course(curve: Points, measure: Measure) -> dict[int, float]:
    return {point["step"]: float(point[measure]) for point in curve if point.get(measure) is not None}


MOST_DRAWN = 6
MOST_CROSSED = 3  # parameters, each pair of which has a contour


def parameters(
    spec: StudySpec, best: Row | None, advice: Mapping[str, str], found: Importances, seen: Sequence[str]
) -> tuple[ParameterLine, ...]:
    """Every parameter, the most important first, or in the order of the space if importances are unknown.

    Args:
        spec: The study.
        best: Its best trial.
        advice: Remarks on the best parameters, by name.
        found: The importances.
        seen: Parameters that have more than one value among completed trials.
    """
    ranked = [one.name for one in found.parameters if one.name in spec.space.parameters]
    order = [*ranked, *(name for name in spec.space.parameters if name not in ranked)]
    varied = [name for name in order if name in seen]
    above = sum(one.standing != "noise" for one in found.parameters)
    drawn = varied[: min(max(above, MOST_CROSSED), MOST_DRAWN)] if found.parameters else varied[:MOST_DRAWN]
    values = best.params if best else {}
    return tuple(
        _line(
            name,
            spec.space.parameters[name],
            values.get(name),
            advice.get(name, ""),
            drawn=name in drawn,
            varied=name in varied,
        )
        for name in order
    )


def _line(
    name: str,
    parameter: FloatParameter | IntParameter | ChoiceParameter,
    best: Any,
    word: str,
    *,
    drawn: bool,
    varied: bool,
) -> ParameterLine:
    choice = isinstance(parameter, ChoiceParameter)
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


def pruning(trials: Sequence[TrialLine], spec: StudySpec) -> Pruning:
    """The cost of a study and the savings by pruning. A trial that diverged ended early too, but saves nothing."""
    behind = [trial for trial in trials if trial.state == "pruned" and not trial.end]
    saved = [(max(spec.timesteps - trial.steps, 0), trial) for trial in behind]
    spent, spared = sum(trial.steps for trial in trials), sum(steps for steps, _ in saved)
    checkpoints = [checkpoint.step for checkpoint in spec.plan()]
    return Pruning(
        full_steps=spec.timesteps,
        pruned=len(behind),
        diverged=sum(trial.state == "pruned" for trial in trials) - len(behind),
        steps_spent=spent,
        steps_saved=spared,
        share_saved=spared / (spent + spared) if spent + spared else None,
        seconds_spent=sum(trial.seconds or 0.0 for trial in trials),
        seconds_saved=sum(
            steps * trial.seconds / trial.steps for steps, trial in saved if trial.seconds and trial.steps
        ),
        ends=dict(sorted(Counter(_checkpoint(trial.steps, checkpoints) for trial in behind).items())),
    )


def _checkpoint(steps: int, checkpoints: Sequence[int]) -> int:
    """The step of the evaluation after which a trial was pruned: training ends a step later."""
    return max((step for step in checkpoints if step <= steps), default=0)
