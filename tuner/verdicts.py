"""What a check or a diagnosis says: a question, a verdict, a finding, a suggestion."""

from collections.abc import Iterable
from typing import Literal

from tuner.record_type import Record

Verdict = Literal["ok", "warning", "wrong"]
SEVERITY: dict[Verdict, int] = {"ok": 0, "warning": 1, "wrong": 2}


class Line(Record):
    """One question and its answer."""

    name: str
    verdict: Verdict
    finding: str
    suggestion: str = ""  # what to do about it; empty where all is well


def worst(lines: Iterable[Line]) -> Verdict:
    """The verdict of the worst line, `ok` where there is none."""
    return max((line.verdict for line in lines), key=SEVERITY.__getitem__, default="ok")
