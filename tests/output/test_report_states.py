"""A report in every state that a study can be in, in all three formats."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import report_studies as made
import yaml
from optuna import Study
from optuna.trial import TrialState

from tuner.config.model import StudySpec
from tuner.output import markdown
from tuner.output.report_page import draw, report_page
from tuner.output.report_sections import sections
from tuner.results.report_build import build_report
from tuner.results.report_data import StudyReport


class Tags(HTMLParser):
    """Checks that every element is closed where it was opened."""

    VOID = ("meta", "br", "img")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def report_of(study: Study, spec: StudySpec) -> StudyReport:
    return build_report(made.reader_of(study, spec), np.random.default_rng(0))


def page_of(study: Study, spec: StudySpec, report: StudyReport) -> str:
    html = report_page(made.reader_of(study, spec), report, {})
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    return html


def one_trial(spec: StudySpec) -> Study:
    study = made.empty(spec)
    study.add_trial(made.baseline(spec, "current", 0.4))
    return study


def all_of(state: TrialState, **attributes: Any) -> Callable[[StudySpec], Study]:
    def make(spec: StudySpec) -> Study:
        study, generator = made.empty(spec), np.random.default_rng(1)
        for _ in range(5):
            params = made.params_of(spec, generator)
            value = 0.1 if state == TrialState.PRUNED else None
            study.add_trial(made.trial(spec, params, value, state=state, evaluations=4, **attributes))
        return study

    return make


def under_way(spec: StudySpec) -> Study:
    study = made.filled(spec, 6)
    study.add_trial(made.trial(spec, made.params_of(spec, np.random.default_rng(2)), None, state=TrialState.RUNNING))
    return study


def older(spec: StudySpec) -> Study:
    """A study whose trials recorded almost nothing."""
    study = made.filled(spec, 6)
    bare = made.empty(spec)
    for trial in study.get_trials():
        trial.user_attrs = {key: value for key, value in trial.user_attrs.items() if key in ("role", "overrides")}
        bare.add_trial(trial)
    return bare


STATES: dict[str, tuple[Callable[[StudySpec], Study], str]] = {
    "empty": (made.empty, "No trial is complete yet."),
    "one trial": (one_trial, "keep it, or give the study more trials"),
    "all pruned": (all_of(TrialState.PRUNED), "No trial ran to its end"),
    "all diverged": (all_of(TrialState.PRUNED, reason="the loss is nan"), "5 trials diverged"),
    "all failed": (all_of(TrialState.FAIL, failure="the arm fell off"), "the arm fell off"),
    "running": (under_way, "1 trial still running"),
    "older version": (older, "did not record hardware"),
    "no success": (lambda spec: made.filled(spec, 50, prune=0.0, success=False), "in tuning"),
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_reported_in_all_formats(state: str) -> None:
    make, words = STATES[state]
    spec = made.reach()
    study = make(spec)
    report = report_of(study, spec)
    html, text = page_of(study, spec, report), markdown.render(report, sections(report))
    assert words in re.sub(r"</?code>", "`", html)
    assert words in text.replace("\\", "")
    assert json.loads(json.dumps(report.data(), allow_nan=False))["study"] == "reach"


def test_without_success_the_return_is_reported() -> None:
    spec = made.reach()
    report = report_of(made.filled(spec, 5, success=False), spec)
    assert report.measure == "return"
    assert report.best is not None
    assert report.best.success is None
    assert report.curves[0].median[-1] == pytest.approx(10 * (report.best.value or 0.0))


@pytest.mark.parametrize("space", ["ppo_schedules", "ppo_full", "sac_robot", "a2c_robot"])
def test_every_space_has_its_report(space: str) -> None:
    algorithm, _, kind = space.partition("_")
    changes = {"algorithm": algorithm} if kind == "robot" else {}
    spec = made.reach(space, **changes)
    study = made.filled(spec, 45, prune=0.0)
    report = report_of(study, spec)
    html = page_of(study, spec, report)
    assert {line.name for line in report.parameters} == set(spec.space.parameters)
    assert report.importances.parameters[0].name == "learning_rate"
    assert html.count('class="plot"') >= 12


def test_conditions_and_mixed_choices_break_nothing(tmp_path: Path) -> None:
    space = {
        "parameters": {
            "learning_rate": {"type": "float", "low": 1e-5, "high": 1e-3, "scale": "log"},
            "learning_rate_schedule": {"type": "choice", "choices": ["constant", "linear"]},
            "learning_rate_final": {
                "type": "float",
                "low": 1e-6,
                "high": 1e-5,
                "scale": "log",
                "when": {"learning_rate_schedule": "linear"},
            },
            "target_kl": {"type": "choice", "choices": [None, 0.01, 0.02]},
            "n_steps": {"type": "int", "low": 512, "high": 8192, "scale": "power_of_two"},
        }
    }
    path = tmp_path / "mixed.yaml"
    path.write_text(yaml.safe_dump(space))
    spec = made.reach(path, baselines={})
    study = made.filled(spec, 60, prune=0.0)
    report = report_of(study, spec)
    assert "learning_rate_final" in {one.name for one in report.importances.parameters}
    assert "slice learning_rate" in draw(made.reader_of(study, spec), report)
    assert "target_kl" in page_of(study, spec, report)


def test_thousands_of_trials_stay_small() -> None:
    spec = made.reach()
    study = made.filled(spec, 3000)
    report = report_of(study, spec)
    html = page_of(study, spec, report)
    assert len(html) < 6_000_000
    assert "3,002 of 3,002 trials finished" in html
    assert report.importances.parameters[0].standing == "matters"
    assert [one.standing for one in report.importances.parameters[1:]] == ["noise"] * 4
