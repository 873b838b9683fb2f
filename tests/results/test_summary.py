"""The summary of a study: the best trial, the baselines, and a verdict no stronger than one seed allows."""

from collections.abc import Sequence
from typing import Any

import optuna
import pytest

from tuner.results.summary import Summary, verdict
from tuner.study.rows import Row, baselines, best


def row(number: int, value: float | None, role: str | None = None, state: str = "complete") -> Row:
    return Row(
        number=number,
        state=state,
        role=role,
        value=value,
        milestones={},
        success=value,
        arguments={},
        params={},
        seed=None,
        seconds=1.0,
        steps=1,
        episode_length=None,
        attributes={},
    )


def summary(rows: Sequence[Row], **more: Any) -> Summary:
    return Summary(
        study="toy",
        environment="x",
        target=len(rows),
        counts={},
        finished=len(rows),
        best=best(rows),
        best_tuned=best([row for row in rows if row.role is None]),
        baselines=baselines(rows),
        steps_per_second=None,
        **more,
    )


CURRENT, PROPOSED = row(0, 0.4, "baseline:current"), row(1, 0.2, "baseline:proposed")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "No trial is complete yet."),
        ([row(0, None, state="pruned")], "No trial is complete yet."),
        ([CURRENT, PROPOSED, row(2, 0.3)], "No trial scored above the current configuration"),
        ([CURRENT, PROPOSED, row(2, 0.6)], "Trial 2 scored above current and proposed: one training seed each"),
        ([row(0, 0.6)], "there is no baseline to compare it with"),
    ],
    ids=["empty", "all pruned", "no better", "better", "no baselines"],
)
def test_the_verdict_says_no_more_than_one_seed_allows(rows: list[Row], words: str) -> None:
    assert words in verdict(summary(rows))


def test_among_equals_the_earliest_is_best() -> None:
    assert best([row(3, 0.5), row(1, 0.5), row(2, 0.5)]) == row(1, 0.5)


def test_only_finished_baselines_count() -> None:
    rows = [row(0, None, "baseline:current", "fail"), row(4, 0.3, "baseline:current"), PROPOSED]
    assert [found.number for found in baselines(rows)] == [4, 1]


def test_the_rows_of_a_study_carry_what_ran(finished: object) -> None:
    from tuner.app.resolve import open_study

    rows = open_study("toy", None).rows
    assert rows[1].arguments["n_epochs"] == 2
    assert rows[1].label == "proposed"
    assert all(found.attributes["steps"] == 384 for found in rows)
    assert rows[0].value == optuna.load_study(study_name="toy", storage="sqlite:///studies/tuner.db").trials[0].value


def test_a_study_in_which_nothing_succeeded_says_so_with_the_likeliest_cause() -> None:
    rows = [row(0, 0.0, "baseline:current"), row(1, 0.0)]
    warnings = ("action bounds: within [0, 255], not [-1, 1]", "speed: 20 steps a second")
    said = verdict(summary(rows, succeeded=False, warnings=warnings))
    assert said.startswith("No trial succeeded once in 2")
    assert said.endswith("The likeliest cause is in the environment: action bounds: within [0, 255], not [-1, 1].")
    assert "keep" not in said
    assert "out of reach in x" in verdict(summary(rows, succeeded=False))
    assert "far too short" in verdict(summary(rows, succeeded=False, warnings=("action effect: entry 3 of 4 never …",)))
