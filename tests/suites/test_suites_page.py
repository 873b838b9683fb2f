"""The page of the suites is made of the table and the results."""

import json

import pytest
from run_suites import RESULTS, main
from suite_steps import STEPS
from suite_table import SUITES
from suites_page import PAGE, page


def test_the_page_is_what_the_results_give() -> None:
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert list(results) == [suite.name for suite in SUITES]
    assert all(tuple(result["steps"]) == STEPS for result in results.values())
    assert PAGE.read_text(encoding="utf-8") == page(results), "run `make suites`"


def test_a_failure_is_told_and_a_missing_suite_is_a_dash() -> None:
    name = SUITES[0].name
    steps = {step: {"ok": step != "play", "seconds": 1.0, "said": "no `display`" * (step == "play")} for step in STEPS}
    text = page({name: {"versions": {"gymnasium": "1.4.0"}, "steps": steps}})
    assert f"- `{name}`, play: `` no 'display' ``" in text
    assert f"| `{name}` | PPO | {' | '.join('**no**' if step == 'play' else 'ok' for step in STEPS)} |" in text
    assert f"| `{SUITES[1].name}` | {SUITES[1].algorithm} | {' | '.join('-' for _ in STEPS)} |" in text
    assert "gymnasium 1.4.0." in text


def test_an_unknown_suite_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nowhere"])
    assert "no suite 'nowhere'; there is: cartpole, " in capsys.readouterr().err
