"""`tuner confirm`: compares the winner with the baselines on new seeds."""

from typing import Annotated

from tuner.app.limits import DEFAULT_STUDY, MOST_TEST_SEEDS
from tuner.cli import options
from tuner.exit_codes import INTERRUPTED


def confirm(
    study: options.StudyArgument = DEFAULT_STUDY,
    *,
    top: Annotated[
        int | None,
        options.number("--top", "K", "The K best trials that are candidates. Default: 4.", high=MOST_TEST_SEEDS),
    ] = None,
    seeds: Annotated[
        int | None, options.number("--seeds", "N", "Test seeds per configuration. Default: 10.", high=MOST_TEST_SEEDS)
    ] = None,
    workers: options.WorkersOption = None,
    minutes: options.MinutesOption = None,
    memory: options.MemoryOption = None,
    hang_timeout: options.HangTimeoutOption = None,
    engine: options.EngineOption = "processes",
    ray_address: options.RayAddressOption = None,
    storage: options.StorageOption = None,
    as_json: options.JsonOption = False,
) -> int:
    """Confirm the winner against the baselines on new seeds. Run the same command to resume."""
    from tuner.app.confirm import ConfirmRequest
    from tuner.app.confirm import confirm as run_confirmation
    from tuner.app.engine_options import EngineOptions
    from tuner.app.limits import deadline
    from tuner.cli.render.confirm_tables import print_confirmation
    from tuner.cli.render.notifier import TerminalNotifier
    from tuner.finals.confirmation_plan import DEFAULT_SEEDS, DEFAULT_TOP

    request = ConfirmRequest(
        study=study,
        top=top or DEFAULT_TOP,
        seeds=seeds or DEFAULT_SEEDS,
        engine=EngineOptions(
            engine=engine, workers=workers, memory=memory, hang_timeout=hang_timeout, address=ray_address
        ),
        storage=storage,
        deadline=deadline(minutes),
    )
    with TerminalNotifier() as notifier:
        result = run_confirmation(request, notifier)
    options.show(result.confirmation, print_confirmation, as_json=as_json)
    return INTERRUPTED if result.interrupted else 0
