"""What `tuner train` does, once the command line is read."""

import json
import math
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from tuner.cli.engine import open_engine
from tuner.cli.options import INTERRUPTED
from tuner.cli.train_progress import make_progress
from tuner.cli.words import say
from tuner.cli.workforce import Workforce
from tuner.coordinator import coordinate
from tuner.engines.hang_detector import HangDetector
from tuner.engines.once import run_once
from tuner.errors import TunerError, UsageProblem
from tuner.final.card import card
from tuner.final.film import film
from tuner.final.folder import as_json, claim, evaluations, make, refuse_other, result, write
from tuner.final.picture import picture
from tuner.final.plan import Plan, at_length, make_plan
from tuner.final.recipe import read_recipe
from tuner.final.source import FinalSource
from tuner.final.summary import Summary, foremost, summarise
from tuner.study.file_lock import StudyLock

FILM = "film.mp4"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked for."""

    file: Path
    timesteps: int | None
    seeds: tuple[int, ...] | None  # None for the trial's own
    output: Path | None
    environment: str | None
    algorithm: str | None
    force: Workforce
    as_json: bool

    def command(self) -> str:
        """The command that asks for the same."""
        words = ["tuner", "train", str(self.file)]
        words += ["--timesteps", str(self.timesteps)] if self.timesteps else []
        words += ["--seeds", ",".join(map(str, self.seeds)) + "," * (len(self.seeds) == 1)] if self.seeds else []
        words += ["--env", self.environment] if self.environment else []
        words += ["--algorithm", self.algorithm] if self.algorithm else []
        words += ["-o", str(self.output)] if self.output else []
        return shlex.join(words)


def run(request: Request) -> int:
    """Trains what is missing and prints what there is; returns the exit code."""
    plan = _plan(request)
    refuse_other(plan)
    make(plan.folder)
    with StudyLock(plan.folder / ".training", "run", f"-o {plan.folder}:"):
        claim(plan, request.command())
        interrupted = _train(plan, request)
        summary = _conclude(plan, request) if _finished(plan) else None
    if summary is not None:
        _print(summary, plan, request)
    if interrupted:
        return INTERRUPTED
    diverged = summary is not None and all(one["state"] == "diverged" for one in summary.results)
    return 1 if diverged else 0


def _plan(request: Request) -> Plan:
    if not request.file.is_file():
        what = "is a folder" if request.file.is_dir() else "no such file"
        raise UsageProblem(f"{request.file}: {what}; give a file that `tuner export` wrote, or rl_zoo3's YAML")
    recipe = read_recipe(request.file, request.environment, request.algorithm)
    name = request.file.stem + ("-seeds" if request.seeds else "")
    plan = make_plan(recipe, request.output or Path("trained") / name, request.seeds)
    return plan if request.timesteps is None else at_length(plan, request.timesteps)


def _train(plan: Plan, request: Request) -> bool:
    """Runs what is not finished; returns whether Ctrl-C ended it early."""
    source = FinalSource(plan)
    _announce(plan, source, request)
    if not source.missing:
        return False
    try:
        with (
            open_engine(request.force, plan.recipe.spec, hang_detector=HangDetector(first=math.inf)) as engine,
            make_progress(source, plan) as progress,
        ):
            engine.prepare(source.missing)
            coordinate(source, engine, progress, most_failures=None)
    except KeyboardInterrupt:
        say("Stopped. The last checkpoint of every run is kept; the same command goes on.")
        return True
    return False


def _announce(plan: Plan, source: FinalSource, request: Request) -> None:
    recipe, spec = plan.recipe, plan.recipe.spec
    what = f"{spec.algorithm.upper()} in {spec.environment.id}, {spec.timesteps:,} steps"
    say(f"{recipe.label}: {what}, into {plan.folder}")
    if recipe.changed:
        say(f"Changed since the export, and so not the trial any more: {', '.join(recipe.changed)}")
    asked = request.timesteps or recipe.timesteps
    if asked != spec.timesteps:
        say(f"{asked:,} steps were rounded up to {spec.timesteps:,}: whole multiples of the largest rollout")
    if plan.own:
        say(f"With the trial's own training seed, {plan.seeds[0]}, and goals; --seeds 10 trains ten others")
    if not source.missing:
        say("Nothing to do: every run is finished.")
        return
    if done := len(plan.seeds) - source.missing:
        say(f"{done} of {len(plan.seeds)} runs are finished already.")
    for seed in plan.seeds:
        folder = plan.run_folder(seed)
        if result(folder) is None and (seen := evaluations(folder)):
            say(f"Seed {seed} goes on from its checkpoint at {seen[-1].step:,} steps.")


def _finished(plan: Plan) -> list[int]:
    return [seed for seed in plan.seeds if result(plan.run_folder(seed)) is not None]


def _conclude(plan: Plan, request: Request) -> Summary:
    """Writes cards, pictures, the film and the summary of the runs that are finished."""
    done = replace(plan, seeds=tuple(_finished(plan)))
    results = [found for seed in done.seeds if (found := result(done.run_folder(seed))) is not None]
    summary = summarise(done, results)
    filmed = _film(done, summary, request)
    _write(done, summary, request.command(), film=filmed)
    if not done.one:
        write(done.folder / "summary.json", as_json(summary.data()))
        for seed, found in zip(done.seeds, results, strict=True):
            own = replace(done, seeds=(seed,), one=True, folder=done.run_folder(seed))
            _write(own, summarise(own, [found]), request.command(), film=False)
    return summary


def _write(plan: Plan, summary: Summary, command: str, *, film: bool) -> None:
    if (drawn := picture(summary.results, summary.measure)) is not None:
        write(plan.folder / "curve.svg", drawn.encode())
    write(plan.folder / "README.md", card(plan, summary, command, film=film).encode())


def _film(plan: Plan, summary: Summary, request: Request) -> bool:
    """Films the best model, of several seeds the one of the best test; returns whether there is a film."""
    path = plan.folder / FILM
    if path.is_file() and plan.one:
        return True
    best = foremost(summary)
    if best["state"] != "completed":
        return False
    ref = replace(plan.recipe.spec.environment.ref(), n_envs=1, vec_env="dummy")
    folder = plan.run_folder(best["seed"])
    try:
        film(ref, folder, path) if request.force.inline else run_once(film, ref, folder, path)
    except TunerError as error:
        say(f"No film: {error}")
        return False
    return True


def _print(summary: Summary, plan: Plan, request: Request) -> None:
    if request.as_json:
        sys.stdout.write(json.dumps(summary.data(), indent=2) + "\n")
        return
    for line in summary.words:
        sys.stdout.write(f"{line}.\n")
    missing = len(plan.seeds) - len(summary.results)
    if missing:
        sys.stdout.write(f"{missing} of {len(plan.seeds)} runs are not finished; the same command goes on.\n")
    sys.stdout.write(f"Models, curve and card: {plan.folder / 'README.md'}\n")
