"""A bar of a progress, whoever draws it, and how figures in it are said."""

from collections.abc import Mapping, Sequence
from typing import Any

from tuner.config.model import StudySpec
from tuner.config.schedules import part_of, shown
from tuner.record_type import Record
from tuner.records import Evaluation, TrialJob
from tuner.statistics.answer_records import figure
from tuner.study.rows import Configuration

Bounds = tuple[float, float]
SHARES: Bounds = (0.0, 1.0)
SHORT = {"learning_rate": "lr"}


class Bar(Record):
    """How far one thing is; of the leader, how well it did."""

    label: str
    done: float = 0.0
    total: float = 0.0  # 0 where nothing is counted
    text: str = ""
    curve: tuple[float, ...] = ()  # success by evaluation, else the score
    bounds: Bounds | None = None  # of the curve; None for those of its values
    detail: str = ""  # the parameters that are searched
    likely_pruned: bool = False


def evaluated_curve(evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """A bar's curve and its bounds."""
    return curve_of([{"success": one.success, "score": one.score} for one in evaluations])


def curve_of(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A bar's curve and its bounds, from the points that are stored with a trial."""
    shares = [point["success"] for point in points if point.get("success") is not None]
    if shares:
        return {"curve": tuple(shares), "bounds": SHARES}
    return {"curve": tuple(point["score"] for point in points)}


def leader_bar(leader: Configuration) -> Bar:
    """The leader with what it is worth, and the curve of its first trial."""
    success, seeds = leader.success, len(leader.rows)
    text = f"score {leader.standing.mean:.3f}" + (f", success {success:.0%}" if success is not None else "")
    return Bar(
        label=f"leader: {leader.first.label}",
        text=text + (f", {seeds} seeds" if seeds > 1 else ""),
        **curve_of(leader.first.attributes.get("curve", [])),
    )


def in_short(job: TrialJob, searched: Sequence[str]) -> str:
    """The searched parameters of a job, a schedule as one value."""
    return parameters_in_short(job.params | job.environment.kwargs, searched)


def parameters_in_short(values: Mapping[str, Any], searched: Sequence[str]) -> str:
    """The searched of some values, in the order of the space."""
    names = dict.fromkeys(part_of(name) or name for name in searched)
    return ", ".join(f"{SHORT.get(name, name)} {shown(values[name])}" for name in names if name in values)


def worth(last: Evaluation, spec: StudySpec) -> str:
    """An evaluation's success rate, else its return, or its score where the objective is neither."""
    measure = spec.objective.measure(told=last.success is not None)
    values = {"success": last.success, "return": last.mean_return, "score": last.score}
    return f"{measure} {figure(values[measure], measure)}"


def clock(seconds: float) -> str:
    """Seconds as 5 s, 12 min or 3.4 h."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
