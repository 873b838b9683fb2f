"""`tuner check`: whether an environment is worth training in, before any training."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from tuner.cli.options import JsonOption, whole

MOST_EPISODES = 100_000


def check(
    environment: Annotated[
        str | None,
        typer.Argument(
            metavar="[ENV]",
            help="`module:Id`, `module:Class`, `FILE.py:Class` or an id. Default: the default study's.",
        ),
    ] = None,
    *,
    episodes: Annotated[
        int | None,
        typer.Option(
            parser=whole("--episodes", 1, MOST_EPISODES), metavar="N", help="Episodes of each policy. Default: 100."
        ),
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page as well.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Check an environment: zero, random and expert policies; reward, success, observation and actions."""
    from tuner.checking import page, plan
    from tuner.checking.check import run_check
    from tuner.cli.check_tables import print_report
    from tuner.cli.resolve import environment_to_check
    from tuner.cli.words import say

    if html is not None:
        page.check_target(html)
    ref = environment_to_check(environment)
    wanted = plan.full() if episodes is None else plan.full(episodes)
    count = len(wanted.goals)
    say(f"Checking {ref.id}: {count} episode{'s' * (count > 1)} of each policy; nothing is trained.")
    report = run_check(ref, wanted)
    if as_json:
        sys.stdout.write(json.dumps(report.data(), indent=2) + "\n")
    else:
        print_report(report)
    if html is not None:
        page.write(report, html)
        say(f"Wrote {html}")
    return 1 if report.verdict == "wrong" else 0
