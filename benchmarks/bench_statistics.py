"""Checks the statistics of a confirmation on configurations with known distributions. Nothing is trained.

`coverage`: how often the 95 % intervals of the mean, the IQM and the difference of two IQMs contain the true value,
each configuration against the previous one.
`alternatives`: the same for methods that were not chosen.
`equality`: how often two equal configurations are reported to differ: confirmed better, probably better, or confirmed
in any of the three comparisons of three equal configurations.
`power`: how often a normal distribution that is better by the smallest detectable difference is found (80 % expected
for p) and confirmed better.
"""

import argparse
import warnings
from collections.abc import Callable, Mapping
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from known_arms import ARMS, GOALS, KnownArm
from numpy.typing import NDArray
from pairs import parser, positive, table, write_json
from scipy import stats

from tuner.statistics.answer_records import Interval, Verdict
from tuner.statistics.intervals import QUARTER, TAIL, difference_interval, iqm_interval, mean_interval, wilson
from tuner.statistics.ranks import ALPHA, permutation_p, smallest_difference, superiority
from tuner.statistics.verdict import answer, verdict

SEEDS = (5, 7, 10, 15, 20)  # numbers of seeds for `power`
NAMES = [arm.name for arm in ARMS]


def coverage(arm: KnownArm, other: KnownArm, options: argparse.Namespace) -> dict[str, Any]:
    """Coverage of a configuration's intervals, and of those of its difference from another."""
    rng = np.random.default_rng([options.seed, NAMES.index(arm.name)])
    held: dict[str, list[bool]] = {"mean": [], "IQM": [], "difference": []}
    widths: list[float] = []
    for _ in range(options.repeats):
        values, others = arm.draw(options.seeds, rng), other.draw(options.seeds, rng)
        found = {
            "mean": (mean_interval(values, GOALS, rng, resamples=options.resamples), arm.mean),
            "IQM": (iqm_interval(values, GOALS, rng, resamples=options.resamples), arm.iqm),
            "difference": (
                difference_interval(values, others, GOALS, rng, resamples=options.resamples),
                arm.iqm - other.iqm,
            ),
        }
        for name, (interval, truth) in found.items():
            held[name].append(holds(interval, truth))
        widths.append(found["IQM"][0].width if found["IQM"][0] else np.nan)
    shares = {name: f"{np.mean(hits):.1%}" for name, hits in held.items()}
    return {"configuration": arm.name, "against": other.name, **shares, "width of the IQM's": f"{np.mean(widths):.3f}"}


def holds(interval: Interval | None, truth: float) -> bool:
    """Whether an interval contains the true value, up to rounding."""
    return interval is not None and interval.low - 1e-9 <= truth <= interval.high + 1e-9


def alternatives(arm: KnownArm, options: argparse.Namespace) -> dict[str, Any]:
    """Coverage of methods that were not chosen; if all seeds are equal, Wilson's interval is used for each."""
    rng = np.random.default_rng([options.seed, NAMES.index(arm.name)])
    values = arm.draw(options.seeds, rng, options.repeats)
    mean, error = values.mean(axis=1), stats.sem(values, axis=1)
    half = stats.t.isf(TAIL, options.seeds - 1) * error
    share = _share(values, mean - half, mean + half, arm.mean)
    row: dict[str, Any] = {"configuration": arm.name, "mean, Student": share}
    for name, statistic, method, truth in (
        ("mean, percentile", np.mean, "percentile", arm.mean),
        ("mean, BCa", np.mean, "BCa", arm.mean),
        ("IQM, percentile", _iqm, "percentile", arm.iqm),
        ("IQM, BCa", _iqm, "BCa", arm.iqm),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # BCa warns of identical resamples
            found = stats.bootstrap(
                (values,), statistic, axis=1, method=method, n_resamples=options.resamples, batch=100, rng=rng
            ).confidence_interval
        row[name] = _share(values, found.low, found.high, truth)
    return row


def _iqm(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    return np.asarray(stats.trim_mean(values, QUARTER, axis=axis))


def _share(values: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], truth: float) -> str:
    """How often the intervals contain the true value."""
    count = values.shape[1] * GOALS
    spans = [
        wilson(float(row[0]), count) if np.ptp(row) == 0 else Interval(low=float(a), high=float(b))
        for row, a, b in zip(values, low, high, strict=True)
    ]
    return f"{np.mean([holds(span, truth) for span in spans]):.1%}"


def equality(arm: KnownArm, options: argparse.Namespace) -> dict[str, Any]:
    """False positives with two, and with three, equal configurations."""
    rng = np.random.default_rng([options.seed, NAMES.index(arm.name)])
    two, three = [], []
    for values in arm.draw(options.seeds, rng, 3 * options.repeats).reshape(options.repeats, 3, options.seeds):
        two += _verdicts(dict(zip("ab", values[:2], strict=True)), rng, options, GOALS)
        three.append(_verdicts(dict(zip(("winner", "proposed", "current"), values, strict=True)), rng, options, GOALS))
    return {
        "arm": arm.name,
        "confirmed better": f"{np.mean([said == 'confirmed better' for said in two]):.1%}",
        "probably or confirmed better": f"{np.mean([said.endswith('better') for said in two]):.1%}",
        "any of three confirmed": f"{np.mean([any('confirmed' in said for said in row) for row in three]):.1%}",
    }


def power(seeds: int, options: argparse.Namespace) -> dict[str, Any]:
    """Power for normal distributions of standard deviation 1 that differ by the smallest difference or half of it."""
    rng = np.random.default_rng([options.seed, seeds])
    even = np.linspace(-1, 1, seeds)
    even /= even.std(ddof=1)
    smallest = smallest_difference(even, even, None)
    if smallest is None:
        raise SystemExit(f"{seeds} seeds cannot detect any difference")
    row: dict[str, Any] = {"seeds": seeds, "smallest difference, sd": f"{smallest:.2f}"}
    for factor in (0.5, 1.0):
        low, high = rng.normal(size=(2, options.repeats, seeds))
        high += factor * smallest
        said = [_verdicts({"a": a, "b": b}, rng, options, None)[0] for a, b in zip(high, low, strict=True)]
        row[f"p < .05 at {factor:g}"] = (
            f"{np.mean([permutation_p(*pair) < ALPHA for pair in zip(high, low, strict=True)]):.0%}"
        )
        row[f"confirmed at {factor:g}"] = f"{np.mean([one == 'confirmed better' for one in said]):.0%}"
    return row


def _verdicts(
    arms: Mapping[str, NDArray[np.float64]], rng: np.random.Generator, options: argparse.Namespace, goals: int | None
) -> list[Verdict]:
    """The verdict of every comparison, by `answer` if any can be confirmed; the rest needs no resampling."""
    pairs = list(combinations(arms.values(), 2))
    if min(permutation_p(*pair) for pair in pairs) * len(pairs) >= ALPHA:
        return [verdict(options.seeds, superiority(*pair), 1.0, None) for pair in pairs]
    given = {name: values.tolist() for name, values in arms.items()}
    return [one.verdict for one in answer(given, goals, rng, resamples=options.resamples).comparisons]


def main() -> None:
    """Prints one table per part."""
    parts: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "coverage": lambda: [coverage(arm, other, options) for other, arm in pairwise((ARMS[-1], *ARMS))],
        "alternatives": lambda: [alternatives(arm, options) for arm in ARMS],
        "equality": lambda: [equality(arm, options) for arm in ARMS],
        "power": lambda: [power(seeds, options) for seeds in SEEDS],
    }
    arguments = parser(__doc__)
    arguments.add_argument("--part", choices=list(parts), help="default: all")
    arguments.add_argument("--seeds", type=positive, default=10, metavar="N", help="default: %(default)s")
    arguments.add_argument("--repeats", type=positive, default=4000, metavar="R", help="default: %(default)s")
    arguments.add_argument("--resamples", type=positive, default=2000, metavar="B", help="default: %(default)s")
    arguments.add_argument("--seed", type=int, default=0, metavar="S", help="default: %(default)s")
    options = arguments.parse_args()
    options.repeats = min(options.repeats, 200) if options.quick else options.repeats
    results: list[dict[str, Any]] = []
    for name in [options.part] if options.part else list(parts):
        rows = parts[name]()
        print(f"\n{name}, {options.seeds} seeds, {options.repeats} repeats\n\n{table(rows)}", flush=True)
        results += [{"part": name, **row} for row in rows]
    if options.json:
        write_json(options.json, results)


if __name__ == "__main__":
    main()
