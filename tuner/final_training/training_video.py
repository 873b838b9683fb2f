"""A video of a trained model, recorded in a separate process if the runs have theirs."""

from pathlib import Path

from tuner import seeds
from tuner.playing.play_episode import Actor, Played
from tuner.playing.playback import play
from tuner.records import EnvironmentRef, Signals
from tuner.training.model_files import BEST, BEST_STATISTICS

EPISODES = 5


def record_video(
    ref: EnvironmentRef, folder: Path, output: Path, signals: Signals | None = None, *, stochastic: bool = False
) -> Played:
    """Records the best model of a run in episodes that neither tuning nor a test uses.

    Raises:
        TunerError: where it cannot be played, or the video cannot be written.
    """
    statistics = folder / BEST_STATISTICS
    actor = Actor(
        label="the best model",
        model=(folder / BEST).read_bytes(),
        statistics=statistics.read_bytes() if statistics.is_file() else None,
        signals=signals,
        stochastic=stochastic,
        title="best model",
    )
    return play(ref, actor, seeds.play_goals(EPISODES), output, lambda _: None)
