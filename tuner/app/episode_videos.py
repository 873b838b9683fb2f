"""Videos of kept models for the dashboard: each is made when it is first asked for, by a process of its own."""

import functools
import logging
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.engine import URL

from tuner import seeds
from tuner.app.allowed_code import refuse_code
from tuner.app.play import PlayRequest, cast
from tuner.app.resolve import open_study
from tuner.engines.processes import run_once
from tuner.errors import EnvironmentUnusable, TunerError
from tuner.playing.playback import play
from tuner.record_type import Record

logger = logging.getLogger(__name__)

EPISODES = 1  # of a video
GENTLE = 10  # by how much the process that makes a video is less urgent than a run
Make = Callable[[str, str, int, str], None]  # with the database, the study, the trial and the file


class WantedVideo(Record):
    """A model whose video is asked for."""

    study: str
    trial: int
    model: str  # its artifact


class EpisodeVideos:
    """Makes videos one after another."""

    def __init__(
        self, url: URL, folder: Path, make: Make | None = None, *, allowed: tuple[str, ...] | None = None
    ) -> None:
        """Takes also what a service may run, see `refuse_code`; None for everything."""
        self._address = url.render_as_string(hide_password=False)
        self._make = make or functools.partial(_in_a_process, allowed)
        self._folder = folder
        self._lock = threading.Lock()
        self._asked: set[str] = set()  # models that are waiting, or being recorded
        self._without: set[str] = set()  # models that cannot be recorded, studies of which none can
        self._queue: queue.Queue[WantedVideo] = queue.Queue()
        self._thread: threading.Thread | None = None

    def place(self, wanted: WantedVideo) -> Path:
        """Where a model's video is, once it is made."""
        return self._folder / f"{wanted.model}.mp4"

    def impossible(self, wanted: WantedVideo) -> bool:
        """Whether there will be no video of a model."""
        return bool(self._without & {wanted.model, wanted.study})

    def ask(self, wanted: WantedVideo) -> None:
        """Has a model's video made, unless it is there, cannot be, or is asked for already."""
        with self._lock:
            if wanted.model in self._asked or self.place(wanted).exists() or self.impossible(wanted):
                return
            self._asked.add(wanted.model)
            self._queue.put(wanted)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="videos", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            wanted = self._queue.get()
            if not self.impossible(wanted):
                self._record(wanted)
            with self._lock:
                self._asked.discard(wanted.model)

    def _record(self, wanted: WantedVideo) -> None:
        target = self.place(wanted)
        unfinished = target.with_name(f"unfinished-{target.name}")
        try:
            self._make(self._address, wanted.study, wanted.trial, str(unfinished))
            unfinished.replace(target)
        except EnvironmentUnusable as error:  # it draws no pictures, or is not here
            self._give_up(wanted.study, error)
        except (TunerError, OSError) as error:
            self._give_up(wanted.model, error)

    def _give_up(self, what: str, error: Exception) -> None:
        logger.info("no video: %s", error)
        self._without.add(what)


def _in_a_process(allowed: tuple[str, ...] | None, address: str, study: str, trial: int, target: str) -> None:
    run_once(record_episode, address, study, trial, target, allowed)


def record_episode(address: str, study: str, trial: int, target: str, allowed: tuple[str, ...] | None = None) -> None:
    """Records a trial's model on the same episodes as every other.

    Raises:
        TunerError: what keeps it from being recorded, such as code that a service was not told to run.
    """
    if allowed is not None:
        refuse_code(open_study(study, address).spec, allowed)
    if hasattr(os, "nice"):
        os.nice(GENTLE)
    part = cast(PlayRequest(study=study, trial=trial, storage=address))
    play(part.ref, part.actor, seeds.play_goals(EPISODES), Path(target), lambda _: None)
