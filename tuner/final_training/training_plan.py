"""Which runs a training for use is made of."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from tuner import seeds
from tuner.final_training.recipe import Recipe
from tuner.record_type import Record
from tuner.records import Keeping, TrialJob

TEST_GOALS = 100  # of a run's test

Goals = Literal["the trial's own", "fresh"]


class TrainingPlan(Record):
    """The runs: one, or one a seed."""

    recipe: Recipe
    folder: Path
    seeds: tuple[int, ...]
    one: bool  # a single run, whose files lie in the folder itself
    own: bool  # with the trial's training seed, evaluated on the trial's goals: the trial again

    def run_folder(self, seed: int) -> Path:
        """Where a run's files go."""
        return self.folder if self.one else self.folder / f"seed-{seed}"

    def job(self, seed: int) -> TrialJob:
        """The run of a seed."""
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
        """All that makes these runs what they are, as flat JSON: the same folder goes on with nothing else.

        Further seeds may come to those there are.
        """
        spec = self.recipe.spec
        meaning = {name: value for name, value in spec.meaning().items() if not name.startswith(("space.", "fixed."))}
        arguments = {f"arguments.{name}": value for name, value in self.recipe.arguments.items()}
        runs = {"seed": self.seeds[0]} if self.one else {"runs": "one a seed"}
        goals: Goals = "the trial's own" if self.own else "fresh"
        return {**meaning, **arguments, **runs, "checkpoint goals": goals, "trainer": spec.trainer}


def make_training_plan(recipe: Recipe, folder: Path, asked: Sequence[int] | None) -> TrainingPlan:
    """The trial again, with its own seed, unless seeds are asked for.

    Args:
        recipe: What to train.
        folder: Where to.
        asked: Training seeds; None for the trial's own, or the first of the plan's where the file has none.
    """
    if asked is not None:
        return TrainingPlan(recipe=recipe, folder=folder, seeds=tuple(asked), one=False, own=False)
    own = recipe.seed
    return TrainingPlan(
        recipe=recipe, folder=folder, seeds=(seeds.FINAL if own is None else own,), one=True, own=own is not None
    )


def other_seeds(count: int) -> tuple[int, ...]:
    """So many training seeds that no trial and no confirmation ever had."""
    return tuple(range(seeds.FINAL, seeds.FINAL + count))


def at_length(plan: TrainingPlan, timesteps: int) -> TrainingPlan:
    """The same runs at another length."""
    from tuner.final_training.recipe import own_rollout, with_timesteps

    spec = own_rollout(plan.recipe.spec, plan.recipe.arguments)
    recipe = replace(plan.recipe, spec=with_timesteps(spec, timesteps, "--timesteps"))
    return replace(plan, recipe=recipe)
