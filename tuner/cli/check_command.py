"""`tuner check`: whether an environment is worth training in, before any training."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tuner.app.limits import MOST_CHECKED, keyword_values, success, wrapper_paths
from tuner.cli import options
from tuner.cli.options import number


def check(
    environment: Annotated[
        str | None,
        typer.Argument(
            metavar="[ENV]", help="`module:Id`, `module:Class`, `FILE.py:Class` or an id. Default: the default study's."
        ),
    ] = None,
    *,
    episodes: Annotated[
        int | None, number("--episodes", "N", "Episodes per policy. Default: 100.", high=MOST_CHECKED)
    ] = None,
    env_kwargs: options.EnvKwargsOption = None,
    wrapper: options.WrapperOption = None,
    success_key: options.SuccessKeyOption = None,
    success_when: options.SuccessWhenOption = None,
    success_at_least: options.SuccessAtLeastOption = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write an HTML page.")] = None,
    as_json: options.JsonOption = False,
) -> int:
    """Check an environment before any training."""
    from tuner.app.check import CheckRequest
    from tuner.app.check import check as run_check
    from tuner.cli.render.check_tables import print_report
    from tuner.cli.render.notifier import TerminalNotifier
    from tuner.cli.standard_files import say

    asked: dict[str, Any] = {} if episodes is None else {"episodes": episodes}
    asked["kwargs"] = keyword_values("--env-kwargs", env_kwargs or [])
    options.one_of(success_when, ("end", "any"), "--success-when")
    asked["wrappers"] = wrapper_paths("--wrapper", wrapper or [])
    asked["success"] = success(success_key, success_when, success_at_least)
    with TerminalNotifier() as notifier:
        report = run_check(CheckRequest(environment=environment, html=html, **asked), notifier)
    options.show(report, print_report, as_json=as_json)
    if html is not None:
        say(f"Wrote {html}")
    return 1 if report.verdict == "wrong" else 0
