"""What a check observed, and how its verdicts are written."""

from functools import reduce

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from tuner.checking.observed import Observed
from tuner.checking.probes import Probes
from tuner.checking.rollout import CheckedEpisode, Recording
from tuner.record_type import Record
from tuner.records import SUCCESS
from tuner.verdicts import Line

ENOUGH = 50  # steps that it takes to say that something never changes


class Evidence(Record):
    """Everything that the verdicts are based on."""

    action_space: gym.Space[NDArray[np.float64]]
    observation_space: gym.Space[NDArray[np.float64]]
    recordings: dict[str, Recording]  # by policy: zero, random, and expert if there is one
    probes: Probes
    key: str = SUCCESS  # of `info`, that tells success
    untold: int = 0  # episodes that did not tell it, where others did: they count as failures

    @property
    def expert(self) -> Recording | None:
        """The recording of the expert, if there is one."""
        return self.recordings.get("expert")

    def observed(self) -> Observed:
        """The observations of all policies."""
        return reduce(Observed.merged, (recording.observed for recording in self.recordings.values()))

    def episodes(self) -> list[CheckedEpisode]:
        """The episodes of all policies."""
        return [episode for recording in self.recordings.values() for episode in recording.episodes]

    def steps(self) -> int:
        """The number of steps of all policies."""
        return sum(recording.steps for recording in self.recordings.values())

    def has_success(self) -> bool:
        """Whether `info` tells success at the end of an episode."""
        return any(episode.success is not None for episode in self.episodes())


def ok(name: str, finding: str) -> Line:
    """A line with nothing to do."""
    return Line(name=name, verdict="ok", finding=finding)


def warning(name: str, finding: str, fix: str) -> Line:
    """A line that is worth a look."""
    return Line(name=name, verdict="warning", finding=finding, suggestion=fix)


def wrong(name: str, finding: str, fix: str) -> Line:
    """A line that makes training a waste of time."""
    return Line(name=name, verdict="wrong", finding=finding, suggestion=fix)


def graded(name: str, *, bad: bool, finding: str, fix: str) -> Line:
    """A line that is wrong if `bad`, else a warning."""
    return (wrong if bad else warning)(name, finding, fix)
