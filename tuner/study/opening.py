"""Opens a study for its only writer: makes it, or looks at what is stored and whether it is the same study."""

import optuna
from optuna import Study
from optuna.trial import FrozenTrial

from tuner import seeds
from tuner.config.model import StudySpec
from tuner.config.wider_space import grown
from tuner.study import stored
from tuner.study.finals_record import is_repeat
from tuner.study.integrity import reading, refuse_damaged
from tuner.study.kept_models import begin_hashing
from tuner.study.pruners import make_pruner
from tuner.study.remembering_storage import RememberingStorage
from tuner.study.samplers import distributions, every_distribution, make_sampler


def open_or_create(
    storage: RememberingStorage, spec: StudySpec, *, extend: bool
) -> tuple[Study, list[stored.SettingChange]]:
    """A study with its sampler and pruner, and the settings that changed since it last ran.

    With `extend`, ranges of its space may have grown; the trials of before are then trials of the wider ranges.

    Raises:
        StorageFailed: if what is stored is damaged.
        StudyDiffers: if the stored study has other settings that its values depend on.
    """
    if spec.name in stored.stored_names(storage):
        study = _open(storage, spec, extend=extend)
    else:
        study = stored.create(storage, spec.name)
    changes = stored.write_spec(study, spec, extend=extend)
    begin_hashing(study)
    study.sampler = make_sampler(spec.sampler, spec.space, spec.seed, stored.qmc_seed(study, spec))
    study.pruner = make_pruner(spec.pruner, spec.timesteps)
    return study, changes


def _open(storage: RememberingStorage, spec: StudySpec, *, extend: bool) -> Study:
    with reading(spec.name):
        study = optuna.load_study(storage=storage, study_name=spec.name)
        stored.read_history(study)
        before = study.user_attrs.get("spec")
    if before is not None:
        former = stored.parse_spec(spec.name, before)
        refuse_damaged(study, former.space, study.get_trials(deepcopy=False), distributions(former.space))
        if extend:
            stored.refuse_other_changes(former, spec, extend=True)
            wider = every_distribution(spec.space)
            storage.widen(study._study_id, {name: wider[name] for name in grown(former, spec)})
    return study


def drawn(trials: list[FrozenTrial]) -> int:
    """The number of trials sampled so far, without retries, by the highest seed."""
    used = (trial.user_attrs.get("seed") for trial in trials if not is_repeat(trial))
    return max((seed for seed in used if seed is not None), default=seeds.TRAINING - 1) - seeds.TRAINING + 1
