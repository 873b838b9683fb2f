"""A bar of a progress, whoever draws it."""

from tuner.record_type import Record


class Bar(Record):
    """How far one thing is."""

    label: str
    done: float
    total: float
    text: str = ""
