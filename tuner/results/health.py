"""How healthy a study's trials trained: each by its diagnosis, and what ails most of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tuner.config.model import StudySpec
from tuner.diagnosis.signs import diagnose
from tuner.diagnosis.training_record import Sign
from tuner.results.rows import Row
from tuner.verdicts import worst

MOST_COMMON = 3


@dataclass(frozen=True, kw_only=True)
class Ailment:
    """What several trials have."""

    name: str
    symptom: str
    trials: int
    cure: str

    def shown(self) -> str:
        """In words."""
        return f"{self.name} {self.symptom} in {self.trials} ({self.cure})"


@dataclass(frozen=True, kw_only=True)
class Health:
    """A study's trials by verdict."""

    judged: int
    verdicts: dict[str, int]  # ok, warning, wrong
    common: tuple[Ailment, ...]  # the most common first, at most three

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def line(self) -> str:
        """For people."""
        others = {"warning": "with a warning", "wrong": "wrong"}
        counts = [f"{self.verdicts[verdict]} {word}" for verdict, word in others.items() if self.verdicts[verdict]]
        said = ", ".join([f"health: {self.verdicts['ok']} of {self.judged} trials ok", *counts])
        return f"{said}; most common: {self.common[0].shown()}" if self.common else said


def signs_of(row: Row, spec: StudySpec) -> tuple[Sign, ...]:
    """A trial's diagnosis; empty where it has none of its signals recorded."""
    return diagnose(spec.algorithm, row.arguments, row.attributes)


def study_health(rows: Sequence[Row], spec: StudySpec) -> Health | None:
    """All finished trials' diagnoses in one; None where no trial has recorded its signals."""
    diagnoses = [signs for row in rows if row.finished and (signs := signs_of(row, spec))]
    if not diagnoses:
        return None
    verdicts = Counter(worst(signs) for signs in diagnoses)
    ailing = [sign for signs in diagnoses for sign in signs if sign.verdict != "ok"]
    found = Counter((sign.name, sign.symptom) for sign in ailing)
    cures = {(sign.name, sign.symptom): sign.cure for sign in ailing}
    return Health(
        judged=len(diagnoses),
        verdicts={verdict: verdicts[verdict] for verdict in ("ok", "warning", "wrong")},
        common=tuple(
            Ailment(name=key[0], symptom=key[1], trials=count, cure=cures[key])
            for key, count in found.most_common(MOST_COMMON)
        ),
    )
