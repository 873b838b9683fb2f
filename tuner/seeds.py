"""The seed plan: disjoint ranges, so that no role ever sees another role's randomness."""

# + the place of a trial among those that were drawn. A retry is no draw: it keeps the seed of the trial that it
# replaces. So whatever is lost on the way, the same seeds are trained.
TRAINING = 1_000_000
VALIDATION = 2_000_000
TEST = 3_000_000
TUNING_GOALS = 4_000_000
VALIDATION_GOALS = 5_000_000
TEST_GOALS = 6_000_000
CHECK_GOALS = 7_000_000  # of the look at an environment before any training; no study keeps them
PLAY_GOALS = 8_000_000  # of what is shown; no study keeps them either
COMPARISON = 9_000_000  # of runs that hold algorithms against each other, which no study keeps
COMPARISON_GOALS = 10_000_000
FINAL = 11_000_000  # of trainings after the tuning, by `tuner train`
FINAL_GOALS = 12_000_000  # of their checkpoints, by which the best of a run is chosen
FINAL_TEST_GOALS = 13_000_000  # of their tests
RESUMED = 100_000_000  # from here on: of environments in which a training goes on that was cut short


def check_goals(count: int) -> tuple[int, ...]:
    """The reset seeds of the episodes in which an environment is checked."""
    return tuple(range(CHECK_GOALS, CHECK_GOALS + count))


def play_goals(count: int) -> tuple[int, ...]:
    """The reset seeds of the episodes that are played to be looked at."""
    return tuple(range(PLAY_GOALS, PLAY_GOALS + count))


def plan() -> dict[str, int]:
    """Where each role's range begins, for the study and every export."""
    return {
        "training": TRAINING,
        "validation": VALIDATION,
        "test": TEST,
        "tuning_goals": TUNING_GOALS,
        "validation_goals": VALIDATION_GOALS,
        "test_goals": TEST_GOALS,
        "final": FINAL,
        "final_goals": FINAL_GOALS,
        "final_test_goals": FINAL_TEST_GOALS,
    }


def resumed(training_seed: int, step: int) -> int:
    """What seeds the environments of a run that goes on at a step: no other role's, and another at every step."""
    return RESUMED + (training_seed * 1_000_003 + step) % 1_000_000_000
