"""What was asked to be played, and how it went."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts: a model, or else the environment's own expert."""

    label: str
    model: bytes | None = None  # a zip of Stable-Baselines3's
    statistics: bytes | None = None  # what VecNormalize.save wrote, where observations were scaled


EXPERT = Actor(label="the expert")


@dataclass(frozen=True, kw_only=True)
class PlayedEpisode:
    """How one episode went."""

    episode: int  # from 1
    seed: int  # of its reset, which stands for the goal
    steps: int
    total_return: float
    success: bool | None  # None where the environment does not tell
    distance: float | None  # at the end, in the environment's unit
    stages: tuple[str, ...]  # what `info` told to be reached, in its order


@dataclass(frozen=True, kw_only=True)
class Played:
    """Everything that was played."""

    environment: str
    actor: str
    episodes: Sequence[PlayedEpisode]

    @property
    def success(self) -> float | None:
        """The share of successes, None where the environment does not tell."""
        told = [episode.success for episode in self.episodes if episode.success is not None]
        return sum(told) / len(told) if told else None

    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        rows = [asdict(episode) for episode in self.episodes]
        for row in rows:
            row["return"] = row.pop("total_return")
        return {"environment": self.environment, "actor": self.actor, "success": self.success, "episodes": rows}
