"""The benchmarks' artificial history is equivalent to that of a real run, and runs can use their engine."""

from pathlib import Path

import numpy as np
import pytest
from bench_scaling import Silent, Stopwatch, coordinator_cost
from conftest import write_study
from optuna.trial import TrialState
from synthetic import InstantEngine, fill

from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.coordinator import coordinate
from tuner.study.reader import open_reader
from tuner.study.search_source import SearchSource
from tuner.study.storage import open_to_write, parse_url
from tuner.study.stored import create, load_stored, write_spec
from tuner.study.writer import StudyWriter


@pytest.fixture
def spec() -> StudySpec:
    return load_study(find("studies", str(write_study(Path.cwd(), baselines={}))))


def test_a_written_history_is_taken_up_like_a_runs_own(spec: StudySpec, tmp_path: Path) -> None:
    url = parse_url(f"sqlite:///{tmp_path}/study.db")
    study = create(open_to_write(url), spec.name)
    write_spec(study, spec)
    fill(url, study, spec, 20, np.random.default_rng(0))
    writer, changes = StudyWriter.open(open_to_write(url), spec, tmp_path / "artifacts")
    assert (changes, writer.recover(), writer.count_finished()) == ([], 0, 20)
    watch = Stopwatch(SearchSource(writer, spec, 23))
    coordinate(watch, InstantEngine(2), Silent())
    assert len(watch.trials) == 3
    found, _ = load_stored(open_to_write(url), spec.name)
    counts = open_reader(url, spec.name).counts()
    assert counts["complete"] + counts["pruned"] == 23
    written, ran = found.trials[0], found.trials[-1]
    assert written.params.keys() == ran.params.keys()
    assert written.distributions == ran.distributions
    assert [{name for name in one.user_attrs if not name.startswith("diagnosis ")} for one in (written, ran)] == [
        {name for name in ran.user_attrs if not name.startswith("diagnosis ")}
    ] * 2
    assert ran.state == TrialState.COMPLETE
    assert [*ran.intermediate_values] == [checkpoint.step for checkpoint in spec.plan()]


def test_the_history_is_never_read_again(spec: StudySpec) -> None:
    row = coordinator_cost(spec, 60, 3, 15.0)
    assert (row["held"], row["trials"]) == (60, 3)
    assert row["rows"] < 20
