"""The seed plan: one disjoint range per role, so that no two roles share a seed.

The `*_GOALS` ranges hold the reset seeds of evaluation episodes.
"""

# + the trial's index among the sampled trials. A retry keeps the seed of the trial that it replaces, so the same seeds
# are trained whatever fails on the way.
TRAINING = 1_000_000
VALIDATION = 2_000_000
TEST = 3_000_000
TUNING_GOALS = 4_000_000
VALIDATION_GOALS = 5_000_000
TEST_GOALS = 6_000_000
CHECK_GOALS = 7_000_000  # of `tuner check`; not stored in a study
PLAY_GOALS = 8_000_000  # of `tuner play`; not stored in a study
COMPARISON = 9_000_000  # training seeds of `tuner compare`; not stored in a study
COMPARISON_GOALS = 10_000_000
FINAL = 11_000_000  # training seeds of `tuner train`
FINAL_GOALS = 12_000_000  # of its evaluations, which choose the best checkpoint of a run
FINAL_TEST_GOALS = 13_000_000  # of its tests
FINALS = 14_000_000  # training seeds of the finals' repeats: the n-th repeat of every configuration has the n-th
RESUMED = 100_000_000  # from here on: environment seeds of training that resumes from a checkpoint


def check_goals(count: int) -> tuple[int, ...]:
    """The reset seeds of the episodes of an environment check."""
    return tuple(range(CHECK_GOALS, CHECK_GOALS + count))


def play_goals(count: int) -> tuple[int, ...]:
    """The reset seeds of the episodes that `tuner play` shows."""
    return tuple(range(PLAY_GOALS, PLAY_GOALS + count))


def plan() -> dict[str, int]:
    """The first seed of each role, as studies and exports store it."""
    return {
        "training": TRAINING,
        "validation": VALIDATION,
        "test": TEST,
        "tuning_goals": TUNING_GOALS,
        "validation_goals": VALIDATION_GOALS,
        "test_goals": TEST_GOALS,
        "finals": FINALS,
        "final": FINAL,
        "final_goals": FINAL_GOALS,
        "final_test_goals": FINAL_TEST_GOALS,
    }


def resumed(training_seed: int, step: int) -> int:
    """The environment seed of a run that resumes at a step; outside all other ranges, different at every step."""
    return RESUMED + (training_seed * 1_000_003 + step) % 1_000_000_000
