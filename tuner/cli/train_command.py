"""`tuner train`: final training from a file of hyperparameters."""

from pathlib import Path
from typing import Annotated

import typer

from tuner.app.limits import LARGEST_SEED, MOST_SEEDS, MOST_STEPS
from tuner.cli import options
from tuner.cli.completion import complete_word
from tuner.config.algorithms import ALGORITHMS
from tuner.errors import UsageProblem
from tuner.exit_codes import INTERRUPTED


def train(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export of `tuner export`, or an rl_zoo3 YAML file.")],
    *,
    timesteps: Annotated[
        int | None, options.number("--timesteps", "T", "Environment steps. Default: the file's.", high=MOST_STEPS)
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="N|S,S,…", help="A number of new training seeds, or a list. Default: the trial's own seed."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Output folder. Default: trained/FILE, or trained/FILE-seeds with --seeds.",
        ),
    ] = None,
    env: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="The environment, if the file does not name it or it moved: an id, `module:Id` or `file.py:Class`.",
        ),
    ] = None,
    algorithm: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=complete_word(*ALGORITHMS),
            help=f"The algorithm, if the file does not name it: {', '.join(ALGORITHMS)}. Default: ppo.",
        ),
    ] = None,
    workers: options.WorkersOption = None,
    engine: options.EngineOption = "processes",
    memory: options.MemoryOption = None,
    hang_timeout: options.HangTimeoutOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Train the final policy, with a test and a model card. Run the same command to resume."""
    options.one_of(algorithm, tuple(ALGORITHMS), "--algorithm")
    from tuner.app.engine_options import EngineOptions
    from tuner.app.train import TrainRequest
    from tuner.app.train import train as run_training
    from tuner.cli.render.notifier import TerminalNotifier
    from tuner.cli.render.tables import print_training

    request = TrainRequest(
        file=file,
        timesteps=timesteps,
        seeds=_seeds(seeds),
        output=output,
        environment=env,
        algorithm=algorithm,
        engine=EngineOptions(engine=engine, workers=workers, memory=memory, hang_timeout=hang_timeout),
    )
    with TerminalNotifier() as notifier:
        result = run_training(request, notifier)
    if result.summary is not None and as_json:
        options.print_json(result.summary.data())
    elif result.summary is not None:
        print_training(result.plan, result.summary)
    if result.interrupted:
        return INTERRUPTED
    return 1 if result.diverged else 0


def _seeds(text: str | None) -> tuple[int, ...] | None:
    """The training seeds asked for: a number of fresh ones, or a list with a comma in it; None where none are.

    Raises:
        UsageProblem: where it is neither, or a seed stands twice.
    """
    from tuner.final_training.training_plan import other_seeds

    if text is None:
        return None
    if "," not in text:
        return other_seeds(options.whole("--seeds", 1, MOST_SEEDS)(text))
    parse = options.whole("--seeds", 0, LARGEST_SEED)
    found = tuple(parse(part.strip()) for part in text.split(",") if part.strip())
    if not found:
        raise UsageProblem(f"--seeds {text!r}: names none")
    for seed in found:
        if found.count(seed) > 1:
            raise UsageProblem(f"--seeds {text}: {seed} stands twice")
    return found
