"""The doorway to PyBullet. Nothing else imports the engine."""

from roarm_envs.sim.arm import Sim
from roarm_envs.sim.camera import Camera, Picture
from roarm_envs.sim.engine import quiet
from roarm_envs.sim.gripper import Contacts, Cube, GripperSim
from roarm_envs.sim.physics import FINEST_HZ, Physics
from roarm_envs.sim.window import ONE, Window

__all__ = [
    "FINEST_HZ",
    "ONE",
    "Camera",
    "Contacts",
    "Cube",
    "GripperSim",
    "Physics",
    "Picture",
    "Sim",
    "Window",
    "quiet",
]
