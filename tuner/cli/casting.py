"""From what was typed to who acts, where, and how often."""

from dataclasses import dataclass, replace
from pathlib import Path

from tuner.cli.opening import open_study, storage_url
from tuner.cli.resolve import environment_to_check
from tuner.config.environment_ids import same_environment
from tuner.config.model import StudySpec
from tuner.errors import ModelUnusable, UsageProblem
from tuner.playing.records import EXPERT, Actor
from tuner.playing.screens import ONE_EPISODE, check_target
from tuner.records import EnvironmentRef
from tuner.reporting.export import choose
from tuner.reporting.rows import make_rows
from tuner.study.kept_models import read_model, read_statistics
from tuner.study.storage import artifact_folder
from tuner.training.names import full_id

STATISTICS = "vecnormalize.pkl"  # rl_zoo3's name for them
EPISODES = 5  # of a film
WHO = "give one of --expert, --model FILE and --study STUDY"


@dataclass(frozen=True, kw_only=True)
class Casting:
    """What was typed about who acts and where."""

    expert: bool
    model: Path | None
    study: str | None
    trial: int | None
    env: str | None
    storage: str | None
    stats: Path | None = None


def check_casting(asked: Casting) -> None:
    """Refuses none or several to act.

    Raises:
        UsageProblem: naming the options.
    """
    options = {"--expert": asked.expert, "--model": asked.model is not None, "--study": asked.study is not None}
    given = [name for name, there in options.items() if there]
    if not given:
        raise UsageProblem(f"who is to act? {WHO}")
    if len(given) > 1:
        raise UsageProblem(f"{' and '.join(given)}: only one can act; {WHO}")
    if asked.stats is not None and asked.model is None:
        raise UsageProblem(f"--stats {asked.stats}: name the model that they belong to with --model")
    if asked.trial is not None and asked.study is None:
        raise UsageProblem(f"--trial {asked.trial}: name its study with --study")


def episodes_wanted(episodes: int | None, output: Path | None, *, gui: bool) -> int:
    """How many episodes to play, where there is a place to show them.

    Raises:
        UsageProblem: where there is none, or two, or the file is not one.
    """
    if gui and output is not None:
        raise UsageProblem(f"--gui and -o {output}: a window or a file, not both")
    if not gui and output is None:
        raise UsageProblem("where to? give -o film.mp4, -o picture.png, or --gui for a window")
    if output is None:
        return episodes or EPISODES
    check_target(output)
    if output.suffix not in ONE_EPISODE:
        return episodes or EPISODES
    if episodes not in (None, 1):
        raise UsageProblem(f"--episodes {episodes}: a picture shows one; leave it out, or give -o FILE.mp4")
    return 1


def cast(asked: Casting) -> tuple[EnvironmentRef, Actor]:
    """The environment, and who acts in it.

    Raises:
        EnvironmentUnusable: where nobody knows the environment.
        ModelUnusable: where the model's file cannot be read.
        TunerError: where the study or its trial's model is not there.
    """
    if asked.study is not None:
        return _of_study(asked, asked.study)
    ref = environment_to_check(asked.env)
    if asked.model is None:
        return ref, EXPERT
    content = _read("--model", asked.model)
    beside = asked.stats or _statistics_beside(asked.model)
    statistics = _read("--stats", beside) if beside is not None else None
    label = f"model {asked.model}" if beside is None else f"model {asked.model} with {beside}"
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


def _of_study(asked: Casting, name: str) -> tuple[EnvironmentRef, Actor]:
    study, spec = open_study(name, asked.storage)
    row = choose(make_rows(study.get_trials(deepcopy=False), spec), asked.trial)
    folder = artifact_folder(storage_url(asked.storage))
    model = read_model(study, row.number, folder)
    statistics = read_statistics(study, row.number, folder)
    label = f"{row.label} of study {spec.name!r}"
    return _environment(asked.env, spec), Actor(label=label, model=model, statistics=statistics)


def _environment(env: str | None, spec: StudySpec) -> EnvironmentRef:
    if env is not None and not same_environment(env, spec.environment.id):
        return EnvironmentRef(id=full_id(env))
    ref = spec.environment.ref()
    return replace(ref, id=full_id(ref.id), n_envs=1)
