"""The physics settings: close to the fine reference, stiff in contact, without output."""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from arm_reference import home, move
from numpy.typing import NDArray

from roarm_envs import figures
from roarm_envs.arm_errors import OptionError
from roarm_envs.robot import RoArm
from roarm_envs.sim import Physics

REFERENCE = Physics(hz=240, iterations=50, exact=False, trimmed=False)
MAKE = "from roarm_envs.robot import RoArm; RoArm().close()"


@pytest.fixture(scope="module")
def arm() -> Iterator[RoArm]:
    arm = RoArm()
    yield arm
    arm.close()


def motion(arm: RoArm, start: NDArray[np.float64], seed: int) -> tuple[NDArray[np.float64], bool]:
    """Angles and tool points (40, 8) of actions held for five steps each, and whether anything touched."""
    arm.place(start)
    actions = np.repeat(np.random.default_rng(seed).uniform(-1.0, 1.0, (8, 5)), 5, axis=0)
    states = [move(arm, action) for action in actions]
    return np.array([[*state.angles, *state.tool] for state in states]), any(state.touching for state in states)


def clear_start(arm: RoArm, seed: int) -> NDArray[np.float64]:
    arm.random_pose(np.random.default_rng(seed), base=1.57, min_height=0.05, margin=0.01)
    return arm.sim.joints()[0][:5]


def test_free_motion_stays_near_the_fine_reference(arm: RoArm) -> None:
    reference, free = RoArm(REFERENCE), 0
    for seed in range(30):
        start = clear_start(arm, seed)
        wanted, touched = motion(reference, start, seed)
        if touched:
            continue
        free += 1
        found, _ = motion(arm, start, seed)
        assert np.abs(found - wanted)[:, :5].max() < 0.015
        assert np.linalg.norm((found - wanted)[:, 5:], axis=1).max() < 0.003
    reference.close()
    assert free >= 10


def test_the_solver_does_not_hang_on_the_last_digits(arm: RoArm) -> None:
    """A solver that fails at a bound turns a difference of 1e-10 into 1e-3."""
    for seed in range(10):
        start = clear_start(arm, seed)
        (one, touched), (other, _) = motion(arm, start, seed), motion(arm, start + 1e-10, seed)
        if not touched:
            assert np.abs(one - other).max() < 1e-8


def test_the_arm_does_not_pass_through_the_table(arm: RoArm) -> None:
    touched, lowest = 0, 1.0
    for corner in itertools.product((-1.0, 1.0), repeat=4):
        home(arm)
        for _ in range(60):
            state = move(arm, np.array([*corner, 0.3]))
            touched += state.touching
            lowest = min(lowest, state.tool[2])
    assert touched > 100
    assert lowest > -0.03


def test_folded_onto_itself_the_arm_touches(arm: RoArm) -> None:
    """High above the table: the hand against the upper arm and the base."""
    home(arm)
    states = [move(arm, np.array([0.0, -0.3, 1.0, 1.0, 0.0])) for _ in range(40)]
    assert any(state.touching for state in states)
    assert min(state.tool[2] for state in states) > 0.05


def test_a_coarse_step_is_trimmed_and_the_finest_is_not() -> None:
    coarse, finest = Physics(), Physics(hz=240)
    assert coarse.torque == pytest.approx((13 / 12) / (4 / 3))
    assert coarse.gain == pytest.approx(0.97 * (1 - 0.9**4))
    assert (finest.torque, finest.gain) == pytest.approx((1.0, figures.SERVO_GAIN))
    assert Physics(trimmed=False).torque == 1.0
    assert Physics(trimmed=False).gain == pytest.approx(1 - 0.9**4)


def test_making_an_arm_prints_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", MAKE], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_earlier_output_is_kept() -> None:
    script = f"print('before', end=''); {MAKE}; print('after', end='')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout == b"beforeafter"


def test_an_arm_is_made_without_a_standard_output() -> None:
    done = subprocess.run([sys.executable, "-c", MAKE], check=False, preexec_fn=lambda: os.close(1))
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("setting", "rule"),
    [
        ({"hz": 0}, "hz: 0 must be a whole number from 20"),
        ({"hz": 70}, "hz: 70 must be a multiple of the control rate, 20"),
        ({"iterations": 0}, "iterations: 0 must be a whole number from 1"),
    ],
)
def test_physics_that_cannot_work_is_refused(setting: dict[str, int], rule: str) -> None:
    with pytest.raises(OptionError, match=rule):
        Physics(**setting)  # type: ignore[arg-type]
