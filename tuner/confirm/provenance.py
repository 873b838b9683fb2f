"""A confirmation as an export tells it: everything that somebody else would need to judge it, or to run it again."""

from typing import Any

from tuner import seeds
from tuner.confirm.plan import VALIDATION_SEEDS
from tuner.confirm.reading import Reading
from tuner.confirm.result import name_in_answer
from tuner.reporting.rows import Row
from tuner.study.confirmation_writer import digest


def confirmation_data(reading: Reading, row: Row) -> dict[str, Any]:
    """A complete confirmation beside the trial that is exported.

    `arm` is what the answer calls that trial's configuration, None where it was not tested.
    """
    found = reading.confirmation
    own = digest(row.arguments)
    tested = next((one.arm for one in found.tested if one.arm.configuration == own), None)
    data = reading.data()
    return {
        "recommended": data.pop("recommended"),
        "arm": None if tested is None else name_in_answer(tested),
        "verdicts": [one.words for one in found.answer.comparisons] if found.answer else [],
        "test_seeds": found.test_seeds,
        **data,
        "seeds": {
            "validation": list(range(seeds.VALIDATION, seeds.VALIDATION + VALIDATION_SEEDS)),
            "test": list(range(seeds.TEST, seeds.TEST + found.test_seeds)),
            "first_validation_goal": seeds.VALIDATION_GOALS,
            "first_test_goal": seeds.TEST_GOALS,
        },
    }
