"""The answer in words: from the confirmation if there is one, else from tuning alone."""

import statistics

from tuner.finals.confirmation_plan import TEST_GOALS
from tuner.results.confirmation_reading import ArmResult, Confirmation, ConfirmationReading, name_in_answer, tuning
from tuner.results.report_data import ArmLine, ComparisonLine, Confirmed, ValidationLine
from tuner.results.summary import Summary, verdict
from tuner.statistics.answer_records import KEPT, Measure, PairedTest, signed


def confirmed(reading: ConfirmationReading | None) -> Confirmed | None:
    """The figures of the confirmation; None if the study has none."""
    if reading is None:
        return None
    found = reading.confirmation
    return Confirmed(
        complete=found.complete,
        done=found.done,
        planned=found.planned,
        seeds=found.test_seeds,
        goals=TEST_GOALS if found.measure == "success" else None,
        winner=found.winner.name if found.winner else None,
        recommended=found.recommended.name if found.recommended else None,
        validation=tuple(_validation(one, found.measure) for one in found.arms),
        arms=_arms(found),
        comparisons=_comparisons(found),
        newer=reading.newer,
    )


def _validation(one: ArmResult, measure: Measure) -> ValidationLine:
    mean = statistics.fmean(one.validation) if one.validation else None
    tuned = tuning(one.arm, measure)
    return ValidationLine(
        name=one.arm.name,
        tuned=tuned,
        values=one.validation,
        mean=mean,
        selection_bias=None if tuned is None or mean is None else tuned - mean,
        dropped=one.dropped,
    )


def _arms(found: Confirmation) -> tuple[ArmLine, ...]:
    if found.answer is None:
        return ()
    pairs = [(one.arm, vars(found.answer.arm(name_in_answer(one.arm)))) for one in found.tested]
    return tuple(ArmLine(**{**figures, "name": arm.name, "winner": arm.role is None}) for arm, figures in pairs)


def _comparisons(found: Confirmation) -> tuple[ComparisonLine, ...]:
    if found.answer is None:
        return ()
    names = {name_in_answer(one.arm): one.arm.name for one in found.tested}
    return tuple(_comparison(one, names, found.measure) for one in found.answer.comparisons)


def _comparison(one: PairedTest, names: dict[str, str], measure: Measure) -> ComparisonLine:
    first, second = names.get(one.first, one.first), names.get(one.second, one.second)
    figures = {name: value for name, value in vars(one).items() if name != "seeds"}
    return ComparisonLine(**{**figures, "first": first, "second": second, "words": _words(one, first, second, measure)})


def _words(one: PairedTest, first: str, second: str, measure: Measure) -> str:
    """A comparison as a sentence with all its figures."""
    if one.verdict == "no evidence":
        said = f"No evidence that {first} beats {second}" + (f" (keep {second})" if second in KEPT else "")
    else:
        said = f"{capital(first)} is {one.verdict} than {second}"
    if one.difference is None or one.superiority is None or one.p is None or one.p_holm is None:
        return f"{said}: a configuration has no seed."
    span = f", 95 % interval {signed(one.interval.low)} … {signed(one.interval.high)}" if one.interval else ""
    unit = " (success rates from 0 to 1)" if measure == "success" else ""
    least = f" {capital(one.detectable(measure))}." if one.smallest else ""
    return (
        f"{said}: its IQM differs by {signed(one.difference)}{span}{unit}; a run of {first} beats one of {second} with "
        f"probability {one.superiority:.2f}; p = {one.p:.2g}, {one.p_holm:.2g} after Holm's correction.{least}"
    )


def headline(summary: Summary, found: Confirmed | None, measure: Measure) -> str:
    """The answer in a sentence."""
    if found is None:
        return verdict(summary)
    if not found.complete or found.recommended is None:
        return f"The confirmation has done {found.done} of {found.planned} runs: no answer yet. {verdict(summary)}"
    follows = f"Recommended: {found.recommended}."
    leader, against = found.arms[0], _main(found)
    if against is None:
        return f"On fresh seeds {leader.name} reached {arm_words(leader, measure)}. {follows}"
    arms = {arm.name: arm for arm in found.arms}
    first, second = arms[against.first], arms[against.second]
    figures = f"{arm_words(first, measure)}, against {arm_words(second, measure)}, over {len(first.values)} fresh seeds"
    if against.verdict == "no evidence":
        return f"No evidence that {first.name} beats {second.name} ({figures}). {follows}"
    return f"{capital(first.name)} is {against.verdict} than {second.name}: {figures}. {follows}"


def _main(found: Confirmed) -> ComparisonLine | None:
    """The comparison for the headline: of the winner with what is recommended in its place, else with the reference."""
    against = {found.recommended} - {found.winner} or {*KEPT}
    about = [one for one in found.comparisons if {one.first, one.second} & against] or list(found.comparisons)
    return next((one for one in about if one.first == found.winner), about[0] if about else None)


def arm_words(arm: ArmLine, measure: Measure) -> str:
    """`success 92 % [88 %, 95 %]`."""
    span = arm.iqm_interval
    around = f" [{amount(span.low, measure)}, {amount(span.high, measure)}]" if span else ""
    return f"{measure} {amount(arm.iqm, measure)}{around}"


def capital(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def amount(value: float | None, measure: Measure) -> str:
    """A success rate in per cent, a return or score in four digits, `-` for none."""
    if value is None:
        return "-"
    return f"{value:.1%}" if measure == "success" else f"{value:.4g}"
