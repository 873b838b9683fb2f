"""Playing episodes of a model or an expert: as a video, as a picture, or in a window."""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from tuner import seeds
from tuner.app.events import EpisodeEnded, PlayAnnounced
from tuner.app.limits import DEFAULT_STUDY, PLAYED_EPISODES
from tuner.app.notify import Notifier
from tuner.app.resolve import environment_to_check, open_study
from tuner.config.environment_ids import same_environment, split
from tuner.config.model import StudySpec
from tuner.errors import ModelUnusable, UsageProblem, listed
from tuner.playing.captions import Size
from tuner.playing.play_episode import EXPERT, Actor, Played, PlayedEpisode, PlayedTogether
from tuner.playing.playback import Part, play_together
from tuner.playing.screens import ONE_EPISODE, check_target
from tuner.record_type import Record
from tuner.records import EnvironmentRef
from tuner.study.reader import StudyReader
from tuner.study.rows import Row, choose, pick
from tuner.training.making import full_id
from tuner.training.model_files import LARGEST, EarlierModel, earlier_models

STATISTICS = "vecnormalize.pkl"  # rl_zoo3's name for them
WHO = "give one of --expert, --model FILE and --study STUDY"
MOST_SIDES = 6  # beside each other in a picture


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
    versus: tuple[str, ...] = ()  # configurations, baselines or trials of the study, beside each other
    progress: bool = False  # the trial at shares of its training, beside each other
    size: Size | None = None  # of each picture, caption included

    def __post_init__(self) -> None:
        """Refuses none or several to act.

        Raises:
            UsageProblem: naming the options.
        """
        self._check_sides()
        study = "--versus" if self.versus else "--progress" if self.progress else "--study"
        options = {"--expert": self.expert, "--model": self.model is not None}
        options[study] = self.study is not None or self.together
        given = [name for name, there in options.items() if there]
        if not given:
            raise UsageProblem(f"who is to act? {WHO}")
        if len(given) > 1:
            raise UsageProblem(f"{listed(given)}: only one can act; {WHO}")
        if self.statistics is not None and self.model is None:
            raise UsageProblem(f"--stats {self.statistics}: name the model that they belong to with --model")
        if self.trial is not None and self.study is None and not self.together:
            raise UsageProblem(f"--trial {self.trial}: name its study with --study")

    def _check_sides(self) -> None:
        names = ",".join(self.versus)
        if self.versus and not 2 <= len(self.versus) <= MOST_SIDES:
            raise UsageProblem(f"--versus {names}: must be 2 to {MOST_SIDES} names, such as current,best")
        if self.versus and self.trial is not None:
            raise UsageProblem(f"--versus and --trial: name the trial with the others, --versus {names},{self.trial}")
        if self.versus and self.progress:
            raise UsageProblem("--versus and --progress: only one of both; --progress takes a --trial")
        if self.gui and (self.together or self.size):
            option = "--versus" if self.versus else "--progress" if self.progress else "--size"
            raise UsageProblem(f"--gui and {option}: a window shows one, at its own size; record a file with -o")

    @property
    def together(self) -> bool:
        """Whether several play beside each other."""
        return bool(self.versus) or self.progress

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
    """Plays episodes of one actor from the seeds that are for looking at.

    Raises:
        TunerError: what keeps them from being played, or the file from being written.
    """
    count = request.count
    part = cast(request)
    (played,) = _play([part], part.actor.label, count, request, notifier)
    return played


def play_beside(request: PlayRequest, notifier: Notifier) -> PlayedTogether:
    """Plays episodes of several of a study, or of one as its training went on, beside each other, as `play` does.

    Raises:
        TunerError: what keeps them from being played, or the file from being written.
    """
    count = request.count
    reader = open_study(request.study or DEFAULT_STUDY, request.storage)
    if request.progress:
        parts = _in_training(request, reader, choose(reader.rows, request.trial))
        who = f"{parts[-1].actor.title}, and before"
    else:
        parts = [_of_row(request, reader, pick(reader.rows, name)) for name in request.versus]
        who = f"{', '.join(request.versus)} of study {reader.name!r}"
    return PlayedTogether(sides=_play(parts, who, count, request, notifier))


def _play(parts: Sequence[Part], who: str, count: int, request: PlayRequest, notifier: Notifier) -> list[Played]:
    notifier.notify(PlayAnnounced(environment=parts[0].ref.id, episodes=count, actor=who, output=request.output))

    def tell(actor: Actor, episode: PlayedEpisode) -> None:
        notifier.notify(EpisodeEnded(episode=episode, actor=actor.title if len(parts) > 1 else None))

    return play_together(parts, seeds.play_goals(count), request.output, tell, request.size)


def cast(request: PlayRequest) -> Part:
    """The environment, and who acts in it.

    Raises:
        EnvironmentUnusable: unknown environment.
        ModelUnusable: where the model's file cannot be read.
        TunerError: where the study or its trial's model is not there.
    """
    if request.study is not None:
        reader = open_study(request.study, request.storage)
        return _of_row(request, reader, choose(reader.rows, request.trial))
    ref = environment_to_check(request.environment, request.kwargs, request.wrappers)
    if request.model is None:
        return Part(ref=ref, actor=EXPERT)
    content = _read("--model", request.model)
    beside = request.statistics or _statistics_beside(request.model)
    statistics = _read("--stats", beside) if beside is not None else None
    label = f"model {request.model}" if beside is None else f"model {request.model} with {beside}"
    actor = Actor(label=label, model=content, statistics=statistics, title=request.model.name)
    return Part(ref=ref, actor=actor)


def _read(option: str, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise ModelUnusable(f"{option} {path}: {error.strerror}") from None
    if len(content) > LARGEST:
        raise ModelUnusable(f"{option} {path}: larger than any model of {LARGEST / 1e9:g} GB")
    return content


def _statistics_beside(model: Path) -> Path | None:
    """The statistics that lie where our exports and rl_zoo3 put them; rl_zoo3 has a folder named as the environment."""
    places = [model.with_name(f"{model.stem}-{STATISTICS}"), model.with_name(STATISTICS)]
    places += [model.parent / model.stem / STATISTICS]
    return next((place for place in places if place.is_file()), None)


def _of_row(request: PlayRequest, reader: StudyReader, wanted: Row) -> Part:
    row = reader.run_with_model(wanted)
    repeat = f" (its repeat, trial {row.number})" if row.repeat_of is not None else ""
    actor = Actor(
        label=f"{row.label} of study {reader.name!r}{repeat}",
        model=reader.model(row.number),
        statistics=reader.statistics(row.number),
        signals=reader.spec.signals,
        stochastic=reader.spec.evaluation == "stochastic",
        title=f"{reader.name} · {row.label}",
    )
    ref = _environment(request.environment, reader.spec, row)
    kwargs = {**ref.kwargs, **request.kwargs}
    return Part(ref=replace(ref, kwargs=kwargs, wrappers=tuple(request.wrappers) or ref.wrappers), actor=actor)


def _in_training(request: PlayRequest, reader: StudyReader, wanted: Row) -> list[Part]:
    """A trial at each share of its training of which its policy was kept, and at its end."""
    row = reader.run_with_model(wanted, earlier=True)
    packed = reader.earlier_policies(row.number)
    last = _of_row(request, reader, row)
    assert last.actor.model is not None  # noqa: S101 - of a study
    models = earlier_models(last.actor.model, packed, last.actor.label)
    models.append(EarlierModel(share=100, model=last.actor.model, statistics=last.actor.statistics))
    return [Part(ref=last.ref, actor=_at(last.actor, one)) for one in models]


def _at(actor: Actor, one: EarlierModel) -> Actor:
    after = f"{one.share} % of training"
    return replace(
        actor,
        model=one.model,
        statistics=one.statistics,
        label=f"{actor.label} after {after}",
        title=f"{actor.title} · {after}",
    )


def _environment(name: str | None, spec: StudySpec, row: Row) -> EnvironmentRef:
    ref = spec.evaluated_in(row.arguments)
    if name is None or same_environment(name, ref.id):
        return replace(ref, id=full_id(ref.id, ref.folder), n_envs=1)
    if split(name)[1] == split(ref.id)[1]:  # the same, somewhere else
        return replace(ref, id=full_id(name), folder=None, n_envs=1)
    return EnvironmentRef(id=full_id(name))
