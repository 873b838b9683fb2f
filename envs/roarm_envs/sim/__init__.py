"""The simulation in PyBullet. No other package imports the engine."""

from roarm_envs.sim.arm import Sim
from roarm_envs.sim.bullet import quiet
from roarm_envs.sim.camera import Camera, Picture
from roarm_envs.sim.gripping_client import Contacts, Cube, GripperSim
from roarm_envs.sim.live_view import ONE, BulletWindow
from roarm_envs.sim.physics import FINEST_HZ, Physics

__all__ = [
    "FINEST_HZ",
    "ONE",
    "BulletWindow",
    "Camera",
    "Contacts",
    "Cube",
    "GripperSim",
    "Physics",
    "Picture",
    "Sim",
    "quiet",
]
