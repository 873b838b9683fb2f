"""Playing episodes of a model or an expert: as a video, as a picture, or in a window."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from tuner import seeds
from tuner.app.events import EpisodeEnded, PlayAnnounced
from tuner.app.limits import PLAYED_EPISODES
from tuner.app.notify import Notifier
from tuner.app.resolve import environment_to_check, open_study
from tuner.config.environment_ids import same_environment, split
from tuner.config.model import StudySpec
from tuner.errors import ModelUnusable, UsageProblem
from tuner.playing import playback
from tuner.playing.play_episode import EXPERT, Actor, Played
from tuner.playing.screens import ONE_EPISODE, check_target
from tuner.record_type import Record
from tuner.records import EnvironmentRef
from tuner.study.rows import Row, choose
from tuner.training.making import full_id

STATISTICS = "vecnormalize.pkl"  # rl_zoo3's name for them
WHO = "give one of --expert, --model FILE and --study STUDY"


class PlayRequest(Record):
    """Who acts, where, how often, and where to."""

    expert: bool = False
    model: Path | None = None
    statistics: Path | None = None  # of the model's observations
    study: str | None = None
    trial: int | None = None  # of the study; None for the best
    environment: str | None = None
    kwargs: Mapping[str, Any] = field(default_factory=dict)  # of its constructor, beside those of the study
    wrappers: Sequence[str] = ()  # in place of the study's
    episodes: int | None = None
    output: Path | None = None
    gui: bool = False
    storage: str | None = None

    def __post_init__(self) -> None:
        """Refuses none or several to act.

        Raises:
            UsageProblem: naming the options.
        """
        options = {"--expert": self.expert, "--model": self.model is not None, "--study": self.study is not None}
        given = [name for name, there in options.items() if there]
        if not given:
            raise UsageProblem(f"who is to act? {WHO}")
        if len(given) > 1:
            raise UsageProblem(f"{' and '.join(given)}: only one can act; {WHO}")
        if self.statistics is not None and self.model is None:
            raise UsageProblem(f"--stats {self.statistics}: name the model that they belong to with --model")
        if self.trial is not None and self.study is None:
            raise UsageProblem(f"--trial {self.trial}: name its study with --study")

    @property
    def count(self) -> int:
        """How many episodes to play, where there is a place to show them.

        Raises:
            UsageProblem: where there is none, or two, or the file is not one.
        """
        if self.gui and self.output is not None:
            raise UsageProblem(f"--gui and -o {self.output}: a window or a file, not both")
        if not self.gui and self.output is None:
            raise UsageProblem("where to? give -o video.mp4, -o picture.png, or --gui for a window")
        if self.output is None:
            return self.episodes or PLAYED_EPISODES
        check_target(self.output)
        if self.output.suffix not in ONE_EPISODE:
            return self.episodes or PLAYED_EPISODES
        if self.episodes not in (None, 1):
            raise UsageProblem(f"--episodes {self.episodes}: a picture shows one; leave it out, or give -o FILE.mp4")
        return 1


def play(request: PlayRequest, notifier: Notifier) -> Played:
    """Plays episodes from the seeds that are for looking at.

    Raises:
        TunerError: what keeps them from being played, or the file from being written.
    """
    count = request.count
    ref, actor = cast(request)
    notifier.notify(PlayAnnounced(environment=ref.id, episodes=count, actor=actor.label, output=request.output))
    tell: Callable[..., None] = lambda episode: notifier.notify(EpisodeEnded(episode=episode))  # noqa: E731
    return playback.play(ref, actor, seeds.play_goals(count), request.output, tell)


def cast(request: PlayRequest) -> tuple[EnvironmentRef, Actor]:
    """The environment, and who acts in it.

    Raises:
        EnvironmentUnusable: unknown environment.
        ModelUnusable: where the model's file cannot be read.
        TunerError: where the study or its trial's model is not there.
    """
    if request.study is not None:
        return _of_study(request, request.study)
    ref = environment_to_check(request.environment, request.kwargs, request.wrappers)
    if request.model is None:
        return ref, EXPERT
    content = _read("--model", request.model)
    beside = request.statistics or _statistics_beside(request.model)
    statistics = _read("--stats", beside) if beside is not None else None
    label = f"model {request.model}" if beside is None else f"model {request.model} with {beside}"
    return ref, Actor(label=label, model=content, statistics=statistics)


def _read(option: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelUnusable(f"{option} {path}: {error.strerror}") from None


def _statistics_beside(model: Path) -> Path | None:
    """The statistics that lie where our exports and rl_zoo3 put them; rl_zoo3 has a folder named as the environment."""
    places = [model.with_name(f"{model.stem}-{STATISTICS}"), model.with_name(STATISTICS)]
    places += [model.parent / model.stem / STATISTICS]
    return next((place for place in places if place.is_file()), None)


def _of_study(request: PlayRequest, name: str) -> tuple[EnvironmentRef, Actor]:
    reader = open_study(name, request.storage)
    row = reader.run_with_model(choose(reader.rows, request.trial))
    repeat = f" (its repeat, trial {row.number})" if row.repeat_of is not None else ""
    actor = Actor(
        label=f"{row.label} of study {reader.name!r}{repeat}",
        model=reader.model(row.number),
        statistics=reader.statistics(row.number),
        signals=reader.spec.signals,
        stochastic=reader.spec.evaluation == "stochastic",
    )
    ref = _environment(request.environment, reader.spec, row)
    kwargs = {**ref.kwargs, **request.kwargs}
    return replace(ref, kwargs=kwargs, wrappers=tuple(request.wrappers) or ref.wrappers), actor


def _environment(name: str | None, spec: StudySpec, row: Row) -> EnvironmentRef:
    ref = spec.evaluated_in(row.arguments)
    if name is None or same_environment(name, ref.id):
        return replace(ref, id=full_id(ref.id, ref.folder), n_envs=1)
    if split(name)[1] == split(ref.id)[1]:  # the same, somewhere else
        return replace(ref, id=full_id(name), folder=None, n_envs=1)
    return EnvironmentRef(id=full_id(name))
