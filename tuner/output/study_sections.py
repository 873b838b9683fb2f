"""The sections of a report about the trials of the study."""

import itertools
from collections.abc import Iterator

from tuner.config.schedules import shown
from tuner.errors import listed
from tuner.output.blocks import Block, Bullets, Cell, Gallery, Picture, Table, Text
from tuner.results.answer import amount
from tuner.results.finals_lines import FinalsLines
from tuner.results.report_data import ParameterLine, StudyReport, TrialLine
from tuner.results.report_parts import MOST_CROSSED
from tuner.statistics.answer_records import figure

TOP = 10  # trials in the table
MOST_REASONS = 10
MOST_ROWS = 30


def best_table(report: StudyReport) -> Table:
    """The best trial's arguments beside the baselines'."""
    name = report.confirmed.winner if report.confirmed else None
    tested = [trial for trial in report.trials if trial.label == name and trial.role is None][
        :1
    ]  # the first of its runs
    shown_ones = [trial for trial in (report.best, *tested, *report.baselines) if trial is not None]
    columns = list({trial.number: trial for trial in shown_ones}.values())
    names = dict.fromkeys(name for trial in columns for name in trial.arguments)
    one_seed = f"{report.scored} of the first seed" if report.finals else f"{report.scored} in tuning"
    rows: list[list[Cell | str]] = [[one_seed, *(_score(trial) for trial in columns)]]
    if report.finals is None and report.succeeds:
        success = (Cell(text=amount(trial.success, "success"), value=trial.success) for trial in columns)
        rows.append(["success in tuning", *success])
    rows += [[name, *(shown(trial.arguments.get(name)) for trial in columns)] for name in names]
    heads = ["", *(_heading(trial, report, name) for trial in columns)]
    return Table(heads=heads, rows=rows, caption="" if report.finals else "one training seed each")


def finals_table(finals: FinalsLines) -> Table:
    """The leader and what it is compared with, seed by seed."""
    measure = finals.measure
    return Table(
        heads=["configuration", "seeds", f"{measure} by training seed", "mean", "95 % interval"],
        rows=[
            [
                f"{line.name} (leader)" if line is finals.leader else line.name,
                str(len(line.values)),
                " ".join(figure(value, measure) for value in line.values),
                Cell(text=figure(line.mean, measure), value=line.mean),
                "-" if (one := line.interval) is None else f"{figure(one.low, measure)} … {figure(one.high, measure)}",
            ]
            for line in finals.lines
        ],
        caption=f"{finals.repeats} trials repeated the leading configurations on new training seeds",
    )


def _heading(trial: TrialLine, report: StudyReport, tested: str | None) -> str:
    leads = report.best is not None and trial.number == report.best.number
    said = [*(["best"] if leads else []), *(["tested"] if trial.label == tested else [])]
    return f"{listed(said)} ({trial.label})" if said and trial.role is None else trial.label


def _score(trial: TrialLine) -> Cell:
    return Cell(text=trial.state if trial.value is None else f"{trial.value:.4g}", value=trial.value)


def history(report: StudyReport) -> Iterator[Block]:
    """Scores by trial, and the best of them."""
    counts = ", ".join(f"{count:,} {state}" for state, count in report.counts.items() if count) or "no trial yet"
    yield Text(text=f"{report.finished:,} of {max(report.target, report.finished):,} trials finished ({counts}).")
    done = sorted(
        (trial for trial in report.trials if trial.value is not None), key=lambda trial: -(trial.value or 0.0)
    )
    if not done:
        yield Text(text="No trial is complete yet, so there is no history to plot.")
        yield from _reasons(report)
        return
    yield Picture(name="history", caption="Completed trials by number, the best so far, the baselines as stars.")
    names = [line.name for line in report.parameters]
    yield Table(
        heads=("trial", report.scored, *(["success"] if report.succeeds else []), *names),
        rows=[
            [
                trial.label,
                _score(trial),
                *([Cell(text=amount(trial.success, "success"), value=trial.success)] if report.succeeds else []),
                *(shown(trial.params.get(name)) for name in names),
            ]
            for trial in done[:TOP]
        ],
        caption=f"the best {min(TOP, len(done))} of {len(done):,} completed trials, by one training seed each",
    )
    yield from _reasons(report)


def _reasons(report: StudyReport) -> Iterator[Block]:
    """Why trials failed, diverged or were interrupted."""
    reasons = [f"{trial.label} ({trial.state}): {trial.end}" for trial in report.trials if trial.end]
    if reasons:
        more = [f"and {len(reasons) - MOST_REASONS:,} more (`tuner status {report.study} --trials`)"]
        yield Text(text="Trials that failed, diverged or were interrupted:")
        yield Bullets(lines=reasons[:MOST_REASONS] + (more if len(reasons) > MOST_REASONS else []))


def pruned(report: StudyReport) -> Iterator[Block]:
    """Cost of the study and savings by pruning."""
    bill = report.pruning
    if not bill.steps_spent:
        yield Text(text="No trial has ended yet.")
        return
    share = f", {bill.share_saved:.0%} of the cost of all trials at full length" if bill.pruned else ""
    yield Text(
        text=f"{bill.pruned:,} trials were pruned. The study took {bill.steps_spent:,} steps and "
        f"{_time(bill.seconds_spent)} of training; pruning saved {bill.steps_saved:,} steps and "
        f"{_time(bill.seconds_saved)}{share}."
    )
    if bill.diverged:
        yield Text(text=f"{bill.diverged:,} trials diverged (NaN or infinity) and were stopped at once.")
    yield Picture(name="ends", caption="The step at which each trial ended; dotted: a trial's full length.")
    if bill.ends:
        yield Table(
            heads=("pruned after", "trials", "of all pruned"),
            rows=[
                [f"{step:,} steps", Cell(text=f"{count:,}", value=count), f"{count / bill.pruned:.0%}"]
                for step, count in itertools.islice(bill.ends.items(), MOST_ROWS)
            ],
        )
    yield Picture(name="courses", caption="Intermediate values of trials: dark if complete, grey if pruned.")


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


def importance(report: StudyReport) -> Iterator[Block]:
    """Importances of the parameters, with the level of noise."""
    found = report.importances
    if not found.parameters or found.floor is None:
        yield Text(
            text=f"Not enough data: {found.completed} tuned trials are complete; below {found.needed} an "
            "importance is mostly noise."
        )
        return
    yield Picture(
        name="importances",
        caption="Median and 90 % interval; shaded: up to the importance of a parameter without effect.",
    )
    said = {"matters": "above the noise", "perhaps": "perhaps", "noise": "not above the noise"}
    rows: list[list[Cell | str]] = [
        [
            one.name,
            Cell(text=f"{one.median:.1%}", value=one.median),
            f"{one.interval.low:.1%} … {one.interval.high:.1%}",
            said[one.standing],
        ]
        for one in found.parameters
    ]
    rows.append(["(no effect)", "", f"{found.floor.low:.1%} … {found.floor.high:.1%}", "the noise"])
    yield Table(heads=("parameter", "importance", "90 %", ""), rows=rows)
    yield Text(
        text=f"{found.method} over {found.completed:,} completed trials, resampled {found.resamples} times: how well "
        "a parameter separates the best tenth from the others. The sampler's choice of values affects it as well.",
        kind="note",
    )


def ranges(report: StudyReport) -> Iterator[Block]:
    """The range of each parameter, its best value, and plots of the scores."""
    yield Table(
        heads=("parameter", "range", "scale", "best trial", ""),
        rows=[
            [line.name, _range(line), line.scale or "choice", shown(line.best), line.word] for line in report.parameters
        ],
        caption=f"the ranges of space {report.space}",
    )
    drawn = [line for line in report.parameters if line.drawn]
    if sum(trial.value is not None for trial in report.trials) < 2 or not drawn:
        yield Text(text=f"Too few trials are complete to plot {report.scored}s by parameter.")
        return
    why = "the most important" if report.importances.parameters else "in the space's order"
    yield Text(text=f"Completed trials by parameter ({why}); later trials are darker, dashed lines mark the range.")
    yield Gallery(pictures=[Picture(name=f"slice {line.name}", caption=line.name) for line in drawn])
    enough = report.importances.parameters
    crossed = [line.name for line in drawn if line.kind != "choice"][:MOST_CROSSED] if enough else []
    pairs = list(itertools.combinations(crossed, 2))
    if pairs:
        yield Gallery(
            pictures=[Picture(name=f"contour {one} {other}", caption=f"{one} and {other}") for one, other in pairs]
        )


def _range(line: ParameterLine) -> str:
    if line.low is None or line.high is None:
        return ", ".join(shown(choice) for choice in line.choices)
    return f"{line.low:g} … {line.high:g}"


def parallel(report: StudyReport) -> Iterator[Block]:
    """The parallel-coordinate plot."""
    if sum(line.varied for line in report.parameters) < 2:
        yield Text(text="Fewer than two parameters varied among completed trials.")
        return
    yield Picture(
        name="parallel", caption=f"One line per completed trial, darker for better {report.scored}s.", wide=True
    )


def health(report: StudyReport) -> Iterator[Block]:
    """Diagnoses of all trials by the bounds of the PPO guide."""
    found = report.health
    if found is None:
        yield Text(text="No trial recorded its training signals.")
        return
    counts = ", ".join(f"{count:,} {verdict}" for verdict, count in found.verdicts.items())
    yield Text(text=f"{found.judged:,} trials were diagnosed by the bounds of the PPO guide: {counts}.")
    if found.best is not None and report.best is not None:
        verdict, has = found.best
        said = {"ok": "is ok", "warning": "has a warning", "wrong": "has something wrong"}[verdict]
        yield Text(text=f"The best ({report.best.label}) {said}{f': {has}' if has else ''}.")
    if found.problems:
        yield Table(
            heads=("signal", "symptom", "", "trials", "suggestion"),
            rows=[
                [one.name, one.symptom, one.verdict, Cell(text=f"{one.trials:,}", value=one.trials), one.suggestion]
                for one in found.problems
            ],
        )


def seconds(report: StudyReport) -> Iterator[Block]:
    """Duration against score."""
    done = [trial for trial in report.trials if trial.value is not None and trial.seconds is not None]
    if not done:
        yield Text(text="No completed trial recorded its time.")
        return
    yield Picture(name="seconds", caption=f"Completed trials: duration and {report.scored}.")
    quickest = min(done, key=lambda trial: trial.seconds or 0.0)
    slowest = max(done, key=lambda trial: trial.seconds or 0.0)
    yield Text(
        text=f"From {quickest.seconds:.1f} s ({quickest.label}, {report.scored} {quickest.value:.3g}) to "
        f"{slowest.seconds:.1f} s ({slowest.label}, {report.scored} {slowest.value:.3g})."
    )
