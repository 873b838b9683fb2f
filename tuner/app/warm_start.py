"""Warm starts: baselines that are added from files and from other studies."""

from collections.abc import Sequence

from tuner.app.events import BaselineTaken
from tuner.app.notify import Notifier
from tuner.app.resolve import open_study
from tuner.config.baselines import read_baseline, with_baselines
from tuner.config.model import StudySpec
from tuner.errors import NothingToShow, UsageProblem
from tuner.results.rows import best, make_rows


def warmed(
    spec: StudySpec, files: Sequence[str], study: str | None, storage: str | None, notifier: Notifier
) -> StudySpec:
    """The study with the baselines that files, and the best of another study, add.

    Raises:
        SpecInvalid: where one of them is none that the study can hold.
        NothingToShow: where the other study has no completed trial.
        UsageProblem: where a file cannot be read.
    """
    for file in files:
        taken = read_baseline(file, spec.environment.id, spec.algorithm)
        spec = with_baselines(spec, {taken.name: taken.values}, f"--baseline {file}")
        notifier.notify(BaselineTaken(name=taken.name, origin=file, left=taken.left))
    return spec if study is None else _from_study(spec, study, storage, notifier)


def _from_study(spec: StudySpec, name: str, storage: str | None, notifier: Notifier) -> StudySpec:
    if name == spec.name:
        raise UsageProblem(f"--from {name}: is this study itself; name another")
    other = open_study(name, storage)
    if other.spec.algorithm != spec.algorithm:
        raise UsageProblem(f"--from {name}: is a study of {other.spec.algorithm}, this one of {spec.algorithm}")
    winner = best(make_rows(other))
    if winner is None:
        raise NothingToShow(
            f"--from {name}: the study has no completed trial to start from (see `tuner status {name}`)"
        )
    notifier.notify(BaselineTaken(name=f"from-{name}", study=name, origin=winner.label))
    return with_baselines(spec, {f"from-{name}"[:64]: winner.arguments}, f"--from {name}")
