"""A step that raises once in a while is a warning; one that raises in most episodes ends the check."""

from typing import Any

import pytest
from tuner_toys import Line

from tuner.checking import run_check as checking
from tuner.checking.check_report import CheckReport, full
from tuner.errors import EnvironmentFailed
from tuner.records import EnvironmentRef


class Raising(Line):
    """Raises in a share of its steps."""

    share = 0.0

    def step(self, action: Any) -> Any:
        if self.np_random.random() < self.share:
            raise RuntimeError("inverse kinematics found no solution")
        return super().step(action)


def checked(monkeypatch: pytest.MonkeyPatch, share: float) -> CheckReport:
    monkeypatch.setattr(Raising, "share", share)
    return checking.run_check(EnvironmentRef(id=f"{__name__}:Raising"), full(60))


def test_a_rare_error_is_a_warning_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    report = checked(monkeypatch, 0.01)
    line = next(line for line in report.lines if line.name == "errors")
    assert line.verdict == "warning"
    assert "inverse kinematics found no solution" in line.finding
    assert "on_error: end_episode" in (line.suggestion or "")
    checking.refuse_wrong(report)  # which a run stops at


def test_without_an_error_the_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    line = next(line for line in checked(monkeypatch, 0.0).lines if line.name == "errors")
    assert (line.verdict, line.finding.startswith("none in ")) == ("ok", True)


def test_most_episodes_that_raise_end_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EnvironmentFailed, match="raised in step: RuntimeError: inverse kinematics"):
        checked(monkeypatch, 0.5)
