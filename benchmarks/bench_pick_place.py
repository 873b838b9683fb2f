"""How well a long training run learns to pick and place, with and without the study's curriculum.

Both sides have the same parameters and training seeds; every run is evaluated at full difficulty, at its end over 100
episodes that nothing else uses. Shows the share of episodes that reached each milestone, for every seed.
"""

from typing import Any

from pairs import parser, positive, table, write_json
from trials import Trained, fresh_job, train_all

from tuner import seeds
from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.records import Checkpoint, Curriculum, Evaluation, TrialJob

STUDY = "pick_place"
GOALS, EARLY_GOALS, EVALUATIONS = 100, 50, 10
TUNED: dict[str, Any] = {  # the best of `tuner run pick_place --trials 20`
    "learning_rate": 1.0859686596908957e-4,
    "n_steps": 2048,
    "batch_size": 128,
    "n_epochs": 10,
    "gamma": 0.9771006164869328,
    "gae_lambda": 0.95,
    "clip_range": 0.27375622241407943,
    "ent_coef": 0.001079005909039827,
    "log_std_init": -0.6769054182234469,
}
SIDES = ("curriculum", "without")


def jobs(spec: StudySpec, timesteps: int, count: int) -> list[TrialJob]:
    """`count` training seeds, both sides of each."""
    assert spec.curriculum is not None  # noqa: S101 - our own study
    return [
        job(spec, timesteps, number, seed, curriculum)
        for seed in range(count)
        for number, curriculum in ((2 * seed, spec.curriculum.record()), (2 * seed + 1, None))
    ]


def job(spec: StudySpec, timesteps: int, number: int, seed: int, curriculum: Curriculum | None) -> TrialJob:
    """One training run, evaluated ten times."""
    steps = [timesteps * k // EVALUATIONS for k in range(1, EVALUATIONS + 1)]
    goals = [EARLY_GOALS] * (EVALUATIONS - 1) + [GOALS]
    plan = [Checkpoint(step=step, goals=count) for step, count in zip(steps, goals, strict=True)]
    return fresh_job(spec, TUNED, number, seed, plan, timesteps=timesteps, curriculum=curriculum)


def row(number: int, trained: Trained) -> dict[str, Any]:
    """The final evaluation of a run."""
    shares = {milestone: f"{share:.0%}" for milestone, share in trained.last.milestones.items()}
    return {
        "side": SIDES[number % 2],
        "seed": seeds.TEST + number // 2,
        **shares,
        "success": f"{trained.last.success or 0.0:.0%}",
        "minutes": round(trained.seconds / 60, 1),
    }


def curve(number: int, trained: Trained) -> dict[str, Any]:
    """The learning curve of a run, as JSON."""
    points = [
        {"step": seen.step, "success": seen.success, "difficulty": seen.difficulty, **seen.milestones}
        for seen in trained.evaluations
    ]
    raises = trained.outcome.facts.get("curriculum", []) if trained.outcome else []
    return {"side": SIDES[number % 2], "seed": seeds.TEST + number // 2, "curve": points, "raises": raises}


def point(seen: Evaluation) -> dict[str, Any]:
    """A point of a learning curve."""
    shares = {milestone: f"{share:.0%}" for milestone, share in seen.milestones.items()}
    difficulty = "-" if seen.difficulty is None else f"{seen.difficulty:g}"
    return {"step": seen.step, "difficulty": difficulty, **shares, "success": f"{seen.success or 0.0:.0%}"}


def main() -> None:
    """Prints one row per run, and the curve of every run."""
    arguments = parser(__doc__)
    arguments.add_argument("--timesteps", type=positive, default=1_966_080, metavar="T", help="default: %(default)s")
    arguments.add_argument("--seeds", type=positive, default=3, metavar="N", help="per side (default: %(default)s)")
    arguments.add_argument("--workers", type=positive, default=2, metavar="W", help="default: %(default)s")
    options = arguments.parse_args()
    timesteps, count = (81_920, 1) if options.quick else (options.timesteps, options.seeds)
    found = train_all(jobs(load_study(find("studies", STUDY)), timesteps, count), options.workers)
    runs = sorted(found.items(), key=lambda item: (item[0] % 2, item[0]))
    print(table([row(number, trained) for number, trained in runs]))
    for number, trained in runs:
        print(f"\n{SIDES[number % 2]}, seed {seeds.TEST + number // 2}")
        print(table([point(seen) for seen in trained.evaluations]))
    if options.json:
        write_json(options.json, [curve(number, trained) for number, trained in runs])


if __name__ == "__main__":
    main()
