"""The report's contents: the same figures in every format, and no text of a study taken for markup."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import report_studies as made
from optuna import Study
from optuna.trial import TrialState

from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.output import markdown
from tuner.output.palette import CURRENT, PROPOSED, TUNED, colours
from tuner.output.report_page import draw, report_page
from tuner.output.report_sections import sections
from tuner.results.confirmation_arms import make_plan
from tuner.results.report_build import build_report
from tuner.results.report_data import StudyReport
from tuner.results.report_parts import band, importances
from tuner.study.sample import Sample, thinned
from tuner.study.stored import meaning_hash

WORTH = {"current": 0.4, "proposed": 0.1, **{f"trial {number}": 0.8 for number in range(100)}}
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)> `a` | [b](javascript:c) \"'&\u2028"


def report_of(study: Study, spec: StudySpec) -> StudyReport:
    return build_report(made.reader_of(study, spec), np.random.default_rng(0))


@pytest.fixture
def spec() -> StudySpec:
    return made.reach()


@pytest.fixture
def confirmed(spec: StudySpec) -> Study:
    study = made.filled(spec, 20)
    made.confirm(study, spec, WORTH)
    return study


class Values(HTMLParser):
    """The figures of the page's tables."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[float] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [float(value) for name, value in attrs if name == "data-value" and value is not None]


def numbers(data: Any) -> Iterator[float]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from numbers(value)
            if key.isdigit():
                yield float(key)
    elif isinstance(data, list):
        for value in data:
            yield from numbers(value)
    elif isinstance(data, int | float):
        yield float(data)


def test_every_figure_of_the_tables_is_in_the_json(confirmed: Study, spec: StudySpec) -> None:
    report = report_of(confirmed, spec)
    tables = Values()
    tables.feed(report_page(made.reader_of(confirmed, spec), report, {}))
    told = set(numbers(json.loads(json.dumps(report.data()))))
    assert len(tables.found) > 50
    assert set(tables.found) <= told


def test_the_plots_show_the_figures_of_the_json(confirmed: Study, spec: StudySpec) -> None:
    report = report_of(confirmed, spec)
    pictures = draw(made.reader_of(confirmed, spec), report)
    dots = [trace for trace in pictures["arms"].data if trace.text is not None]
    assert report.confirmed is not None
    assert [tuple(trace.x) for trace in reversed(dots)] == [arm.values for arm in report.confirmed.arms]
    medians = {trace.name: tuple(trace.y) for trace in pictures["curves"].data if trace.name}
    assert medians == {one.name: one.median for one in report.curves}


def test_the_answer_is_that_of_the_confirmation(confirmed: Study, spec: StudySpec) -> None:
    report = report_of(confirmed, spec)
    said = r"Trial \d+ is confirmed better than current: success 80\.5% \[.*\], against success 40\.5% \[.*\], "
    assert re.fullmatch(said + r"over 6 fresh seeds\. Recommended: trial \d+\.", report.headline)
    assert report.confirm_command == ""
    assert report.confirmed is not None
    text = markdown.render(report, sections(report))
    assert f"best and tested ({report.confirmed.winner})" in text.partition("## Configurations")[0]
    assert report.curves_of == "confirmation"
    assert {one.seeds for one in report.curves} == {6}
    words = [one.words for one in report.confirmed.comparisons]
    assert len(words) == 3
    assert all("95 % interval" in line and "p = " in line and "probability" in line for line in words)


def test_a_baseline_that_wins_is_kept(spec: StudySpec) -> None:
    study = made.filled(spec, 20)
    made.confirm(study, spec, {**WORTH, "current": 0.95})
    headline = report_of(study, spec).headline
    assert "is confirmed worse than current" in headline
    assert headline.endswith("Recommended: current.")


def test_another_baseline_that_is_recommended_is_what_the_winner_is_compared_with() -> None:
    spec = made.reach(baselines=load_study(find("studies", "reach")).baselines)
    study = made.filled(spec, 20)
    plan = make_plan(made.reader_of(study, spec).rows, spec, top=1, test_seeds=6)
    made.confirm(study, spec, {plan.arms[0].name: 0.8, "current": 0.4, "proposed": 0.1, "guide-0.95": 0.8})
    headline = report_of(study, spec).headline
    assert headline.startswith(f"No evidence that {plan.arms[0].name} beats guide-0.95 (")
    assert headline.endswith("Recommended: guide-0.95.")


def test_trials_after_a_confirmation_ask_for_another(confirmed: Study, spec: StudySpec) -> None:
    params = made.params_of(spec, np.random.default_rng(9))
    confirmed.add_trial(made.trial(spec, params, 0.99))
    report = report_of(confirmed, spec)
    assert report.confirm_command == "tuner confirm reach"
    assert report.notes[-1] == "1 trial was completed since the confirmation and took no part in it."


def test_without_a_confirmation_the_command_is_given(spec: StudySpec) -> None:
    study = made.filled(spec, 20)
    report = build_report(
        made.reader_of(study, spec), np.random.default_rng(0), storage=["--storage", "sqlite:///a b.db"]
    )
    assert "one training seed each" in report.headline
    assert report.confirm_command == "tuner confirm reach --storage 'sqlite:///a b.db'"
    assert report.curves_of == "tuning"


def hostile(spec: StudySpec) -> tuple[Study, StudySpec]:
    """A study of which every free text is an attack."""
    changed = {"id": f"x:{EVIL}", "kwargs": {EVIL: EVIL}}
    evil = spec.model_copy(
        update={
            "name": EVIL,
            "description": EVIL,
            "environment": spec.environment.model_copy(update=changed),
            "space_name": EVIL,
            "baselines": {EVIL: spec.baselines["current"]},
        }
    )
    study = made.filled(evil, 45, prune=0.0)
    generator = np.random.default_rng(3)
    params = made.params_of(evil, generator)
    study.add_trial(made.trial(evil, params, None, state=TrialState.FAIL, failure=EVIL, versions={EVIL: EVIL}))
    study.add_trial(made.trial(evil, params, 0.5, versions={EVIL: EVIL}, hardware={EVIL: EVIL}))
    return study, evil


class Elements(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def test_nothing_of_a_study_is_taken_for_markup(spec: StudySpec) -> None:
    study, evil = hostile(spec)
    report = report_of(study, evil)
    html = report_page(made.reader_of(study, evil), report, {})
    elements = Elements()
    elements.feed(html)
    assert "img" not in elements.tags
    assert elements.handlers == []
    drawn = html.count('class="plot"')
    assert drawn >= 10
    assert elements.tags.count("script") == drawn + 2
    assert html.count("onerror=alert(2)&gt;") > 5
    assert "alert(1)</script>" not in html


def test_nothing_of_a_study_is_taken_for_markdown(spec: StudySpec) -> None:
    study, evil = hostile(spec)
    report = report_of(study, evil)
    text = markdown.render(report, sections(report))
    outside = "".join(text.split("```")[::2])
    assert "onerror" in outside
    assert re.search(r"(?<!\\)[<\[]", outside) is None
    tables = [line for line in outside.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in tables[:2]}) == 1


def test_a_page_runs_its_own_scripts_alone_and_loads_nothing(confirmed: Study, spec: StudySpec) -> None:
    report = report_of(confirmed, spec)
    html = report_page(made.reader_of(confirmed, spec), report, {"trial 2": b"video"})
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert policy.group(1).startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy.group(1)
    assert re.search(r"script-src[^;]*unsafe-inline", policy.group(1)) is None
    assert re.findall(r'(?:src|href)="(?!#|data:)', html.partition("<script")[0]) == []


@pytest.mark.parametrize("space", ["ppo_guide", "ppo_schedules"])
def test_the_files_in_the_report_are_the_study(space: str, tmp_path: Path) -> None:
    spec = made.reach(space, seed=3)
    report = report_of(made.filled(spec, 3), spec)
    (tmp_path / "reach.yaml").write_text(report.reproduction.study_file)
    (tmp_path / "reach-space.yaml").write_text(report.reproduction.space_file)
    again = load_study(find("studies", "./reach.yaml"))
    assert meaning_hash(again) == meaning_hash(spec)
    assert again.model_copy(update={"space_name": spec.space_name}) == spec


def test_costs_and_savings_of_pruning_add_up(spec: StudySpec) -> None:
    study = made.filled(spec, 30)
    bill = report_of(study, spec).pruning
    ran = [trial.user_attrs["steps"] for trial in study.get_trials()]
    assert bill.steps_spent == sum(ran)
    assert bill.steps_spent + bill.steps_saved == spec.timesteps * len(ran)
    assert bill.share_saved == pytest.approx(1 - sum(ran) / (spec.timesteps * len(ran)))
    assert bill.ends == {spec.plan()[3].step: bill.pruned}
    assert bill.seconds_saved == pytest.approx(bill.pruned * 20.0)  # 10 s for the first third


def test_a_diverged_trial_counts_as_no_saving(spec: StudySpec) -> None:
    study = made.empty(spec)
    params = made.params_of(spec, np.random.default_rng(0))
    study.add_trial(made.trial(spec, params, 0.1, state=TrialState.PRUNED, evaluations=2, reason="loss is nan"))
    bill = report_of(study, spec).pruning
    assert (bill.pruned, bill.diverged, bill.steps_saved) == (0, 1, 0)


def test_a_band_is_between_the_quartiles_of_the_seeds() -> None:
    curves = [[{"step": 1, "success": 0.0}, {"step": 2, "success": worth / 10}] for worth in range(5)]
    found = band("x", [*curves, [{"step": 1, "success": 0.9}], []], "success")
    assert found is not None
    assert (found.seeds, found.steps) == (5, (1, 2))
    assert (found.low[1], found.median[1], found.high[1]) == pytest.approx((0.1, 0.2, 0.3))
    assert band("x", [[{"step": 1, "success": None}]], "success") is None


def test_thinning_keeps_what_counts(spec: StudySpec) -> None:
    study = made.filled(spec, 500)
    trials = study.get_trials()
    kept = thinned(trials, 100)
    assert 90 <= len(kept) <= 101
    assert {trial.number for trial in kept} >= {0, 1, study.best_trial.number}
    assert [trial.number for trial in kept] == sorted(trial.number for trial in kept)
    assert thinned(trials, 1000) == trials
    states = (TrialState.COMPLETE,)
    assert all(trial.state in states for trial in Sample(study, kept).get_trials(states=states))


def test_importances_are_reproducible_and_absent_with_few_trials(spec: StudySpec) -> None:
    study = made.filled(spec, 60, prune=0.0)
    one, other = (importances(made.reader_of(study, spec), np.random.default_rng(5)) for _ in range(2))
    assert one == other
    assert one.completed == 60  # the baselines apart
    assert one.floor is not None
    assert one.parameters[0].name == "learning_rate"
    assert one.parameters[0].median > one.floor.high
    few = importances(made.reader_of(made.filled(spec, 39, prune=0.0), spec), np.random.default_rng(5))
    assert (few.completed, few.parameters, few.floor) == (39, (), None)


def test_a_parameter_that_never_changed_has_no_importance(spec: StudySpec) -> None:
    study = made.empty(spec)
    generator = np.random.default_rng(0)
    for _ in range(45):
        params = {**made.params_of(spec, generator), "clip_range": 0.2}
        study.add_trial(made.trial(spec, params, float(generator.random())))
    found = importances(made.reader_of(study, spec), np.random.default_rng(0))
    assert "clip_range" not in {one.name for one in found.parameters}
    assert len(found.parameters) == 4


def test_a_best_value_at_the_end_of_a_range_is_remarked(spec: StudySpec) -> None:
    study = made.filled(spec, 5)
    params = {**made.params_of(spec, np.random.default_rng(0)), "clip_range": 0.3}
    study.add_trial(made.trial(spec, params, 1.0))
    words = {line.name: line.word for line in report_of(study, spec).parameters}
    assert words["clip_range"] == "clip_range = 0.3 sits at the high end of its range (0.3): the best may lie beyond"


def test_each_configuration_has_a_colour_of_its_own_and_the_users_keep_theirs() -> None:
    found = colours(["current", "trial 3", "proposed", "other", "another"])
    assert (found["current"], found["proposed"], found["trial 3"]) == (CURRENT, PROPOSED, TUNED)
    assert len(set(found.values())) == 5
