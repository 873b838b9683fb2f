"""Tells of every trial that ends: trackers, the study's command, listeners of other packages."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL

from tuner.app.events import Event, ListenerFailed, ListenerMissed, ListenersAwaited, TrackingAnnounced
from tuner.app.notify import Notifier, Work
from tuner.app.trackers import tracker_folder
from tuner.coordinator import Listener
from tuner.errors import TunerError
from tuner.records import CURVES_FAILED, Decision, Evaluation, TrialJob, TrialOutcome
from tuner.study.reader import StudyReader
from tuner.tracking import trial_listeners
from tuner.tracking.courier import Courier, Missed, close_all
from tuner.tracking.tracker_places import mlflow_uri, wandb_folder, wandb_mode, without_secrets
from tuner.tracking.trial_document import trial_document

FLUSH = 60.0  # s that listeners have at the end of a run for what waits
HURRIED = 5.0  # s, after Ctrl-C or an error
BOARD = "tensorboard"


@contextlib.contextmanager
def telling(reader: StudyReader, url: URL, notifier: Notifier, *, curves: bool = False) -> Iterator[Notifier]:
    """A notifier that tells whoever the study names as well, and of trials that trackers do not know from before.

    Args:
        reader: Of the study, which holds what its writer writes.
        url: Its database.
        notifier: The front end's.
        curves: Whether trials write curves for TensorBoard.
    """
    couriers = _couriers(reader, url, notifier)
    if not couriers and not curves:
        yield notifier
        return
    relay = TrialRelay(notifier, couriers, lambda number: trial_document(reader.ended_trial(number), reader.spec))
    seconds = HURRIED
    try:
        yield relay
        seconds = FLUSH
    except BaseException:
        relay.tell_unfinished()
        raise
    finally:
        close_all(couriers, seconds, lambda names: relay.notify(ListenersAwaited(names=tuple(names), seconds=seconds)))
        relay.sum_up()


def _couriers(reader: StudyReader, url: URL, notifier: Notifier) -> list[Courier]:
    spec, folder = reader.spec, partial(tracker_folder, url)
    makers = {"mlflow": trial_listeners.mlflow, "wandb": trial_listeners.wandb}
    chosen = {name: make for name, make in makers.items() if name in spec.track}
    backlog = [trial_document(trial, spec) for trial in reader.ended()] if chosen else []
    if chosen:
        notifier.notify(TrackingAnnounced(places={name: _place(name, folder(name)) for name in chosen}))
    couriers = [Courier(name, make, spec.name, folder(name), backlog=backlog) for name, make in chosen.items()]
    if spec.on_trial_end is not None:
        couriers.append(Courier("on_trial_end", trial_listeners.CommandHook, spec.on_trial_end))
    for name, place in trial_listeners.installed_listeners().items():
        couriers.append(Courier(f"listener {name}", trial_listeners.InstalledListener, place))
    return couriers


def _place(name: str, folder: Path) -> str:
    """Where a tracker writes."""
    return without_secrets(mlflow_uri(folder)) if name == "mlflow" else f"{wandb_mode()} in {wandb_folder(folder)}"


class TrialRelay:
    """The front end's notifier, with couriers that are told of trials as well."""

    def __init__(
        self, notifier: Notifier, couriers: Sequence[Courier], document: Callable[[int], dict[str, Any]]
    ) -> None:
        self._notifier, self._couriers, self._document = notifier, couriers, document
        self._running: set[int] = set()
        self._board: list[Missed] = []  # trials whose curves could not be written
        self._warned: set[str] = set()

    def notify(self, event: Event) -> None:
        self._notifier.notify(event)

    @contextlib.contextmanager
    def progress(self, work: Work) -> Iterator[Listener]:
        with self._notifier.progress(work) as listener:
            yield RelayingListener(self, listener)

    def begin(self, number: int) -> None:
        """A trial began."""
        self._running.add(number)

    def end(self, number: int, outcome: TrialOutcome) -> None:
        """A trial ended, and what came of it is stored."""
        self._running.discard(number)
        if (reason := outcome.facts.get(CURVES_FAILED)) is not None:
            self._board.append(Missed(trial=number, reason=str(reason)))
        self._post(number)

    def tell_unfinished(self) -> None:
        """Tells of the trials that an error or Ctrl-C ended, if that could be stored."""
        with contextlib.suppress(TunerError):
            for number in sorted(self._running):
                self._post(number)

    def _post(self, number: int) -> None:
        if not self._couriers:
            return
        document = self._document(number)
        for courier in self._couriers:
            courier.post(document)

    def warn(self) -> None:
        """Tells of every listener's first failure."""
        for name, missed in self._missed():
            if missed and name not in self._warned:
                self._warned.add(name)
                self.notify(ListenerFailed(name=name, trial=missed[0].trial, reason=missed[0].reason))

    def sum_up(self) -> None:
        """Tells how many trials each listener was not told of."""
        self.warn()
        again = {courier.name for courier in self._couriers if courier.catches_up}
        for name, missed in self._missed():
            if count := sum(one.trial is not None for one in missed):
                self.notify(ListenerMissed(name=name, count=count, again=name in again))

    def _missed(self) -> Iterator[tuple[str, list[Missed]]]:
        yield from ((courier.name, courier.missed) for courier in self._couriers)
        yield BOARD, self._board


class RelayingListener:
    """Shows progress as another listener does, and tells a relay of trials."""

    def __init__(self, relay: TrialRelay, shown: Listener) -> None:
        self._relay, self._shown = relay, shown

    def started(self, job: TrialJob) -> None:
        self._relay.begin(job.number)
        self._shown.started(job)

    def evaluated(self, number: int, evaluation: Evaluation, decision: Decision) -> None:
        self._shown.evaluated(number, evaluation, decision)

    def finished(self, number: int, outcome: TrialOutcome) -> None:
        self._relay.end(number, outcome)
        self._shown.finished(number, outcome)

    def tick(self) -> None:
        self._relay.warn()
        self._shown.tick()
