"""The configuration that a study recommends: the best mean over its seeds, shrunk by the noise that repeats show."""

import statistics
from collections.abc import Iterable, Sequence

from tuner.record_type import Record

TIE = 0.01  # share of the scores' range within which means are equal, and the faster learner leads


class Run(Record):
    """A finished training run of a configuration."""

    trial: int
    configuration: str  # digest of the algorithm's arguments
    score: float
    area: float | None = None  # mean success over its evaluations, the higher the earlier it learned


class Standing(Record):
    """A configuration with all its runs."""

    configuration: str
    trials: tuple[int, ...]  # in order; the first is the one that the configuration is named after
    scores: tuple[float, ...]  # of those trials
    shrunk: float  # mean score, shrunk towards the study's mean
    area: float | None  # mean over the runs

    @property
    def mean(self) -> float:
        """Mean score over the seeds."""
        return statistics.fmean(self.scores)

    @property
    def repeated(self) -> bool:
        """Whether it ran on more than one seed."""
        return len(self.scores) > 1


def ranked(runs: Iterable[Run]) -> list[Standing]:
    """Every configuration, by its shrunk mean, the highest first."""
    groups: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.trial):
        groups.setdefault(run.configuration, []).append(run)
    shrink = _shrinkage([[run.score for run in group] for group in groups.values()])
    found = [_standing(group, shrink) for group in groups.values()]
    return sorted(found, key=lambda one: (-one.shrunk, one.trials[0]))


def standings(runs: Iterable[Run]) -> list[Standing]:
    """Every configuration, the leader first.

    Once any configuration has been repeated, one that ran once cannot lead and comes after those that were. Means
    within a hundredth of the range of all scores are a tie, which the larger area under the success curve decides.
    """
    return _fastest_first(sorted(ranked(runs), key=lambda one: not one.repeated))


def leader(runs: Iterable[Run]) -> Standing | None:
    """The first of `standings`; None without a run."""
    return next(iter(standings(runs)), None)


class _Shrinkage(Record):
    """Empirical Bayes: a mean over n seeds keeps n t² / (n t² + s²) of its distance to the centre."""

    centre: float  # mean of the scores of all configurations
    between: float  # t²: variance of what configurations are worth
    within: float  # s²: variance between the seeds of a configuration

    def of(self, scores: Sequence[float]) -> float:
        kept = len(scores) * self.between
        share = kept / (kept + self.within) if kept + self.within > 0 else 1.0
        return self.centre + share * (statistics.fmean(scores) - self.centre)


def _shrinkage(groups: Sequence[Sequence[float]]) -> _Shrinkage:
    """From all scores; without a repeat nothing is shrunk."""
    if not groups:
        return _Shrinkage(centre=0.0, between=1.0, within=0.0)
    means = [statistics.fmean(scores) for scores in groups]
    repeated = [scores for scores in groups if len(scores) > 1]
    degrees = sum(len(scores) - 1 for scores in repeated)
    within = sum(statistics.variance(scores) * (len(scores) - 1) for scores in repeated) / degrees if degrees else 0.0
    noise = statistics.fmean(within / len(scores) for scores in groups)
    between = max((statistics.pvariance(means) if len(means) > 1 else 0.0) - noise, 0.0)
    return _Shrinkage(centre=statistics.fmean(means), between=between or within or 1.0, within=within)


def _standing(group: Sequence[Run], shrink: _Shrinkage) -> Standing:
    scores = tuple(run.score for run in group)
    areas = [run.area for run in group if run.area is not None]
    return Standing(
        configuration=group[0].configuration,
        trials=tuple(run.trial for run in group),
        scores=scores,
        shrunk=shrink.of(scores),
        area=statistics.fmean(areas) if areas else None,
    )


def _fastest_first(ordered: list[Standing]) -> list[Standing]:
    """Among those that tie with the first, the one of the largest area moves to the front."""
    if not ordered:
        return ordered
    first = ordered[0]
    everything = [score for one in ordered for score in one.scores]
    least = first.shrunk - TIE * (max(everything) - min(everything))
    tied = [one for one in ordered if one.repeated == first.repeated and one.shrunk >= least]
    if not first.repeated or any(one.area is None for one in tied):
        return ordered
    fastest = max(tied, key=lambda one: one.area or 0.0)
    return [fastest, *(one for one in ordered if one is not fastest)]
