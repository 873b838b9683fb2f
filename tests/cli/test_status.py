"""`tuner status`: where a study stands, for people and for programs."""

import json
from pathlib import Path

import pytest
from conftest import Tuner

from tuner.cli.run_command import MAX_SEED, PRUNERS, SAMPLERS
from tuner.config import model
from tuner.errors import WorkerBroke
from tuner.exit_codes import INTERRUPTED


def test_it_counts_and_compares(tuner: Tuner, finished: Path) -> None:
    out = tuner("status toy").out
    for words in ("Study 'toy': 4 of 4 trials finished (4 complete)", "best tuned", "current", "proposed", "n_epochs"):
        assert words in out
    assert "Next:" not in out


def test_every_trial_has_its_line_the_best_first(tuner: Tuner, finished: Path) -> None:
    lines = tuner("status toy --trials").out.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("trial "))
    header, *rows = lines[begin:]
    assert header.split()[:4] == ["trial", "state", "score", "success"]
    assert set(header.split()[4:]) == {"learning_rate", "n_steps", "batch_size", "seconds"}
    best = json.loads(tuner("status toy --json").out)["best"]
    assert len(rows) == 4
    assert rows[0].split()[0] == str(best["number"])
    assert {row.split()[1] for row in rows if row.split()[1] in ("current", "proposed")} == {"current", "proposed"}


def test_a_fault_of_ours_leaves_its_trace_in_a_file(
    tuner: Tuner, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by our own fault")

    monkeypatch.setattr("tuner.study.reader.load_stored", broken)
    said = tuner("status toy")
    assert said.code == 3
    assert "ZeroDivisionError: by our own fault" in said.err
    trace = Path(said.err.strip().rpartition(" ")[2])
    assert "in broken" in trace.read_text()
    trace.unlink()


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, ""),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (WorkerBroke("unexpected X in a trial", "the trace"), 3, "unexpected X in a trial"),
    ],
    ids=["ctrl-c", "full disk", "worker"],
)
def test_other_ends_have_their_codes(
    tuner: Tuner, finished: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: str
) -> None:
    def ends(*_: object) -> None:
        raise error

    monkeypatch.setattr("tuner.study.reader.load_stored", ends)
    said = tuner("status toy")
    assert said.code == code
    assert words in said.err
    assert "Traceback" not in said.err


def test_the_command_line_offers_what_the_spec_takes() -> None:
    assert set(SAMPLERS) == set(model.Sampler.__args__)  # type: ignore[attr-defined]
    assert set(PRUNERS) == set(model.Pruner.__args__)  # type: ignore[attr-defined]
    assert MAX_SEED == model.MAX_SEED
    assert INTERRUPTED == 130
