"""Compares the best trial of a finished study with its baselines, on new training seeds and evaluation episodes.

Every configuration trains at the study's full length once per seed; success is counted over the same evaluation
episodes, which neither tuning nor any other evaluation uses. One row per configuration: the success rate of every
seed, their mean, and the difference from the study's first baseline.
"""

import statistics
from collections.abc import Mapping
from typing import Any

from pairs import parser, positive, table, write_json
from trials import fresh_job, train_all

from tuner.app.resolve import open_study
from tuner.config.model import StudySpec
from tuner.records import Checkpoint, TrialJob
from tuner.study.rows import Row, best


def configurations(rows: list[Row]) -> dict[str, Row]:
    """The best tuned trial and every baseline, by label."""
    tuned = best([row for row in rows if row.role is None])
    found = {row.label: row for row in rows if row.role is not None and row.value is not None}
    return found if tuned is None else {"tuned": tuned, **found}


def jobs(spec: StudySpec, configurations: Mapping[str, dict[str, Any]], seeds: int, goals: int) -> list[TrialJob]:
    """Every configuration on every seed, ordered by seed, so that all progress alike."""
    plan = [Checkpoint(step=spec.timesteps, goals=goals)]
    curriculum = spec.curriculum.record() if spec.curriculum else None
    return [
        fresh_job(spec, params, seed * len(configurations) + place, seed, plan, curriculum=curriculum)
        for seed in range(seeds)
        for place, params in enumerate(configurations.values())
    ]


def report(names: list[str], success: Mapping[str, list[float]]) -> list[dict[str, Any]]:
    """One row per configuration."""
    baselines = [name for name in names if name != "tuned"]
    reference = statistics.fmean(success[baselines[0]]) if baselines else None
    return [
        {
            "configuration": name,
            "success by seed": " ".join(f"{share:.0%}" for share in success[name]),
            "mean": f"{(mean := statistics.fmean(success[name])):.3f}",
            "above the first baseline": "-" if reference is None else f"{mean - reference:+.3f}",
        }
        for name in names
    ]


def main() -> None:
    """Prints one row per configuration."""
    arguments = parser(__doc__)
    arguments.add_argument("study", help="a finished study's name in the database")
    arguments.add_argument("--storage", metavar="URL", help="its database (default: as in tuner)")
    arguments.add_argument("--seeds", type=positive, default=5, metavar="N", help="default: %(default)s")
    arguments.add_argument("--goals", type=positive, default=100, metavar="G", help="episodes (default: %(default)s)")
    arguments.add_argument("--workers", type=positive, default=2, metavar="W", help="default: %(default)s")
    options = arguments.parse_args()
    reader = open_study(options.study, options.storage)
    spec, chosen = reader.spec, configurations(reader.rows)
    names = list(chosen)
    count = 1 if options.quick else options.seeds
    done = train_all(
        jobs(spec, {name: row.arguments for name, row in chosen.items()}, count, options.goals), options.workers
    )
    ends = [done[number].last.success or 0.0 for number in sorted(done)]
    success = {name: ends[place :: len(names)] for place, name in enumerate(names)}
    print(table(report(names, success)))
    print(f"tuned: trial {chosen['tuned'].number}, {chosen['tuned'].arguments}" if "tuned" in chosen else "")
    if options.json:
        write_json(
            options.json,
            [{"configuration": name, "success": success[name], "arguments": chosen[name].arguments} for name in names],
        )


if __name__ == "__main__":
    main()
