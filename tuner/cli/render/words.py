"""Messages of the command line on standard error: one or more sentences per event."""

import functools
import shlex
import time
from collections.abc import Callable, Iterator
from typing import Any

from tuner import __version__
from tuner.app import events, service_events
from tuner.app.events import Event
from tuner.arithmetic import IN_WORDS
from tuner.config.algorithms import ALGORITHMS, title
from tuner.config.model import ENOUGH_CHECKPOINTS, StudySpec
from tuner.config.searched_environment import unused
from tuner.errors import listed
from tuner.finals.confirmation_plan import FEWEST_SEEDS
from tuner.planning.estimate import rounds_minutes
from tuner.study.storage import describe
from tuner.study.stored import confirmation_name


def many(count: int, what: str) -> str:
    """`1 trial`, `2 trials`."""
    return f"{count} {what}{'s' * (count != 1)}"


def minutes_text(value: float) -> str:
    """A duration in minutes or hours, as text."""
    if value < 1:
        return "a minute"
    return f"{value / 60:.1f} hours" if value >= 100 else f"{value:.0f} minute{'s' * (round(value) > 1)}"


SENTENCES: dict[type[Event], Callable[[Any], str]] = {
    events.EnvironmentLook: lambda _: "Checking the environment …",
    events.SpeedMeasured: lambda one: f"Measuring the speed of {'a node' if one.on_node else 'this machine'} …",
    events.Retried: lambda one: (
        f"{one.count} unfinished {one.what}{'s' * (one.count > 1)} of an earlier "
        f"{'run' if one.what == 'trial' else 'confirmation'} will run again."
    ),
    events.TimeOver: lambda one: (
        f"Time limit reached: another {one.what} would take {minutes_text(one.seconds / 60)}. "
        "Run the same command to resume."
    ),
    events.StageBegan: lambda one: (
        f"\nStage {one.number} of {one.count}: {', '.join(one.parameters)}, in study {one.study!r}"
    ),
    events.StageStartKept: lambda one: (
        f"Stage {one.number} keeps the values it began with, although the stage before has found better ones since "
        f"({', '.join(f'{name} {value!r}' for name, value in one.changed.items())}); to start "
        "over, give another --name."
    ),
    events.PlanRefused: lambda one: (
        f"This run would be refused: the stored study {one.study!r} has a different configuration: "
        f"{'; '.join(one.differences)}"
    ),
    events.ClusterNews: lambda one: str(one.text),
    events.ContenderAnnounced: lambda one: f"{one.contender.algorithm}: {one.contender.source}",
    events.VideoFailed: lambda one: f"No video: {one.reason}",
    events.CheckAnnounced: lambda one: (
        f"Checking {one.environment}: {many(one.episodes, 'episode')} of each policy; nothing is trained."
    ),
    events.ListenerFailed: lambda one: (
        f"Warning: {one.name}{'' if one.trial is None else f', trial {one.trial}'}: {one.reason} (the study goes on)"
    ),
    events.DashboardBegan: lambda one: f"Dashboard: {one.address} (until the run ends)",
    events.DashboardFailed: lambda one: f"Warning: no dashboard: {one.reason}; the study goes on",
    events.ListenersAwaited: lambda one: f"Waiting up to {one.seconds:.0f} s for {', '.join(one.names)} …",
    events.RecordingBegan: lambda one: f"Recording {one.episodes} episodes of {one.label} …",
    service_events.CodeNamed: lambda one: (
        f"The service will import {', '.join(one.names)}: installed where it runs, or allowed by "
        "`tuner serve --allow-env`."
    ),
    service_events.SubmissionWaits: lambda one: f"{one.reason}; the service will try again.",
    service_events.SubmissionBegan: lambda one: (
        f"\n{time.strftime('%Y-%m-%d %H:%M:%S')} study {one.submission.study!r}, "
        f"to {one.submission.trials} finished trials{_submitted_by(one.submission.version)}"
    ),
}


def _submitted_by(version: str) -> str:
    if version in ("", __version__):
        return ""
    return f"\nIt was submitted by tuner {version}; this service is {__version__}, and trains as this version does."


@functools.singledispatch
def words(event: Event) -> Iterator[str]:
    """The lines for an event."""
    yield SENTENCES[type(event)](event)


@words.register
def _(event: events.StudyAnnounced) -> Iterator[str]:
    spec = event.spec
    yield f"Study {spec.name!r} ({event.source}) in {describe(event.url)}"
    yield (
        f"{title(spec.algorithm)} in {spec.environment.id}, space {spec.space_name}, {spec.timesteps:,} steps a trial"
    )
    if event.timesteps_asked != spec.timesteps:
        yield _rounded_up(event.timesteps_asked, spec)
    if spec.device != "cpu":
        yield f"Device {spec.device}: workers share the GPU; with --workers 1 a trial has it to itself."
    if spec.objective.words:
        yield f"Score: {spec.objective.words}"
    if (idle := ", ".join(unused(spec))) != "":
        yield f"Not used, since it is searched: {idle} in the environment's kwargs"
    checkpoints = len(spec.plan())
    if checkpoints < ENOUGH_CHECKPOINTS and spec.pruner != "none":
        yield (
            f"With {many(checkpoints, 'checkpoint')} pruning will save little; more --timesteps, or a "
            f"smaller largest {ALGORITHMS[spec.algorithm].rollout} in the space, give more of them."
        )
    if event.left:
        names = ", ".join(event.left)
        yield (f"Baseline{'s' * (len(event.left) > 1)} {names} left out: not for {title(spec.algorithm)}.")


def _rounded_up(asked: int, spec: StudySpec) -> str:
    return f"{asked:,} steps were rounded up to {spec.timesteps:,}: whole multiples of the largest rollout"


@words.register
def _(event: events.BaselineTaken) -> Iterator[str]:
    if event.study is not None:
        yield f"Baseline {event.name!r}: {event.origin} of study {event.study!r}"
        return
    without = f"; ignored: {', '.join(event.left)}" if event.left else ""
    yield f"Baseline {event.name!r} from {event.origin}{without}"


@words.register
def _(event: events.TrialsCarried) -> Iterator[str]:
    told = event.carried
    again = "" if event.new == len(told.trials) else f", {event.new} of them new"
    yield (
        f"{len(told.trials)} of {told.finished} trials of study {told.source!r} fit into this space{again}: the "
        "sampler and the pruner know them; they do not count as trials of this study."
    )


@words.register
def _(event: events.CurvesAnnounced) -> Iterator[str]:
    if event.shared:
        yield f"Curves are written by the nodes: {event.folder} must be on a shared disk."
    yield f"Curves: {shlex.join(['tensorboard', '--logdir', str(event.folder)])}"


@words.register
def _(event: events.TrackingAnnounced) -> Iterator[str]:
    for name, place in event.places.items():
        yield f"Tracking: {name}, {place}"


@words.register
def _(event: events.ListenerMissed) -> Iterator[str]:
    again = "; run the same command to catch up" if event.again else ""
    yield f"Not told to {event.name}: {many(event.count, 'trial')} of the study{again}."


@words.register
def _(event: events.EnvironmentWarnings) -> Iterator[str]:
    for line in (*event.report.of("wrong"), *event.report.of("warning")):
        yield f"Warning: {line.name}: {line.finding}"
    yield f"Details and suggestions: tuner check {shlex.quote(event.report.environment)}"


@words.register
def _(event: events.NormalizeApplied) -> Iterator[str]:
    names = {"norm_obs": "Observations", "norm_reward": "Rewards"}
    what = listed(names[one] if not place else names[one].lower() for place, one in enumerate(event.arguments))
    yield f"{what} are very large and will be scaled by SB3's VecNormalize (--no-normalize leaves them)."


@words.register
def _(event: events.SettingsChanged) -> Iterator[str]:
    for one in event.changes:
        yield f"Since the last run, {one.name} was {_setting(one.before)} and is now {_setting(one.now)}."


@words.register
def _(event: events.ArithmeticChanged) -> Iterator[str]:
    before, now = (IN_WORDS.get(one, one) for one in (event.before, event.now))
    yield f"Trials of {before} so far are now of {now}, where it covers them: equal up to rounding, in other digits."


def _setting(value: object) -> str:
    return ", ".join(value) or "off" if isinstance(value, tuple) else repr(value)


@words.register
def _(event: events.NothingToRun) -> Iterator[str]:
    if event.what == "run":
        yield f"Nothing to do: all {event.finished} runs are in the database (more with --seeds or --top)."
        return
    yield f"Nothing to do: the study has {event.finished} finished trials of {event.target} (more with --trials)."
    if event.waiting:
        names, trials = ", ".join(event.waiting), event.finished + len(event.waiting)
        yield f"Baseline {names} has yet to run: --trials {trials} or more."


@words.register
def _(event: events.RunEstimated) -> Iterator[str]:
    likely, unpruned = minutes_text(event.estimate.likely), minutes_text(event.estimate.unpruned)
    otherwise = f", {unpruned} if nothing is pruned" if likely != unpruned else ""
    yield f"{many(event.missing, 'trial')} on {many(event.workers, 'worker')}: about {likely}{otherwise}."


@words.register
def _(event: events.Interrupted) -> Iterator[str]:
    kept = {
        "trial": "Finished trials are kept. Run the same command to resume.",
        "run": "Finished runs are kept. Run the same command to resume.",
        "checkpoint": "The last checkpoint of every run is kept. Run the same command to resume.",
        "comparison": "Results so far:",
        "service": "Finished trials are kept. Run the same command to resume.",
    }
    nothing = {"comparison": "Stopped before the first run."}
    without = nothing.get(event.what, "Stopped. Nothing was written.")
    yield f"Stopped. {kept[event.what]}" if event.kept else without


@words.register
def _(event: events.ConfirmationAnnounced) -> Iterator[str]:
    plan, spec = event.plan, event.spec
    yield f"Confirming study {spec.name!r} of {describe(event.url)}, kept as study {confirmation_name(spec.name)!r}"
    yield f"Configurations: {', '.join(arm.name for arm in plan.arms)}; {spec.timesteps:,} steps a run"
    if not plan.baselines:
        yield "The study has no finished baseline to compare the winner with."
    if plan.test_seeds < FEWEST_SEEDS:
        yield (
            f"Warning: {many(plan.test_seeds, 'test seed')} cannot confirm a difference; "
            f"give --seeds {FEWEST_SEEDS} or more."
        )


@words.register
def _(event: events.ConfirmationEstimated) -> Iterator[str]:
    likely = minutes_text(rounds_minutes(event.missing, event.workers, event.seconds))
    runs, workers = many(event.missing, "run"), many(event.workers, "worker")
    yield f"At most {runs} on {workers}: about {likely}, less if configurations drop out early."


@words.register
def _(event: events.ComparisonEstimated) -> Iterator[str]:
    minutes = -(-event.runs // event.workers) * event.minutes
    yield (
        f"{many(event.runs, 'run')} of {event.minutes:g} minutes, {event.workers} in parallel: {minutes:.3g} "
        f"minute{'s' * (minutes != 1)} of training, and the evaluations."
    )


@words.register
def _(event: events.TrainingAnnounced) -> Iterator[str]:
    plan, recipe, spec = event.plan, event.plan.recipe, event.plan.recipe.spec
    what = f"{title(spec.algorithm)} in {spec.environment.id}, {spec.timesteps:,} steps"
    yield f"{recipe.label}: {what}, into {plan.folder}"
    if recipe.changed:
        yield f"Changed since the export, so this is not the trial any more: {', '.join(recipe.changed)}"
    if event.timesteps_asked != spec.timesteps:
        yield _rounded_up(event.timesteps_asked, spec)
    if plan.own:
        yield f"Training seed {plan.seeds[0]} and evaluation episodes of the trial; --seeds 10 trains ten new seeds"
    if not event.missing:
        yield "Nothing to do: every run is finished."
        return
    if done := len(plan.seeds) - event.missing:
        yield f"{done} of {len(plan.seeds)} runs are finished already."
    for seed, step in event.resumed.items():
        yield f"Seed {seed} resumes from its checkpoint at {step:,} steps."


@words.register
def _(event: events.PlayAnnounced) -> Iterator[str]:
    where = f"into {event.output}" if event.output is not None else "in a window"
    yield f"{event.environment}: {many(event.episodes, 'episode')} of {event.actor}, {where}"


@words.register
def _(event: events.EpisodeEnded) -> Iterator[str]:
    one = event.episode
    end = {True: "success", False: "no success", None: "ended"}[one.success]
    who = "" if event.actor is None else f", {event.actor}"
    yield f"episode {one.episode}{who}: {end} after {one.steps} steps, return {one.total_return:.4g}"


@words.register
def _(event: service_events.ServiceBegan) -> Iterator[str]:
    yield f"Dashboard: {event.address} (Ctrl-C ends the service)"
    yield f"Running studies submitted to {describe(event.url)}"


@words.register
def _(event: service_events.SubmissionEnded) -> Iterator[str]:
    if event.state == "cancelled":
        yield f"study {event.study!r} was cancelled; its finished trials are kept."
    else:
        yield f"Study {event.study!r} " + (f"failed: {event.reason}" if event.state == "failed" else "is done.")
