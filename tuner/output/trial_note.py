"""A trial's note for the dashboard, in Markdown: how good it is, its curve and video, its health, its parameters."""

from collections.abc import Iterator, Mapping, Sequence

from tuner.config.model import StudySpec
from tuner.config.schedules import shown
from tuner.output.markdown import inline, table_row
from tuner.record_type import Record
from tuner.results.told_lines import ending, health_words, problems, share
from tuner.statistics.answer_records import Measure, figure
from tuner.study.rows import Configuration, Row

CURVE, VIDEO = "curve.png", "episode.mp4"
MOST_SEEDS = 20


class Beside(Record):
    """What a trial is shown beside."""

    spec: StudySpec
    measure: Measure
    columns: Sequence[Row]  # the leader and the baselines
    leader: str | None  # its name
    of_trial: Mapping[int, Configuration]  # by the numbers of its trials


def trial_note(row: Row, beside: Beside, files: Mapping[str, str]) -> str:
    """The note of a trial that has ended.

    Args:
        row: The trial.
        beside: What it is shown beside.
        files: Addresses of its files by their names; those that it has not are left out.
    """
    return "\n".join(_note(row, beside, files)).rstrip() + "\n"


def _note(row: Row, beside: Beside, files: Mapping[str, str]) -> Iterator[str]:
    yield f"**{inline(_first_line(row, beside))}**"
    yield ""
    if (one := beside.of_trial.get(row.number)) is not None and len(one.rows) > 1:
        yield _seeds(row, one, beside.measure)
        yield ""
    shown_files = [f"![{name}]({files[name]})" for name in (CURVE, VIDEO) if name in files]
    if len(shown_files) == 2:
        yield from (table_row(["learning curve", "an episode"]), table_row(["---"] * 2), table_row(shown_files))
    yield from shown_files if len(shown_files) == 1 else ()
    yield ""
    yield from _health(row)
    yield ""
    yield from _parameters(row, beside)


def _first_line(row: Row, beside: Beside) -> str:
    """What it is and how good."""
    phase = row.attributes.get("phase")
    name = {"test": "Test of ", "validation": "Validation of "}.get(phase or "", "") + row.label
    if row.repeat_of is not None and phase is None:
        name = f"Repeat of {row.label} on a new training seed"
    if beside.leader == row.label:
        name += ", the leader"
    seed = "" if row.seed is None else f", training seed {row.seed}"
    if row.value is None:
        how = {"pruned": "Pruned", "fail": "Failed"}.get(row.state, row.state.capitalize())
        return f"{_capital(name)}{seed}. {how}: {ending(row, beside.spec) or 'no reason was recorded'}."
    return f"{_capital(name)}: {_worth(row, beside.measure)}{seed}."


def _worth(row: Row, measure: Measure) -> str:
    """How good it is: its success rate where there is one, its score, its return."""
    found = {"score": row.value, "return": row.attributes.get("return")}
    said = [f"{name} {value:.4g}" for name, value in found.items() if value is not None and name != _twice(measure)]
    return ", ".join([*([] if row.success is None else [f"success {share(row.success)}"]), *said])


def _twice(measure: Measure) -> str:
    """What a line need not say: a score that is the return itself."""
    return "score" if measure == "return" else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _seeds(row: Row, one: Configuration, measure: Measure) -> str:
    """All runs of its configuration."""
    pairs = zip(one.rows, one.successes if measure == "success" else one.standing.scores, strict=False)
    said = [f"{figure(value, measure)}{' (this one)' if other is row else ''}" for other, value in pairs]
    more = f" and {len(said) - MOST_SEEDS} more" if len(said) > MOST_SEEDS else ""
    mean = one.success if measure == "success" else one.standing.mean
    return inline(
        f"{_capital(measure)} of this configuration by training seed: {', '.join(said[:MOST_SEEDS])}{more}; "
        f"mean {figure(mean, measure)}."
    )


def _health(row: Row) -> Iterator[str]:
    """The diagnosis: a line a problem, with its suggestion."""
    if (words := health_words(row.attributes)) is None:
        return
    found = problems(row.attributes)
    yield f"Health: {'ok.' if words == 'ok' else ''}"
    if found:
        yield ""
    yield from (f"- {inline(name)}: {inline(text)}" for name, text in found.items())


def _parameters(row: Row, beside: Beside) -> Iterator[str]:
    """Its arguments beside those of the leader and the baselines."""
    others = [other for other in beside.columns if other.label != row.label]
    names = list(dict.fromkeys(name for one in (row, *others) for name in one.arguments))
    if not names:
        return
    titles = [f"{other.label} (leader)" if other.label == beside.leader else other.label for other in others]
    yield table_row(["parameter", inline(row.label), *map(inline, titles)])
    yield table_row(["---"] * (len(others) + 2))
    for name in names:
        values = [shown(one.arguments.get(name)) for one in (row, *others)]
        own = f"**{inline(values[0])}**" if len(set(values)) > 1 else inline(values[0])
        yield table_row([inline(name), own, *map(inline, values[1:])])
