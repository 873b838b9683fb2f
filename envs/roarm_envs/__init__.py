"""Gymnasium environments of the Waveshare RoArm-M3 in PyBullet. Importing the package registers them."""

import gymnasium as gym

ENVIRONMENTS = {
    "RoArmReach-v0": "roarm_envs.env:RoArmReachEnv",
    "RoArmPickPlace-v0": "roarm_envs.env:RoArmPickPlaceEnv",
}


def register() -> None:
    """Registers every environment with Gymnasium, once."""
    for name, entry_point in ENVIRONMENTS.items():
        if name not in gym.registry:
            gym.register(id=name, entry_point=entry_point)


register()
