"""The sections of a report in order, from the answer to its reproduction."""

from collections.abc import Iterator, Sequence

from tuner.output import study_sections
from tuner.output.blocks import Block, Bullets, Cell, Code, Picture, Reel, Section, Table, Text, VideoBlock
from tuner.results.answer import amount
from tuner.results.report_data import ArmLine, Confirmed, StudyReport, ValidationLine
from tuner.statistics.answer_records import Interval, Measure, points, signed


def sections(report: StudyReport) -> list[Section]:
    """All sections; one without data says so."""
    parts = (
        ("answer", "The answer", answer(report)),
        ("arms", "Configurations compared", compared(report)),
        ("curves", "Learning curves", _curves(report)),
        ("history", "The study's history", study_sections.history(report)),
        ("pruning", "Where trials ended", study_sections.pruned(report)),
        ("importances", "What matters", study_sections.importance(report)),
        ("ranges", "Ranges and where the best lie", study_sections.ranges(report)),
        ("parallel", "All parameters at once", study_sections.parallel(report)),
        ("health", "Health of the trials", study_sections.health(report)),
        ("seconds", f"Time against {report.scored}", study_sections.seconds(report)),
        ("videos", "Videos", _videos(report)),
        ("reproduce", "Reproduce", _reproduce(report)),
    )
    return [Section(key=key, title=title, blocks=tuple(blocks)) for key, title, blocks in parts]


def answer(report: StudyReport) -> Iterator[Block]:
    """The answer so far, its caveats, the leader beside the baselines."""
    yield Text(text=report.headline, kind="lead")
    for note in report.notes:
        yield Text(text=note, kind="warning")
    if report.confirm_command:
        why = "To include new trials:" if report.confirmed and report.confirmed.complete else "To confirm:"
        yield Code(text=report.confirm_command, title=why)
    if report.best is not None or report.baselines:
        if report.finals:
            yield study_sections.finals_table(report.finals)
        yield study_sections.best_table(report)
    if report.advice:
        yield Bullets(lines=[f"{line}." for line in report.advice])


def compared(report: StudyReport) -> Iterator[Block]:
    """The configurations of the confirmation, with their comparisons."""
    found, measure = report.confirmed, report.measure
    if found is None:
        why = "its seeds chose the leader" if report.finals else "each configuration had one training seed"
        yield Text(text=f"Not confirmed: {why}, so how good it is on other seeds is not known.")
        return
    if not found.complete:
        yield Text(text=f"{found.done} of {found.planned} runs are done. Verdicts follow when all are.", kind="warning")
    if found.arms:
        yield Picture(name="arms", caption="A dot per test seed; the diamond is their IQM, the bar its 95 % interval.")
        yield _arm_table(found, measure)
    if found.comparisons:
        yield Bullets(lines=[one.words for one in found.comparisons])
        yield _comparison_table(found)
    winner = next((arm for arm in found.arms if arm.winner), None)
    if winner is not None and winner.selection_bias is not None:
        yield Text(
            text=f"Selection bias (tuning score minus test score) of {winner.name}: "
            f"{points(winner.selection_bias, measure, form='.1f')} ({amount(winner.tuned, measure)} in tuning, "
            f"{amount(winner.mean, measure)} on average in the test)."
        )
    if any(one.values for one in found.validation):
        yield _validation_table(found.validation, measure)


def _arm_table(found: Confirmed, measure: Measure) -> Table:
    of = f" over {found.goals} episodes each" if found.goals else ""
    return Table(
        heads=("configuration", "IQM", "95 %", "mean", "95 %", "in tuning", "selection bias", "by seed"),
        rows=[_arm_row(arm, measure) for arm in found.arms],
        caption=f"{measure}, {found.seeds} test seeds{of}, all with seeds that tuning did not use; "
        "selection bias: in tuning minus mean",
    )


def _arm_row(arm: ArmLine, measure: Measure) -> list[Cell | str]:
    return [
        f"{arm.name} (best tuned)" if arm.winner else arm.name,
        _cell(arm.iqm, measure),
        _span(arm.iqm_interval, measure),
        _cell(arm.mean, measure),
        _span(arm.mean_interval, measure),
        _cell(arm.tuned, measure),
        _selection_bias(arm.selection_bias, measure),
        " ".join(_short(value, measure) for value in arm.values),
    ]


def _selection_bias(value: float | None, measure: Measure) -> Cell:
    text = "-" if value is None else f"{100 * value:+.1f}" if measure == "success" else signed(value)
    return Cell(text=text, value=value)


def _cell(value: float | None, measure: Measure) -> Cell:
    return Cell(text=amount(value, measure), value=value)


def _short(value: float, measure: Measure) -> str:
    return f"{value:.0%}" if measure == "success" else f"{value:.4g}"


def _span(span: Interval | None, measure: Measure) -> str:
    return "-" if span is None else f"{amount(span.low, measure)} … {amount(span.high, measure)}"


def _comparison_table(found: Confirmed) -> Table:
    def figure(value: float | None, form: str) -> Cell:
        return Cell(text="-" if value is None else format(value, form), value=value)

    return Table(
        heads=(
            "first",
            "second",
            "verdict",
            "IQM difference",
            "95 %",
            "P(first > second)",
            "p",
            "p (Holm)",
            "detectable",
        ),
        rows=[
            [
                one.first,
                one.second,
                one.verdict,
                figure(one.difference, "+.3f"),
                "-" if one.interval is None else f"{signed(one.interval.low)} … {signed(one.interval.high)}",
                figure(one.superiority, ".2f"),
                figure(one.p, ".2g"),
                figure(one.p_holm, ".2g"),
                figure(one.smallest, ".3g"),
            ]
            for one in found.comparisons
        ],
        caption="detectable: smallest difference that these seeds can detect (power 80 %)",
    )


def _validation_table(lines: Sequence[ValidationLine], measure: Measure) -> Table:
    return Table(
        heads=("configuration", "in tuning", "by seed", "mean", "selection bias", ""),
        rows=[
            [
                one.name,
                _cell(one.tuned, measure),
                " ".join(_short(value, measure) for value in one.values) or "-",
                _cell(one.mean, measure),
                _selection_bias(one.selection_bias, measure),
                "clearly behind" if one.dropped else "",
            ]
            for one in lines
        ],
        caption=f"validation ({measure}, on separate seeds), which chose the tuned configuration to test",
    )


def _curves(report: StudyReport) -> Iterator[Block]:
    if not report.curves:
        yield Text(text="No trial recorded its learning curve yet.")
        return
    if report.curves_of == "confirmation":
        caption = "Median and quartiles over the test seeds; thin: each seed. The last evaluation has more episodes."
    else:
        caption = "The best trial and the baselines in tuning, one training seed each."
    yield Picture(name="curves", caption=caption)
    yield Table(
        heads=("configuration", "seeds", "evaluations", "half way", "at the end", "quartiles at the end"),
        rows=[
            [
                band.name,
                Cell(text=str(band.seeds), value=band.seeds),
                str(len(band.steps)),
                _cell(band.median[len(band.median) // 2], report.measure),
                _cell(band.median[-1], report.measure),
                "-" if band.seeds < 2 else _span(Interval(low=band.low[-1], high=band.high[-1]), report.measure),
            ]
            for band in report.curves
        ],
    )


def _videos(report: StudyReport) -> Iterator[Block]:
    if not report.videos:
        yield Text(text="No videos; `tuner report --videos` adds them if models were kept.")
        return
    made = [video for video in report.videos if not video.why_not]
    if made:
        yield Reel(
            videos=[
                VideoBlock(label=video.label, caption=f"{video.label}: success {amount(video.success, 'success')}")
                for video in made
            ]
        )
        said = f"The same {len(made[0].goals)} episodes in each, with seeds that neither tuning nor a test used."
        yield Text(text=said, kind="note")
    missing = [f"{video.label}: {video.why_not}" for video in report.videos if video.why_not]
    if missing:
        yield Bullets(lines=missing)


def _reproduce(report: StudyReport) -> Iterator[Block]:
    again = report.reproduction
    yield Code(text="\n".join(again.commands), title="Commands")
    yield Bullets(lines=again.notes)
    roles = {name: name.replace("_goals", " evaluation episodes").replace("_", " ") for name in again.seeds}
    yield Table(heads=("seeds of", "from"), rows=[[roles[name], f"{start:,}"] for name, start in again.seeds.items()])
    if again.versions:
        names = list(dict.fromkeys(name for record in again.versions for name in record))
        rows = [[name, *(record.get(name, "-") for record in again.versions)] for name in names]
        yield Table(heads=("package", *("version" for _ in again.versions)), rows=rows)
    if again.hardware:
        rows = [[str(value) for value in record.values()] for record in again.hardware]
        yield Table(heads=[name.replace("_", " ") for name in again.hardware[0]], rows=rows, caption="hardware")
    yield Code(text=again.study_file, title=f"{report.study}.yaml", folded=True)
    yield Code(text=again.space_file, title=f"{report.study}-space.yaml", folded=True)
