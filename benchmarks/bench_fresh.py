"""The best of a finished study beside its baselines, on training seeds and goals that nobody has seen.

Every configuration trains at the study's full length once a seed; success is counted over the same goals, which neither
tuning nor any other evaluation uses. A row a configuration: every seed's success, their mean, and how far that lies
above the study's first baseline.
"""

import statistics
from collections.abc import Mapping
from typing import Any

from pairs import parser, positive, table, write_json
from trials import fresh_job, train_all

from tuner.app.resolve import open_study
from tuner.config.model import StudySpec
from tuner.records import Checkpoint, TrialJob
from tuner.study.reader import Row, best


def arms(rows: list[Row]) -> dict[str, Row]:
    """The best tuned trial and every baseline, by what people call them."""
    tuned = best([row for row in rows if row.role is None])
    found = {row.label: row for row in rows if row.role is not None and row.value is not None}
    return found if tuned is None else {"tuned": tuned, **found}


def jobs(spec: StudySpec, configurations: Mapping[str, dict[str, Any]], seeds: int, goals: int) -> list[TrialJob]:
    """Every configuration on every seed, seed by seed, so that all are as far at any time."""
    plan = [Checkpoint(step=spec.timesteps, goals=goals)]
    curriculum = spec.curriculum.record() if spec.curriculum else None
    return [
        fresh_job(spec, params, seed * len(configurations) + place, seed, plan, curriculum=curriculum)
        for seed in range(seeds)
        for place, params in enumerate(configurations.values())
    ]


def report(names: list[str], success: Mapping[str, list[float]]) -> list[dict[str, Any]]:
    """A row a configuration."""
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
    """Prints a row a configuration."""
    arguments = parser(__doc__)
    arguments.add_argument("study", help="a finished study's name in the database")
    arguments.add_argument("--storage", metavar="URL", help="its database (default: as in tuner)")
    arguments.add_argument("--seeds", type=positive, default=5, metavar="N", help="default: %(default)s")
    arguments.add_argument("--goals", type=positive, default=100, metavar="G", help="default: %(default)s")
    arguments.add_argument("--workers", type=positive, default=2, metavar="W", help="default: %(default)s")
    options = arguments.parse_args()
    reader = open_study(options.study, options.storage)
    spec, chosen = reader.spec, arms(reader.rows)
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
