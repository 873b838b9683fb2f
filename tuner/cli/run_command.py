"""`tuner run`: from a study file to tuned parameters."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuner.app.limits import DEFAULT_PORT, DEFAULT_STUDY
from tuner.cli import options
from tuner.cli.completion import complete_word
from tuner.cli.dashboard_command import LAST_PORT
from tuner.config.algorithms import ALGORITHMS
from tuner.config.tracking_keys import OFF, TRACKERS
from tuner.errors import UsageProblem
from tuner.exit_codes import INTERRUPTED

if TYPE_CHECKING:
    from tuner.app.tune import TuneRequest

SAMPLERS = ("tpe", "gp", "random", "qmc")
PRUNERS = ("median", "halving", "none")
MAX_SEED = 2**32 - 1


def run(
    study: options.StudyArgument = DEFAULT_STUDY,
    *,
    trials: Annotated[
        int | None, options.number("--trials", "N", "Total number of finished trials, including earlier runs.")
    ] = None,
    workers: options.WorkersOption = None,
    storage: options.StorageOption = None,
    name: options.NameOption = None,
    timesteps: Annotated[int | None, options.number("--timesteps", "T", "Environment steps per full trial.")] = None,
    env: options.EnvironmentOption = None,
    env_kwargs: options.EnvKwargsOption = None,
    wrapper: options.WrapperOption = None,
    space: options.SpaceOption = None,
    algorithm: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=complete_word(*ALGORITHMS),
            help=f"{', '.join(ALGORITHMS)}; searched in its own space unless --space is given.",
        ),
    ] = None,
    success_key: options.SuccessKeyOption = None,
    success_when: options.SuccessWhenOption = None,
    success_at_least: options.SuccessAtLeastOption = None,
    no_normalize: Annotated[
        bool, typer.Option("--no-normalize", help="Scale nothing, however large observations or rewards are.")
    ] = False,
    sampler: Annotated[str | None, typer.Option(metavar="|".join(SAMPLERS), help="Optuna's sampler.")] = None,
    pruner: Annotated[str | None, typer.Option(metavar="|".join(PRUNERS), help="Optuna's pruner.")] = None,
    finals: Annotated[
        str | None,
        typer.Option(
            "--finals",
            metavar="SHARE|off",
            help="Share of the trials that repeat the leaders on new training seeds. Default: by the number of trials.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        options.number("--seed", "S", "Seed of the sampler; training seeds are separate.", low=0, high=MAX_SEED),
    ] = None,
    baseline: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE[:ID]", help="Another baseline, from an export or an rl_zoo3 file; repeatable."),
    ] = None,
    no_baselines: Annotated[bool, typer.Option("--no-baselines", help="Leave out the study's baselines.")] = False,
    from_study: Annotated[
        str | None, typer.Option("--from", metavar="STUDY", help="Add the best trial of another study as a baseline.")
    ] = None,
    all_trials: Annotated[
        bool, typer.Option("--all", help="With --from: let the sampler learn from all its trials that fit the space.")
    ] = False,
    extend: Annotated[
        bool, typer.Option("--extend", help="Widen the ranges of the stored study's space; its trials stay valid.")
    ] = False,
    staged: Annotated[
        bool, typer.Option("--staged", help="Tune one parameter after another in the PPO guide's order, a study each.")
    ] = False,
    minutes: options.MinutesOption = None,
    memory: options.MemoryOption = None,
    hang_timeout: options.HangTimeoutOption = None,
    engine: options.EngineOption = "processes",
    ray_address: options.RayAddressOption = None,
    skip_check: Annotated[
        bool,
        typer.Option("--skip-check", help="Start a new study even if `tuner check` finds problems in the environment."),
    ] = False,
    tensorboard: Annotated[
        str | None, typer.Option(metavar="DIR", help="Write every trial's curves to DIR/STUDY/trial-N for TensorBoard.")
    ] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(metavar="|".join((*TRACKERS, OFF)), help="Write a run for every trial to a tracker; repeatable."),
    ] = None,
    on_trial_end: Annotated[
        str | None,
        typer.Option(metavar="COMMAND", help="Run after every trial, with its JSON document on standard input."),
    ] = None,
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="Serve the dashboard beside the run, read-only, on this machine.")
    ] = False,
    dashboard_port: Annotated[
        int | None,
        options.number(
            "--dashboard-port",
            "PORT",
            f"With --dashboard; 0 takes a free one. Default: {DEFAULT_PORT}.",
            low=0,
            high=LAST_PORT,
        ),
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Afterwards confirm the winner, as `tuner confirm` does.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Estimate the run's duration on this machine; write nothing.")
    ] = False,
    as_json: options.JsonOption = False,
) -> int:
    """Run trials until the study has N finished ones. Run the same command to resume."""
    options.one_of(algorithm, tuple(ALGORITHMS), "--algorithm")
    options.one_of(sampler, SAMPLERS, "--sampler")
    options.one_of(pruner, PRUNERS, "--pruner")
    options.one_of(success_when, ("end", "any"), "--success-when")
    from tuner.app.engine_options import EngineOptions
    from tuner.app.limits import deadline, finals_share, keyword_values, success, wrapper_paths
    from tuner.app.trackers import command, curves_folder, tracker_names
    from tuner.app.tune import TuneRequest

    asked: dict[str, Any] = {"trials": trials, "timesteps": timesteps, "space": space, "algorithm": algorithm}
    asked |= {"finals": finals_share(finals) if finals is not None else None}
    told = success(success_key, success_when, success_at_least)
    asked |= {"success": told, "normalize": False if no_normalize else None}
    made: dict[str, Any] = {"kwargs": keyword_values("--env-kwargs", env_kwargs or [])}
    made["wrappers"] = wrapper_paths("--wrapper", wrapper or [])
    asked["environment"] = {key: value for key, value in made.items() if value} or None
    asked |= {"sampler": sampler, "pruner": pruner, "seed": seed, "baselines": {} if no_baselines else None}
    asked["track"] = tracker_names(track) if track else None
    asked["on_trial_end"] = command(on_trial_end) if on_trial_end is not None else None
    request = TuneRequest(
        study=study,
        storage=storage,
        name=name,
        changes={key: value for key, value in asked.items() if value is not None},
        environment=env,
        engine=EngineOptions(
            engine=engine, workers=workers, memory=memory, hang_timeout=hang_timeout, address=ray_address
        ),
        skip_check=skip_check,
        staged=staged,
        baselines=tuple(baseline or ()),
        from_study=from_study,
        all_trials=all_trials,
        extend=extend,
        curves=curves_folder(tensorboard) if tensorboard is not None else None,
        deadline=deadline(minutes),
    )
    port = _port(dashboard_port, asked=dashboard, dry_run=dry_run)
    if dry_run:
        return _plan(request, as_json=as_json)
    return _run(request, as_json=as_json, and_confirm=confirm, port=port)


def _port(port: int | None, *, asked: bool, dry_run: bool) -> int | None:
    """The dashboard's port; None for no dashboard."""
    if not asked and port is not None:
        raise UsageProblem(f"--dashboard-port {port}: goes with --dashboard")
    if asked and dry_run:
        raise UsageProblem("--dashboard: a --dry-run has no trials to show; leave it out")
    return (DEFAULT_PORT if port is None else port) if asked else None


def _plan(request: "TuneRequest", *, as_json: bool) -> int:
    from tuner.app.tune import plan_run
    from tuner.cli.render.notifier import TerminalNotifier
    from tuner.cli.render.tables import print_forecast

    with TerminalNotifier() as notifier:
        found = plan_run(request, notifier)
    options.show(found, print_forecast, as_json=as_json)
    return 0


def _run(request: "TuneRequest", *, as_json: bool, and_confirm: bool, port: int | None) -> int:
    """Tunes, and confirms what a whole run has found where that is asked for; returns the exit code."""
    from tuner.app.confirm import ConfirmRequest, confirm
    from tuner.app.dashboard_beside import dashboard_beside
    from tuner.app.tune import tune
    from tuner.cli.render.confirm_tables import print_confirmation
    from tuner.cli.render.notifier import TerminalNotifier
    from tuner.cli.render.tables import print_result, result_data

    confirmed = None
    with TerminalNotifier() as notifier, dashboard_beside(port, request.storage, notifier):
        result = tune(request, notifier)
        notifier.rest()
        if not as_json:
            print_result(request, result, confirmed=and_confirm)
        if and_confirm and result.whole is not None and result.whole.best is not None:
            study, engine = result.whole.study, request.engine
            asked = ConfirmRequest(study=study, engine=engine, storage=request.storage, deadline=request.deadline)
            confirmed = confirm(asked, notifier)
    if as_json and (result.summaries or result.spec.stages):
        more = {"confirmation": confirmed.confirmation.data()} if confirmed else {}
        options.print_json(result_data(result) | more)
    elif confirmed:
        print_confirmation(confirmed.confirmation)
    return INTERRUPTED if result.interrupted or (confirmed is not None and confirmed.interrupted) else 0
