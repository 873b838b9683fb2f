"""What dropping configurations in a confirmation's validation saves, and what it costs.

No training: configurations with known means, and scores of seeds scattered about them. One row per standard deviation,
and for each margin the number of validation runs and how much the winner's mean is below that of the best tuned
configuration. The rule is that of `tuner confirm`.
"""

import argparse
import statistics
from typing import Any

import numpy as np
from pairs import parser, positive, table, write_json

from tuner.finals.confirmation_plan import Arm, ConfirmationPlan, ConfirmationRun, RunKey, RunResult, planned, winner

MARGINS = (0.15, 0.25, 0.35, 0.5, 9.0)  # the last one drops none
SCATTERS = (0.1, 0.2, 0.3)  # standard deviation between seeds of one configuration
TUNED, WORTH, SPREAD = 4, 0.7, 0.1
BASELINES = {"current": 0.35, "proposed": 0.15}


def race(worth: dict[str, float], scores: dict[str, list[float]], margin: float) -> tuple[int, float]:
    """The number of runs, and how far the winner's mean is below the best."""
    arms = tuple(
        Arm(
            name=name,
            role=f"baseline:{name}" if name in BASELINES else None,
            arguments={},
            configuration=name,
            success=None,
            mean_return=None,
        )
        for name in worth
    )
    plan = ConfirmationPlan(arms=arms, test_seeds=0, scale=1.0, margin=margin)
    results: dict[RunKey, RunResult] = {}
    while missing := [run for run in planned(plan, results) if run.key not in results]:
        results |= {run.key: _result(scores, run) for run in missing}
    chosen = winner(plan, results)
    tuned = [value for name, value in worth.items() if name not in BASELINES]
    return len(results), max(tuned) - worth[chosen.name if chosen else ""]


def _result(scores: dict[str, list[float]], run: ConfirmationRun) -> RunResult:
    score = scores[run.arm.name][run.place]
    return RunResult(score=score, success=score, mean_return=score)


def rows(repeats: int) -> list[dict[str, Any]]:
    """A row for each scatter."""
    found = []
    for scatter in SCATTERS:
        row: dict[str, Any] = {"s.d. between seeds": scatter}
        for margin in MARGINS:
            rng = np.random.default_rng(0)
            ended = [race(*_draw(rng, scatter), margin) for _ in range(repeats)]
            runs, lacks = (statistics.fmean(values) for values in zip(*ended, strict=True))
            row["none dropped" if margin > 1 else f"margin {margin}"] = f"{runs:.1f} runs, {lacks:.3f}"
        found.append(row)
    return found


def _draw(rng: np.random.Generator, scatter: float) -> tuple[dict[str, float], dict[str, list[float]]]:
    drawn = np.clip(rng.normal(WORTH, SPREAD, TUNED), 0, 1)
    worth = {f"trial {place}": float(value) for place, value in enumerate(drawn)} | BASELINES
    return worth, {name: np.clip(rng.normal(value, scatter, 3), 0, 1).tolist() for name, value in worth.items()}


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    made = parser(__doc__)
    made.add_argument("--repeats", type=positive, default=2000, metavar="R", help="default: %(default)s")
    return made


def main() -> None:
    """Prints a row for each scatter."""
    options = arguments().parse_args()
    found = rows(50 if options.quick else options.repeats)
    print(table(found))
    if options.json:
        write_json(options.json, found)


if __name__ == "__main__":
    main()
