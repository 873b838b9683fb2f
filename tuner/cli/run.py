"""`tuner run`: from a study file to tuned parameters."""

from typing import Annotated

import typer

from tuner.cli.options import (
    DEFAULT_STUDY,
    EngineOption,
    JsonOption,
    MemoryOption,
    MinutesOption,
    RayAddressOption,
    StorageOption,
    StudyArgument,
    WorkersOption,
    one_of,
    whole,
)
from tuner.cli.workforce import workforce

SAMPLERS = ("tpe", "random", "qmc")
PRUNERS = ("median", "halving", "none")
ALGORITHMS = ("ppo", "a2c", "sac", "td3", "dqn")
MAX_SEED = 2**32 - 1


def run(
    study: StudyArgument = DEFAULT_STUDY,
    *,
    trials: Annotated[
        int | None,
        typer.Option(
            parser=whole("--trials", 1), metavar="N", help="Finished trials in all, those of earlier runs included."
        ),
    ] = None,
    workers: WorkersOption = None,
    storage: StorageOption = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="The study's name in the database.")] = None,
    timesteps: Annotated[
        int | None, typer.Option(parser=whole("--timesteps", 1), metavar="T", help="Environment steps of a full trial.")
    ] = None,
    env: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="A Gymnasium environment: `module:Id`, `module:Class`, `FILE.py:Class` or an id."
        ),
    ] = None,
    space: Annotated[str | None, typer.Option(metavar="NAME|FILE", help="The search space.")] = None,
    algorithm: Annotated[
        str | None,
        typer.Option(metavar="|".join(ALGORITHMS), help="Who trains: in that algorithm's own space, without --space."),
    ] = None,
    sampler: Annotated[str | None, typer.Option(metavar="|".join(SAMPLERS), help="Who proposes.")] = None,
    pruner: Annotated[str | None, typer.Option(metavar="|".join(PRUNERS), help="Who stops trials early.")] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            parser=whole("--seed", 0, MAX_SEED), metavar="S", help="Seeds the sampler; trials have seeds of their own."
        ),
    ] = None,
    baseline: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE[:ID]", help="A baseline more, from an export or an rl_zoo3 file; may be repeated."),
    ] = None,
    from_study: Annotated[
        str | None, typer.Option("--from", metavar="STUDY", help="Start from the best of another study.")
    ] = None,
    staged: Annotated[
        bool, typer.Option("--staged", help="One parameter after another, as the guide orders; a study each.")
    ] = False,
    minutes: MinutesOption = None,
    memory: MemoryOption = None,
    engine: EngineOption = "processes",
    ray_address: RayAddressOption = None,
    skip_check: Annotated[
        bool, typer.Option("--skip-check", help="Start a new study whatever `tuner check` has against the environment.")
    ] = False,
    tensorboard: Annotated[
        str | None, typer.Option(metavar="DIR", help="Write every trial's curves to DIR/STUDY/trial-N for TensorBoard.")
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="At the end, confirm the winner as `tuner confirm` does.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Measure this machine and print what the run would take; write nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Tune: run trials until the study has N finished ones. The same command again goes on where it stopped."""
    one_of(algorithm, ALGORITHMS, "--algorithm")
    one_of(sampler, SAMPLERS, "--sampler")
    one_of(pruner, PRUNERS, "--pruner")
    from tuner.cli.boards import board_folder
    from tuner.cli.tuning import tune
    from tuner.cli.working import Request
    from tuner.planning.time_limit import deadline

    asked = {
        "trials": trials,
        "timesteps": timesteps,
        "space": space,
        "algorithm": algorithm,
        "sampler": sampler,
        "pruner": pruner,
        "seed": seed,
    }
    request = Request(
        study=study,
        storage=storage,
        name=name,
        changes={key: value for key, value in asked.items() if value is not None},
        environment=env,
        force=workforce(engine, workers, memory, ray_address),
        as_json=as_json,
        skip_check=skip_check,
        staged=staged,
        baselines=tuple(baseline or ()),
        from_study=from_study,
        board=board_folder(tensorboard) if tensorboard is not None else None,
        confirm=confirm,
        deadline=deadline(minutes),
        dry_run=dry_run,
    )
    return tune(request)
