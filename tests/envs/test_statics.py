"""What the arm can hold, what it weighs, and that no joint is stronger or quicker than its servo."""

from collections.abc import Iterator

import numpy as np
import pybullet
import pytest
from arm_reference import tool_position

from arm_parts import LINKS
from roarm_envs import figures
from roarm_envs.gripper import GripperArm
from roarm_envs.kinematics import SHOULDER
from roarm_envs.robot import LOWER, UPPER, RoArm

STRETCH = 0.5  # m, from the shoulder's axis
TORQUES = {
    "base": 2.94,
    "shoulder": 5.88,
    "elbow": 2.94,
    "wrist_pitch": 2.94,
    "wrist_roll": 2.94,
    "gripper": 2.94,
}  # N m


@pytest.fixture(params=[RoArm, GripperArm], ids=["closed", "gripper"])
def arm(request: pytest.FixtureRequest) -> Iterator[RoArm]:
    arm: RoArm = request.param()
    if isinstance(arm, GripperArm):
        arm.sim.place_cube((0.0, -0.3, 0.0125), (0.0, 0.0, 0.0, 1.0))
    yield arm
    arm.close()


def level_pose() -> list[float]:
    """Angles with the tool point level with the shoulder and half a metre away from it."""
    candidates = (
        [0.0, shoulder, elbow, 0.0, 0.0]
        for shoulder in np.linspace(0.8, 1.4, 61)
        for elbow in np.linspace(0.0, 1.2, 61)
    )

    def off(angles: list[float]) -> float:
        out, _, up = tool_position(angles)
        return float(abs(out - STRETCH) + abs(up - SHOULDER))

    return min(candidates, key=off)


def sag_after(arm: RoArm, payload: float, seconds: float = 2.0) -> float:
    """By how many degrees, seen from the shoulder, the tool point is lower than where the arm was put."""
    pose = level_pose()
    out, _, up = tool_position(pose)
    assert out == pytest.approx(STRETCH, abs=0.01)
    assert up == pytest.approx(SHOULDER, abs=0.01)
    arm.vary({"payload": payload})
    arm.place(pose)
    idle = [0.0] * len(arm.limits)
    for _ in range(round(seconds * figures.CONTROL_HZ)):
        x, _, z = arm.follow(idle).tool
    return float(np.degrees(np.arctan2(up - SHOULDER, out) - np.arctan2(z - SHOULDER, x)))


def test_two_hundred_grams_at_half_a_metre_are_held(arm: RoArm) -> None:
    assert -0.5 < sag_after(arm, 0.2) < 5.0


def test_a_kilogram_and_a_half_is_not(arm: RoArm) -> None:
    assert sag_after(arm, 1.5) > 10.0


def test_the_load_is_gone_with_the_next_episode(arm: RoArm) -> None:
    sag_after(arm, 1.5)
    assert sag_after(arm, 0.0) < 1.0


def test_the_engine_has_the_mass_of_the_real_arm(arm: RoArm) -> None:
    sim = arm.sim
    links = range(-1, pybullet.getNumJoints(sim._arm, physicsClientId=sim.client))
    mass = sum(pybullet.getDynamicsInfo(sim._arm, link, physicsClientId=sim.client)[0] for link in links)
    base = sum(body.mass for body in LINKS[0].bodies)  # which stands still, and so has no mass for the engine
    assert mass + base == pytest.approx(1.02, rel=0.05)


def test_no_joint_exceeds_its_speed_or_torque(arm: RoArm) -> None:
    rng = np.random.default_rng(0)
    size, fastest, hardest = len(arm.limits), np.zeros(6), np.zeros(6)
    for _ in range(12):
        arm.place(rng.uniform(LOWER, UPPER))
        for _ in range(8):
            action = rng.choice([-1.0, 1.0], size).tolist()
            for _ in range(4):
                arm.follow(action)
                states = arm.sim.joint_states()
                fastest = np.maximum(fastest, [abs(state[1]) for state in states])
                hardest = np.maximum(hardest, [abs(state[3]) * sim_share(arm) for state in states])
    assert fastest.max() <= 4.71 + 1e-9
    assert fastest[:size].max() > 1.0
    for name, torque in zip(arm.sim.joint_names, hardest, strict=True):
        assert torque <= TORQUES[name] * (1 + 1e-6), name


def sim_share(arm: RoArm) -> int:
    """The engine allows the impulse of the whole control step in each sub-step."""
    return arm.sim.physics.substeps
