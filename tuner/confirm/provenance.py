"""A confirmation as an export tells it: everything that somebody else would need to judge it, or to run it again."""

from typing import Any

from tuner import seeds
from tuner.confirm.plan import VALIDATION_SEEDS
from tuner.confirm.reading import Reading
from tuner.confirm.result import name_in_answer
from tuner.reporting.rows import Row
from tuner.study.confirmed import digest


def confirmation_data(reading: Reading, row: Row) -> dict[str, Any]:
    """A complete confirmation beside the trial that is exported.

    `arm` is what the answer calls that trial's configuration, None where it was not tested; `is_winner` whether it won.
    """
    found = reading.confirmation
    own = digest(row.arguments)
    tested = next((one.arm for one in found.tested if one.arm.configuration == own), None)
    arm = name_in_answer(tested, found.winner) if tested is not None and found.winner is not None else None
    data = reading.data()
    return {
        "winner": data.pop("winner"),
        "arm": arm,
        "is_winner": tested is not None and tested == found.winner,
        "verdicts": [one.words for one in found.answer.comparisons] if found.answer else [],
        **data,
        "seeds": {
            "validation": list(range(seeds.VALIDATION, seeds.VALIDATION + VALIDATION_SEEDS)),
            "test": list(range(seeds.TEST, seeds.TEST + found.test_seeds)),
            "first_validation_goal": seeds.VALIDATION_GOALS,
            "first_test_goal": seeds.TEST_GOALS,
        },
    }
