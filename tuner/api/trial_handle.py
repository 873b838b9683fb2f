"""The `Trial` of the Python API: figures, final training, video."""

import os
import tempfile
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuner.api import notebook
from tuner.api.environment_names import engine_options
from tuner.app import export as exporting
from tuner.app import play as playing
from tuner.app import train as training
from tuner.app.limits import LARGEST_SEED, MOST_PLAYED, MOST_STEPS, file_path, whole_number
from tuner.app.notify import Notifier
from tuner.errors import NothingToShow, UsageProblem
from tuner.playing.play_episode import Played
from tuner.study.rows import Row

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm


def undisturbed() -> AbstractContextManager[None]:
    """Restores this process's random states and torch's thread count at the end."""
    from tuner.training.streams import undisturbed as within  # takes torch with it

    return within()


@dataclass(frozen=True, repr=False)
class Trial:
    """One trial of a study.

    It has the figures of its row: number, label, state, value, success, params (of the space), arguments (of the
    algorithm, as they ran), seed, steps, seconds, attributes (as the database has them).
    """

    row: Row
    study: str
    environment: str
    storage: str

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.row, name)

    def __repr__(self) -> str:
        value = "no score" if self.row.value is None else f"score {self.row.value:.4g}"
        return f"<Trial {self.row.number} ({self.row.label}) of study {self.study!r}: {self.row.state}, {value}>"

    def train(
        self,
        timesteps: int | None = None,
        *,
        seed: int | None = None,
        folder: str | os.PathLike[str] | None = None,
        workers: int | None = None,
        notifier: Notifier | None = None,
    ) -> "BaseAlgorithm":
        """Trains this configuration's final policy, as `tuner train` does.

        Args:
            timesteps: Environment steps, rounded up to whole rollouts. Default: the study's.
            seed: The training seed. Default: the trial's own.
            folder: Output folder for models, curve and model card; allows resuming. Default: nothing is kept.
            workers: 1 is needed for an environment defined in a notebook or script.
            notifier: Receives events and progress. Default: silent; in a notebook, progress bars.

        Returns:
            The Stable-Baselines3 model of the best checkpoint, with VecNormalize if the trial used it.

        Raises:
            UsageProblem: invalid argument, or the folder holds something else.
            NothingToShow: training diverged.
            EnvironmentFailed, TooManyFailures: the environment raised.
            KeyboardInterrupt: the last checkpoint is in `folder`.
        """
        from tuner.training.load_model import load_trained  # takes torch with it

        engine = engine_options(self.environment, workers)
        steps = None if timesteps is None else whole_number("timesteps", timesteps, 1, MOST_STEPS)
        seeds = None if seed is None else (whole_number("seed", seed, 0, LARGEST_SEED),)
        with tempfile.TemporaryDirectory(prefix="tuner-") as temporary:
            file = Path(temporary) / "trial.yml"
            where = exporting.ExportRequest(study=self.study, storage=self.storage, trial=self.row.number, output=file)
            exporting.export(where)
            target = Path(temporary) / "trained" if folder is None else file_path("folder", folder)
            request = training.TrainRequest(
                file=file,
                kept_as=target / file.name,
                timesteps=steps,
                seeds=seeds,
                output=target,
                engine=engine,
                video=folder is not None,
            )
            result = training.train(request, notebook.default_notifier(notifier))
            if result.interrupted:
                raise KeyboardInterrupt
            if result.summary is None or result.diverged:
                raise NothingToShow(f"trial {self.row.number}: training diverged and kept no model")
            spec = result.plan.recipe.spec
            return load_trained(result.plan.run_folder(result.plan.seeds[0]), spec.algorithm, spec.environment.ref())

    def play(
        self, path: str | os.PathLike[str] | None = None, *, episodes: int | None = None, gui: bool = False
    ) -> "Video | Played":
        """Records the model that the trial kept; a video plays inline in a notebook.

        Args:
            path: Output file, .mp4, .gif or .png. Default: none; the video is only returned.
            episodes: Number of episodes; a picture shows one. Default: 5.
            gui: Show a window in real time instead.

        Returns:
            The video with the results of its episodes; only the results with `gui`.

        Raises:
            NothingToShow: the trial kept no model.
            EnvironmentUnusable: the environment cannot be rendered.
            RecordingFailed: no encoder, no display, or the file cannot be written.
            UsageProblem: invalid argument.
        """
        if gui and path is not None:
            raise UsageProblem(f"path {str(path)!r}: a window leaves no file; give one of path and gui")
        count = None if episodes is None else whole_number("episodes", episodes, 1, MOST_PLAYED)
        with tempfile.TemporaryDirectory(prefix="tuner-") as temporary:
            target = None if gui else file_path("path", path) if path is not None else Path(temporary) / "video.mp4"
            request = playing.PlayRequest(
                study=self.study, storage=self.storage, trial=self.row.number, episodes=count, output=target, gui=gui
            )
            with undisturbed():
                played = playing.play(request, notebook.default_notifier(None))
            return played if target is None else Video(content=target.read_bytes(), form=target.suffix, played=played)


@dataclass(frozen=True, kw_only=True, repr=False)
class Video:
    """What was recorded."""

    content: bytes  # of the file
    form: str  # its ending
    played: Played  # what each episode came to

    def __repr__(self) -> str:
        return f"<Video of {len(self.played.episodes)} episodes of {self.played.actor}, {len(self.content):,} bytes>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Inline video for notebooks."""
        image = {".png": "image/png", ".gif": "image/gif"}.get(self.form)
        return {image: self.content} if image else {"text/html": notebook.video(self.content)}
