"""Training health of a study: the verdict of every trial's diagnosis, and the most common problems."""

from collections import Counter
from collections.abc import Sequence

from tuner.config.model import StudySpec
from tuner.diagnosis.signs import diagnose
from tuner.diagnosis.training_record import Sign
from tuner.record_type import Record
from tuner.results.report_data import HealthLine, HealthTable
from tuner.study.rows import Row
from tuner.verdicts import SEVERITY, worst

MOST_COMMON = 3


class Problem(Record):
    """A symptom and the number of trials that show it."""

    name: str
    symptom: str
    trials: int
    suggestion: str

    def shown(self) -> str:
        """The problem in words, with its suggestion."""
        return f"{self.name} {self.symptom} in {self.trials} ({self.suggestion})"


class Health(Record):
    """A study's trials by verdict."""

    judged: int
    verdicts: dict[str, int]  # ok, warning, wrong
    common: tuple[Problem, ...]  # the most common first, at most three

    def line(self) -> str:
        """A summary in one line."""
        others = {"warning": "with a warning", "wrong": "wrong"}
        counts = [f"{self.verdicts[verdict]} {word}" for verdict, word in others.items() if self.verdicts[verdict]]
        said = ", ".join([f"health: {self.verdicts['ok']} of {self.judged} trials ok", *counts])
        return f"{said}; most common: {self.common[0].shown()}" if self.common else said


def signs_of(row: Row, spec: StudySpec) -> tuple[Sign, ...]:
    """A trial's diagnosis; empty if its training signals were not recorded."""
    return diagnose(spec.algorithm, row.arguments, row.attributes)


def study_health(table: HealthTable | None) -> Health | None:
    """The diagnoses of all finished trials in short; None if no trial recorded its training signals."""
    if table is None:
        return None
    return Health(
        judged=table.judged,
        verdicts=table.verdicts,
        common=tuple(
            Problem(name=one.name, symptom=one.symptom, trials=one.trials, suggestion=one.suggestion)
            for one in table.problems[:MOST_COMMON]
        ),
    )


def health_table(rows: Sequence[Row], spec: StudySpec, best: Row | None) -> HealthTable | None:
    """All problems of finished trials, the most common first; None if no trial recorded its training signals."""
    judged = {row.number: signs for row in rows if row.finished and (signs := signs_of(row, spec))}
    if not judged:
        return None
    verdicts = Counter(worst(signs) for signs in judged.values())
    bad = [sign for signs in judged.values() for sign in signs if sign.verdict != "ok"]
    found = Counter((sign.name, sign.symptom) for sign in bad)
    said = {(sign.name, sign.symptom): sign for sign in sorted(bad, key=lambda sign: SEVERITY[sign.verdict])}
    own = judged.get(best.number, ()) if best else ()
    has = "; ".join(f"{sign.name}: {sign.finding}" for sign in own if sign.verdict != "ok")
    return HealthTable(
        judged=len(judged),
        verdicts={verdict: verdicts[verdict] for verdict in SEVERITY},
        best=(worst(own), has) if own else None,
        problems=tuple(
            HealthLine(name=name, symptom=symptom, verdict=sign.verdict, trials=count, suggestion=sign.suggestion)
            for (name, symptom), count in found.most_common()
            for sign in [said[name, symptom]]
        ),
    )
