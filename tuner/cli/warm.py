"""Warm starts: baselines that the command line adds, from files and from other studies."""

from collections.abc import Sequence
from typing import Any

from tuner.cli.opening import open_study
from tuner.cli.words import say
from tuner.config.baselines import read_baseline, with_baselines
from tuner.config.model import StudySpec
from tuner.errors import NothingToShow, UsageProblem
from tuner.reporting.rows import best, make_rows


def warmed(spec: StudySpec, files: Sequence[str], study: str | None, storage: str | None) -> StudySpec:
    """The study with the baselines that `--baseline` and `--from` add.

    Raises:
        SpecInvalid: where one of them is none that the study can hold.
        NothingToShow: where the other study has no completed trial.
        UsageProblem: where a file cannot be read.
    """
    for file in files:
        taken = read_baseline(file, spec.environment.id, spec.algorithm)
        spec = with_baselines(spec, {taken.name: taken.values}, f"--baseline {file}")
        without = f"; not for a baseline, and left out: {', '.join(taken.left)}" if taken.left else ""
        say(f"Baseline {taken.name!r} from {file}{without}")
    return spec if study is None else _from_study(spec, study, storage)


def _from_study(spec: StudySpec, name: str, storage: str | None) -> StudySpec:
    if name == spec.name:
        raise UsageProblem(f"--from {name}: is this study itself; name another")
    other, other_spec = open_study(name, storage)
    if other_spec.algorithm != spec.algorithm:
        raise UsageProblem(f"--from {name}: is a study of {other_spec.algorithm}, this one of {spec.algorithm}")
    winner = best(make_rows(other.get_trials(deepcopy=False), other_spec))
    if winner is None:
        raise NothingToShow(
            f"--from {name}: the study has no completed trial to start from (see `tuner status {name}`)"
        )
    values: dict[str, Any] = winner.arguments
    say(f"Baseline 'from-{name}': {winner.label} of study {name!r}")
    return with_baselines(spec, {f"from-{name}"[:64]: values}, f"--from {name}")
