"""Final training, with checkpoints, a test and a model card."""

import functools
import math
import shlex
from dataclasses import field, replace
from pathlib import Path

from tuner.app import events
from tuner.app.engine_options import EngineOptions, open_engine
from tuner.app.notify import Notifier, TrainingUnderWay
from tuner.coordinator import coordinate
from tuner.engines.processes import run_once
from tuner.errors import TunerError, UsageProblem
from tuner.final_training.recipe import read_recipe
from tuner.final_training.training_folder import as_json, claim, evaluations, make, refuse_other, result, write
from tuner.final_training.training_plan import TrainingPlan, at_length, make_training_plan
from tuner.final_training.training_source import TrainingSource
from tuner.final_training.training_summary import TrainingSummary, best_run, summarise_training
from tuner.final_training.training_video import record_video
from tuner.output.curve_picture import picture
from tuner.output.model_card import card
from tuner.record_type import Record
from tuner.study.file_lock import StudyLock

VIDEO = "video.mp4"


class TrainRequest(Record):
    """What is to be trained, and where to."""

    file: Path  # an export, or an rl_zoo3 file
    timesteps: int | None = None
    seeds: tuple[int, ...] | None = None  # None for the trial's own
    output: Path | None = None
    environment: str | None = None
    algorithm: str | None = None
    engine: EngineOptions = field(default_factory=EngineOptions)
    video: bool = True  # of the best model
    kept_as: Path | None = None  # a copy of the file, which the folder's command names

    def __post_init__(self) -> None:
        """Refuses an engine that cannot be.

        Raises:
            UsageProblem: naming the option.
        """
        if self.engine.engine == "ray":
            raise UsageProblem("--engine ray: final training writes its files on this machine; omit it")

    def command(self) -> str:
        """The equivalent command line."""
        words = ["tuner", "train", str(self.kept_as or self.file)]
        words += ["--timesteps", str(self.timesteps)] if self.timesteps else []
        words += ["--seeds", ",".join(map(str, self.seeds)) + "," * (len(self.seeds) == 1)] if self.seeds else []
        words += ["--env", self.environment] if self.environment else []
        words += ["--algorithm", self.algorithm] if self.algorithm else []
        words += ["-o", str(self.output)] if self.output else []
        return shlex.join(words)


class TrainResult(Record):
    """What there is."""

    plan: TrainingPlan
    summary: TrainingSummary | None  # of the runs that are finished; None where none is
    interrupted: bool = False

    @property
    def diverged(self) -> bool:
        """Whether every run diverged."""
        return self.summary is not None and all(one["state"] == "diverged" for one in self.summary.results)


def train(request: TrainRequest, notifier: Notifier) -> TrainResult:
    """Trains what is missing.

    Raises:
        TunerError: it cannot be done; see the message.
    """
    plan = _plan(request)
    refuse_other(plan)
    make(plan.folder)
    with StudyLock(plan.folder / ".training", "run", f"-o {plan.folder}:"):
        claim(plan, request.command())
        if request.kept_as is not None:
            write(request.kept_as, request.file.read_bytes())
        interrupted = _train(plan, request, notifier)
        summary = _conclude(plan, request, notifier) if _finished(plan) else None
    return TrainResult(plan=plan, summary=summary, interrupted=interrupted)


def _plan(request: TrainRequest) -> TrainingPlan:
    if not request.file.is_file():
        what = "is a folder" if request.file.is_dir() else "no such file"
        raise UsageProblem(f"{request.file}: {what}; give a file that `tuner export` wrote, or rl_zoo3's YAML")
    recipe = read_recipe(request.file, request.environment, request.algorithm)
    name = request.file.stem + ("-seeds" if request.seeds else "")
    plan = make_training_plan(recipe, request.output or Path("trained") / name, request.seeds)
    return plan if request.timesteps is None else at_length(plan, request.timesteps)


def _train(plan: TrainingPlan, request: TrainRequest, notifier: Notifier) -> bool:
    """Runs what is not finished; returns whether Ctrl-C ended it early."""
    source = TrainingSource(plan)
    notifier.notify(
        events.TrainingAnnounced(
            plan=plan,
            timesteps_asked=request.timesteps or plan.recipe.timesteps,
            missing=source.missing,
            resumed=_resumed(plan) if source.missing else {},
        )
    )
    if not source.missing:
        return False
    try:
        with (
            open_engine(request.engine, plan.recipe.spec, notifier, first_limit=math.inf) as engine,
            notifier.progress(TrainingUnderWay(source=source, plan=plan)) as listener,
        ):
            engine.prepare(source.missing)
            coordinate(source, engine, listener, most_failures=None)
    except KeyboardInterrupt:
        notifier.notify(events.Interrupted(what="checkpoint"))
        return True
    return False


def _resumed(plan: TrainingPlan) -> dict[int, int]:
    folders = {seed: plan.run_folder(seed) for seed in plan.seeds}
    return {
        seed: seen[-1].step
        for seed, folder in folders.items()
        if result(folder) is None and (seen := evaluations(folder))
    }


def _finished(plan: TrainingPlan) -> list[int]:
    return [seed for seed in plan.seeds if result(plan.run_folder(seed)) is not None]


def _conclude(plan: TrainingPlan, request: TrainRequest, notifier: Notifier) -> TrainingSummary:
    """Writes cards, curves, the video and the summary of the runs that are finished."""
    done = replace(plan, seeds=tuple(_finished(plan)))
    results = [found for seed in done.seeds if (found := result(done.run_folder(seed))) is not None]
    summary = summarise_training(done, results)
    recorded = _record_video(done, summary, request, notifier)
    _write(done, summary, request.command(), video=recorded)
    if not done.one:
        write(done.folder / "summary.json", as_json(summary.data()))
        for seed, found in zip(done.seeds, results, strict=True):
            own = replace(done, seeds=(seed,), one=True, folder=done.run_folder(seed))
            _write(own, summarise_training(own, [found]), request.command(), video=False)
    return summary


def _write(plan: TrainingPlan, summary: TrainingSummary, command: str, *, video: bool) -> None:
    if (drawn := picture(summary.results, summary.measure)) is not None:
        write(plan.folder / "curve.svg", drawn)
    write(plan.folder / "README.md", card(plan, summary, command, video=video).encode())


def _record_video(plan: TrainingPlan, summary: TrainingSummary, request: TrainRequest, notifier: Notifier) -> bool:
    """Records the best model, of several seeds the one of the best test; returns whether there is a video."""
    path = plan.folder / VIDEO
    if path.is_file() and plan.one:
        return True
    best = best_run(summary)
    if best["state"] != "completed" or not request.video:
        return False
    spec = plan.recipe.spec
    ref = replace(spec.evaluated_in(plan.recipe.arguments), n_envs=1, vec_env="dummy")
    folder = plan.run_folder(best["seed"])
    try:
        stochastic = spec.evaluation == "stochastic"
        record = functools.partial(record_video, ref, folder, path, spec.signals, stochastic=stochastic)
        record() if request.engine.inline else run_once(record)
    except TunerError as error:
        notifier.notify(events.VideoFailed(reason=str(error)))
        return False
    return True
