"""The runs of a final training."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from tuner import seeds
from tuner.final_training.recipe import Recipe
from tuner.record_type import Record
from tuner.records import Keeping, TrialJob

TEST_GOALS = 100  # evaluation episodes of a run's test

Goals = Literal["the trial's own", "fresh"]


class TrainingPlan(Record):
    """The runs: one, or one per training seed."""

    recipe: Recipe
    folder: Path
    seeds: tuple[int, ...]
    one: bool  # whether it is a single run, with its files in the folder itself
    own: bool  # whether it repeats the trial: its training seed and its evaluation episodes

    def run_folder(self, seed: int) -> Path:
        """The folder of a run."""
        return self.folder if self.one else self.folder / f"seed-{seed}"

    def job(self, seed: int) -> TrialJob:
        """The run with a training seed, as a job."""
        spec = self.recipe.spec
        late = spec.goals.late
        keeping = Keeping(
            folder=str(self.run_folder(seed)),
            goals=late,
            first_goal=seeds.FINAL_GOALS,
            test_goals=TEST_GOALS,
            first_test_goal=seeds.FINAL_TEST_GOALS,
        )
        return spec.job(
            number=self.seeds.index(seed),
            seed=seed,
            params=self.recipe.arguments,
            checkpoints=spec.plan() if self.own else tuple(replace(point, goals=late) for point in spec.plan()),
            first_goal=seeds.TUNING_GOALS if self.own else seeds.FINAL_GOALS,
            keeping=keeping,
        )

    def identity(self) -> dict[str, Any]:
        """The settings of the runs as flat JSON: a folder can only be resumed with the same.

        Without the seeds of several runs, so that further ones can be added.
        """
        spec = self.recipe.spec
        meaning = {name: value for name, value in spec.meaning().items() if not name.startswith(("space.", "fixed."))}
        arguments = {f"arguments.{name}": value for name, value in self.recipe.arguments.items()}
        runs = {"seed": self.seeds[0]} if self.one else {"runs": "one a seed"}
        goals: Goals = "the trial's own" if self.own else "fresh"
        return {**meaning, **arguments, **runs, "checkpoint goals": goals, "trainer": spec.trainer}


def make_training_plan(recipe: Recipe, folder: Path, asked: Sequence[int] | None) -> TrainingPlan:
    """A repetition of the trial with its own seed, or a run per seed if seeds are given.

    Args:
        recipe: The configuration.
        folder: The folder to write to.
        asked: Training seeds; None for that of the trial, or the first of the seed plan if the file has none.
    """
    if asked is not None:
        return TrainingPlan(recipe=recipe, folder=folder, seeds=tuple(asked), one=False, own=False)
    own = recipe.seed
    return TrainingPlan(
        recipe=recipe, folder=folder, seeds=(seeds.FINAL if own is None else own,), one=True, own=own is not None
    )


def other_seeds(count: int) -> tuple[int, ...]:
    """The first `count` training seeds for final training, which no trial or confirmation uses."""
    return tuple(range(seeds.FINAL, seeds.FINAL + count))


def at_length(plan: TrainingPlan, timesteps: int) -> TrainingPlan:
    """The same runs with another number of steps."""
    from tuner.final_training.recipe import own_rollout, with_timesteps

    spec = own_rollout(plan.recipe.spec, plan.recipe.arguments)
    recipe = replace(plan.recipe, spec=with_timesteps(spec, timesteps, "--timesteps"))
    return replace(plan, recipe=recipe)
