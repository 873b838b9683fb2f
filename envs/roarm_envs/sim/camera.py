"""Pictures by PyBullet's software renderer, which needs no display, and the marker that shows the goal in them."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from roarm_envs.sim.arm import Sim
from roarm_envs.sim.engine import pybullet

WIDTH, HEIGHT = 480, 368  # pixels: whole blocks of 16, as video coders want them
LOOK_AT, DISTANCE, YAW, PITCH = (0.15, 0.0, 0.17), 0.84, 52.0, -27.0  # m, m, degrees, degrees
FIELD = 45.0  # degrees, from top to bottom
LIGHT = (0.6, -0.8, 1.6)
OPEN_COLOUR, DONE_COLOUR = (0.86, 0.20, 0.18, 1.0), (0.20, 0.72, 0.30, 1.0)
TABLE_COLOUR = (0.72, 0.66, 0.58, 1.0)
DISC_HEIGHT = 0.002  # m

Shape = Literal["ball", "disc"]
Picture = NDArray[np.uint8]


class Camera:
    """Looks at a simulation from where arm, table and goal are well seen. Its marker is seen and never touched."""

    def __init__(self, sim: Sim, shape: Shape, radius: float) -> None:
        self._client = sim.client
        kinds = {
            "ball": {"shapeType": pybullet.GEOM_SPHERE, "radius": radius},
            "disc": {"shapeType": pybullet.GEOM_CYLINDER, "radius": radius, "length": DISC_HEIGHT},
        }
        looks = pybullet.createVisualShape(**kinds[shape], rgbaColor=OPEN_COLOUR, physicsClientId=self._client)
        self._marker: int = pybullet.createMultiBody(0, -1, looks, physicsClientId=self._client)
        pybullet.changeVisualShape(sim.table, -1, rgbaColor=TABLE_COLOUR, physicsClientId=self._client)
        self._view = pybullet.computeViewMatrixFromYawPitchRoll(LOOK_AT, DISTANCE, YAW, PITCH, 0.0, 2)
        self._projection = pybullet.computeProjectionMatrixFOV(FIELD, WIDTH / HEIGHT, 0.05, 4.0)

    def picture(self, goal: tuple[float, float, float], *, done: bool) -> Picture:
        """The scene as it is now, (h, w, 3), the goal's marker at `goal` m, green where the task is done."""
        pybullet.resetBasePositionAndOrientation(self._marker, goal, (0, 0, 0, 1), self._client)
        pybullet.changeVisualShape(
            self._marker, -1, rgbaColor=DONE_COLOUR if done else OPEN_COLOUR, physicsClientId=self._client
        )
        _, _, pixels, _, _ = pybullet.getCameraImage(
            WIDTH,
            HEIGHT,
            self._view,
            self._projection,
            lightDirection=LIGHT,
            shadow=1,
            renderer=pybullet.ER_TINY_RENDERER,
            flags=pybullet.ER_NO_SEGMENTATION_MASK,
            physicsClientId=self._client,
        )
        return np.asarray(pixels, dtype=np.uint8).reshape(HEIGHT, WIDTH, 4)[:, :, :3].copy()
