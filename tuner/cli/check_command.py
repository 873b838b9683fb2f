"""`tuner check`: whether an environment is worth training in, before any training."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tuner.app.limits import MOST_CHECKED, keyword_values, success
from tuner.cli.options import EnvKwargsOption, JsonOption, SuccessKeyOption, SuccessWhenOption, number, one_of, show


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
    env_kwargs: EnvKwargsOption = None,
    success_key: SuccessKeyOption = None,
    success_when: SuccessWhenOption = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write an HTML page.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Check an environment before any training."""
    from tuner.app.check import CheckRequest
    from tuner.app.check import check as run_check
    from tuner.cli.render.check_tables import print_report
    from tuner.cli.render.notifier import TerminalNotifier
    from tuner.cli.render.words import say

    asked: dict[str, Any] = {} if episodes is None else {"episodes": episodes}
    asked["kwargs"] = keyword_values("--env-kwargs", env_kwargs or [])
    one_of(success_when, ("end", "any"), "--success-when")
    told = success(success_key, success_when)
    report = run_check(CheckRequest(environment=environment, html=html, success=told, **asked), TerminalNotifier())
    show(report, print_report, as_json=as_json)
    if html is not None:
        say(f"Wrote {html}")
    return 1 if report.verdict == "wrong" else 0
