"""Progress of a study that another process runs, as its database tells it."""

from collections.abc import Iterator

from tuner.app.bar import Bar, clock, leader_bar, parameters_in_short
from tuner.app.status import StudyStatus
from tuner.planning.estimate import typical_seconds
from tuner.record_type import Record
from tuner.study.rows import RunningTrial, configurations


class WatchedStudy(Record):
    """What a front end draws."""

    line: str
    bars: tuple[Bar, ...]
    leader: Bar | None


def watched(found: StudyStatus) -> WatchedStudy:
    """A study's progress."""
    running = found.reader.running()
    leader = next(iter(configurations(found.rows)), None)
    return WatchedStudy(
        line=" | ".join(_parts(found, len(running))),
        bars=(
            Bar(label="trials", done=found.summary.finished, total=max(found.target, found.summary.finished)),
            *(_bar(trial, found) for trial in running),
        ),
        leader=None if leader is None else leader_bar(leader),
    )


def _parts(found: StudyStatus, running: int) -> Iterator[str]:
    summary = found.summary
    yield f"{summary.finished}/{found.target} done, {running} running, {summary.counts['pruned']} pruned"
    if not running:
        yield "no run works on it"
    elif (seconds := typical_seconds([row.seconds for row in found.rows if row.finished and row.seconds])) is not None:
        yield f"about {clock(max(found.target - summary.finished, 0) * seconds / running)} left"


def _bar(trial: RunningTrial, found: StudyStatus) -> Bar:
    spec, row = found.reader.spec, trial.row
    step, score = trial.reported[-1] if trial.reported else (0, 0.0)
    return Bar(
        label=f"trial {row.number}" if row.repeat_of is None else f"trial {row.number} (repeat of {row.label})",
        done=step,
        total=spec.timesteps,
        text=f"{step:,} steps, score {score:.3f}" if trial.reported else "starting",
        curve=tuple(value for _, value in trial.reported),
        detail=parameters_in_short(row.arguments | row.params, list(spec.space.parameters)),
        likely_pruned=trial.likely_pruned,
    )
