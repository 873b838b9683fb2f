import json
from collections.abc import Callable
from pathlib import Path

import pairs
import pytest


def test_contestants_take_turns_after_one_warm_up_each() -> None:
    order: list[str] = []
    pairs.alternate({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 2)
    assert "".join(order) == "ababab"


def test_without_warm_up_nothing_runs_uncounted() -> None:
    order: list[str] = []
    pairs.alternate({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 1, warm_up=False)
    assert "".join(order) == "ab"


def test_times_and_ratios_are_kept_by_round() -> None:
    now = 0.0

    def takes(*seconds: float) -> Callable[[], None]:
        left = iter(seconds)

        def run() -> None:
            nonlocal now
            now += next(left)

        return run

    rounds = pairs.alternate({"a": takes(9, 2, 6, 4), "b": takes(9, 1, 2, 4)}, 3, clock=lambda: now)
    assert rounds.seconds == {"a": [2, 6, 4], "b": [1, 2, 4]}
    assert rounds.ratios("a", "b") == [2, 3, 1]
    assert rounds.ratio("a", "b") == pairs.Spread(median=2, min=1, max=3)
    assert rounds.spread("b") == pairs.Spread(median=2, min=1, max=4)


def test_no_rounds_are_refused() -> None:
    with pytest.raises(ValueError, match="rounds is 0"):
        pairs.alternate({}, 0)


def test_a_table_is_aligned() -> None:
    rows = [{"name": "a", "ms": 1.23456, "n": 7}, {"name": "longer", "ms": 12345.6, "n": None}]
    assert pairs.table(rows).splitlines() == [
        "name        ms  n",
        "a         1.23  7",
        "longer  12,346  -",
    ]


def test_json_holds_results_and_machine_and_replaces_the_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.write_text("old")
    pairs.write_json(path, [{"ms": 1.5}])
    data = json.loads(path.read_text())
    assert data["results"] == [{"ms": 1.5}]
    assert data["machine"].keys() == {"python", "numpy", "torch", "stable-baselines3", "cores", "cpu"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["figures.json"]


def test_a_file_that_cannot_be_written_keeps_what_it_held(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    path.write_text("old")
    with pytest.raises(TypeError):
        pairs.write_json(path, [{"ms": object()}])
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["figures.json"]


def test_every_benchmark_has_the_same_options() -> None:
    parsed = pairs.parser("What it measures.", rounds=5).parse_args(["--quick", "--json", "x.json"])
    assert (parsed.quick, parsed.json, parsed.rounds) == (True, Path("x.json"), 5)


def test_rounds_are_at_least_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        pairs.parser(None, rounds=5).parse_args(["--rounds", "0"])
    assert "0 is not at least 1" in capsys.readouterr().err
