"""The trials' health in one table, with the guide's cures."""

from collections import Counter
from collections.abc import Sequence

from tuner.config.model import StudySpec
from tuner.results.health import signs_of
from tuner.results.report_data import HealthLine, HealthTable
from tuner.results.rows import Row
from tuner.verdicts import SEVERITY, worst


def health_table(rows: Sequence[Row], spec: StudySpec, best: Row | None) -> HealthTable | None:
    """Everything that ails finished trials, the most common first; None where no trial recorded its signals."""
    judged = {row.number: signs for row in rows if row.finished and (signs := signs_of(row, spec))}
    if not judged:
        return None
    verdicts = Counter(worst(signs) for signs in judged.values())
    ailing = [sign for signs in judged.values() for sign in signs if sign.verdict != "ok"]
    found = Counter((sign.name, sign.symptom) for sign in ailing)
    said = {(sign.name, sign.symptom): sign for sign in sorted(ailing, key=lambda sign: SEVERITY[sign.verdict])}
    own = judged.get(best.number, ()) if best else ()
    has = "; ".join(f"{sign.name}: {sign.finding}" for sign in own if sign.verdict != "ok")
    return HealthTable(
        judged=len(judged),
        verdicts={verdict: verdicts[verdict] for verdict in SEVERITY},
        best=(worst(own), has) if own else None,
        ailments=tuple(
            HealthLine(name=name, symptom=symptom, verdict=sign.verdict, trials=count, cure=sign.cure)
            for (name, symptom), count in found.most_common()
            for sign in [said[name, symptom]]
        ),
    )
