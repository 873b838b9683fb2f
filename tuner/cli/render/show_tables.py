"""One trial in plain text, for terminals and pipes alike: its figures, its curve, its health."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuner.config.algorithms import title
from tuner.config.model import StudySpec
from tuner.config.schedules import part_of, shown
from tuner.diagnosis.training_record import Sign, read
from tuner.results.health import signs_of
from tuner.results.summary import row_data
from tuner.study.rows import Row
from tuner.verdicts import worst

WIDTH, HEIGHT = 60, 8  # characters of the drawing itself
EIGHTHS = " ▁▂▃▄▅▆▇█"
COURSE = 12  # characters of a course in a line


def draw(
    steps: Sequence[float],
    values: Sequence[float],
    *,
    say: Callable[[float], str],
    bounds: tuple[float, float] | None = None,
    width: int = WIDTH,
) -> list[str]:
    """A curve over environment steps as an area of blocks, with its scale; at most 15 columns more than `width`.

    Args:
        steps: Where the values are, rising.
        values: As many, finite.
        say: How a value is written at the axis.
        bounds: Of the axis; those of the values where none are given.
        width: Columns of the drawing itself.
    """
    low, high = bounds or (min(values), max(values))
    if high <= low:
        high = low + 1.0
    places = np.linspace(0, steps[-1], width)
    levels = np.round((np.interp(places, steps, values) - low) / (high - low) * HEIGHT * 8).astype(int)
    levels[places < steps[0]] = 0
    levels[-1] = round((values[-1] - low) / (high - low) * HEIGHT * 8)
    labels = {HEIGHT - 1: say(high), 0: say(low)}
    room = max(map(len, labels.values()))
    lines = [f"{labels.get(row, ''):>{room}} │{_cells(levels, row)}".rstrip() for row in reversed(range(HEIGHT))]
    last = f"{steps[-1]:,.0f} steps"
    return [*lines, f"{'':{room}} └{'─' * width}", f"{'':{room}}  0{last:>{width - 1}}"]


def _cells(levels: NDArray[np.int_], row: int) -> str:
    """One row of the area; `levels` are its heights in eighths of a row."""
    return "".join(EIGHTHS[level] for level in np.clip(levels - 8 * row, 0, 8))


def course(values: Sequence[float], bounds: tuple[float, float] | None = None) -> str:
    """A series as a line of blocks, between bounds or from its least to its largest value; none for fewer than two."""
    known = np.array([value for value in values if np.isfinite(value)])
    if len(known) < 2:
        return ""
    width = min(COURSE, len(known))
    means = np.array([part.mean() for part in np.array_split(known, width)])
    low, high = bounds or (means.min(), means.max())
    shares = np.clip((means - low) / (high - low), 0, 1) if high > low else np.zeros(width)
    levels = np.round(shares * 7).astype(int)
    return "".join(EIGHTHS[1 + level] for level in levels)


COLUMNS = 80
SCALE = 15  # columns beside a drawing
SERIES = {"policy loss": "policy_gradient_loss", "entropy": "entropy_loss"}  # signals that a line calls otherwise


def lines(row: Row, spec: StudySpec, others: Sequence[Row] = (), width: int = COLUMNS) -> list[str]:
    """The whole page, at most `width` columns; `others` are the study's trials, among which its repeats are."""
    width = min(width, COLUMNS)
    sections = (
        _heading(row, spec, width),
        _seeds(row, spec, others, width),
        _arguments(row),
        _curve(row, spec, min(WIDTH, width - SCALE)),
        _milestones(row),
        _health(row, spec, width),
    )
    return [line for section in sections for line in section]


def trial_data(row: Row, spec: StudySpec) -> dict[str, Any]:
    """The same as JSON, the recorded series included."""
    signs = signs_of(row, spec)
    return {
        "study": spec.name,
        **row_data(row),
        "steps": row.steps,
        "end": end(row),
        "curve": row.attributes.get("curve", []),
        "verdict": worst(signs) if signs else None,
        "diagnosis": [asdict(sign) for sign in signs],
        "health": row.attributes.get("health"),
    }


def end(row: Row) -> str:
    """How the trial ended, and why where it was not by its budget."""
    attributes = row.attributes
    why = attributes.get("interrupted") or attributes.get("failure")
    if row.state == "fail":
        return f"interrupted: {why}" if "interrupted" in attributes else f"failed: {why}"
    if row.state != "pruned":
        return {"complete": "completed"}.get(row.state, row.state)
    if "gave_up" in attributes:
        return f"given up, as pruned: {attributes['reason']}"
    if reason := attributes.get("reason"):
        return f"pruned, since it diverged: {reason}"
    return f"pruned at {row.steps:,} steps: behind the other trials at the same step"


def _heading(row: Row, spec: StudySpec, width: int) -> Iterator[str]:
    role = f" ({row.role.replace(':', ' ')})" if row.role else ""
    yield f"Trial {row.number}{role} of study {spec.name!r}: {title(spec.algorithm)} in {spec.environment.id}"
    yield from _pair("end", end(row), width)
    score = f"{row.value:.4g}" if row.value is not None else "-"
    success = f", success {row.success:.0%}" if row.success is not None else ""
    yield from _pair("score", score + success, width)
    if spec.objective.words:
        yield from _pair("objective", spec.objective.words, width)
    if row.seconds is not None:
        rate = f", {row.attributes['steps_per_second']:,.0f} steps/s" if "steps_per_second" in row.attributes else ""
        yield from _pair("training", f"{row.steps:,} steps in {row.seconds:.0f} s{rate}", width)
    retry = f", runs trial {row.attributes['retry_of']} again" if "retry_of" in row.attributes else ""
    yield from _pair("seed", shown(row.seed) + retry, width)


def _seeds(row: Row, spec: StudySpec, others: Sequence[Row], width: int) -> Iterator[str]:
    """What a trial repeats, and its configuration's results by seed; nothing where it ran once."""
    if row.repeat_of is not None:
        yield from _pair("repeat of", f"trial {row.repeat_of}" + (f", {row.label}" if row.role else ""), width)
    runs = [one for one in others if one.finished and one.label == row.label]
    if row.repeat_of is None and all(one.repeat_of is None for one in runs):
        return
    rates = spec.objective.measure(told=row.success is not None) == "success"
    said = [
        f"{one.success:.0%}" if rates and one.success is not None else shown(one.value)
        for one in runs
        if one.value is not None
    ]
    yield from _pair("all seeds", f"{' '.join(said)} (trials {', '.join(str(one.number) for one in runs)})", width)


def _pair(name: str, value: str, width: int) -> list[str]:
    return textwrap.wrap(value, width, initial_indent=f"{name:<14}", subsequent_indent=" " * 14)


def _arguments(row: Row) -> Iterator[str]:
    yield ""
    searched = {part_of(name) or name for name in row.params}  # a schedule's parts stand for its argument
    yield "Parameters (* searched)"
    width = max(22, *(len(name) + 1 for name in row.arguments))
    for name, value in row.arguments.items():
        star = "*" if name in searched else " "
        yield f"{star} {name:<{width}}{shown(value)}"


def _curve(row: Row, spec: StudySpec, width: int) -> Iterator[str]:
    points = row.attributes.get("curve", [])
    name = spec.objective.measure(told=bool(points) and points[0].get("success") is not None)
    known = [(point["step"], point[name]) for point in points if point.get(name) is not None]
    if not known:
        return
    steps, values = [step for step, _ in known], [value for _, value in known]
    best = max(values)
    yield ""
    if name == "success":
        yield f"Success over steps (best {best:.0%}, last {values[-1]:.0%}; {len(values)} evaluations)"
        yield from draw(steps, values, say="{:.0%}".format, bounds=(0.0, 1.0), width=width)
    else:
        yield f"{name.capitalize()} over steps (best {best:.4g}, last {values[-1]:.4g}; {len(values)} evaluations)"
        yield from draw(steps, values, say="{:.4g}".format, width=width)


def _milestones(row: Row) -> Iterator[str]:
    if row.milestones:
        yield ""
        yield "Milestones (share of episodes, mean of the last three evaluations)"
        for name, share in row.milestones.items():
            yield f"  {name:<22}{share:4.0%} {'█' * round(40 * share)}".rstrip()


def _health(row: Row, spec: StudySpec, width: int) -> Iterator[str]:
    signs = signs_of(row, spec)
    yield ""
    if not signs:
        nothing = "made before signals were" if row.finished and row.steps else "no update of this trial was"
        yield f"Health: not known ({nothing} recorded)"
        return
    updates = row.attributes["health"]["updates"]
    yield f"Health: {worst(signs)} ({updates} update{'s' * (updates != 1)})"
    yield from _table(
        signs, {name: course(list(values)) for name, values in read(row.attributes["health"])[0].items()}, width
    )


def _table(signs: Sequence[Sign], courses: dict[str, str], width: int) -> Iterator[str]:
    for sign in signs:
        drawn = courses.get(SERIES.get(sign.name, sign.name), "")
        head = f"{sign.verdict:<8}{sign.name:<19}{drawn:<13}"
        yield from textwrap.wrap(sign.finding, width, initial_indent=head, subsequent_indent=" " * 40)
        if sign.suggestion:
            yield from textwrap.wrap(
                sign.suggestion, width, initial_indent=f"{'':8}suggestion: ", subsequent_indent=" " * 20
            )
