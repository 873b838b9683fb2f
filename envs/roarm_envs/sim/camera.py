"""From where a task is well seen, and the marker that shows its goal. The marker is seen and never touched."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roarm_envs.sim.arm import Sim
from roarm_envs.sim.bullet import pybullet

OPEN_COLOUR, DONE_COLOUR = (0.86, 0.20, 0.18, 1.0), (0.20, 0.72, 0.30, 1.0)
TABLE_COLOUR = (0.72, 0.66, 0.58, 1.0)
DISC_HEIGHT = 0.002  # m

Shape = Literal["ball", "disc"]
Point = tuple[float, float, float]  # m, in the world


class View(NamedTuple):
    """Where a camera stands, told by what it looks at."""

    at: Point
    distance: float  # m
    yaw: float  # degrees about the vertical; at 90 the arm points at the camera
    pitch: float  # degrees, downwards where negative


# Balls hang anywhere the arm reaches, discs lie on the table near the base: all of them are in the picture.
VIEWS: dict[Shape, View] = {
    "ball": View((0.29, -0.19, 0.34), 0.93, 62.0, -18.0),
    "disc": View((0.16, 0.0, 0.14), 0.76, 56.0, -30.0),
}


class Marker:
    """The goal, in an engine's world: red, and green once the task is done."""

    def __init__(self, client: int, shape: Shape, radius: float) -> None:
        self._client = client
        kinds = {
            "ball": {"shapeType": pybullet.GEOM_SPHERE, "radius": radius},
            "disc": {"shapeType": pybullet.GEOM_CYLINDER, "radius": radius, "length": DISC_HEIGHT},
        }
        looks = pybullet.createVisualShape(**kinds[shape], rgbaColor=OPEN_COLOUR, physicsClientId=client)
        self._body: int = pybullet.createMultiBody(0, -1, looks, physicsClientId=client)

    def put(self, goal: Point, *, done: bool) -> None:
        """Shows it at `goal`."""
        pybullet.resetBasePositionAndOrientation(self._body, goal, (0, 0, 0, 1), self._client)
        colour = DONE_COLOUR if done else OPEN_COLOUR
        pybullet.changeVisualShape(self._body, -1, rgbaColor=colour, physicsClientId=self._client)


WIDTH, HEIGHT = 480, 368  # pixels: whole blocks of 16, as video coders want them
FIELD = 45.0  # degrees, from top to bottom
NEAREST, FARTHEST = 0.05, 4.0  # m from the camera, between which things are seen
LIGHT = (0.6, -0.8, 1.6)
SKY = ((206, 216, 226), (240, 243, 246))  # behind it all, at the top and at the bottom

Picture = NDArray[np.uint8]


class Camera:
    """Looks at a simulation from where arm, table and goal are well seen."""

    def __init__(self, sim: Sim, shape: Shape, radius: float) -> None:
        self._client = sim.client
        self._marker = Marker(self._client, shape, radius)
        pybullet.changeVisualShape(sim.table, -1, rgbaColor=TABLE_COLOUR, physicsClientId=self._client)
        at, distance, yaw, pitch = VIEWS[shape]
        self._view = pybullet.computeViewMatrixFromYawPitchRoll(at, distance, yaw, pitch, 0.0, 2)
        self._projection = pybullet.computeProjectionMatrixFOV(FIELD, WIDTH / HEIGHT, NEAREST, FARTHEST)
        self._sky = np.linspace(*SKY, HEIGHT).astype(np.uint8)[:, np.newaxis].repeat(WIDTH, axis=1)

    def picture(self, goal: Point, *, done: bool) -> Picture:
        """The scene as it is now, (h, w, 3), the goal's marker at `goal` m, green where the task is done."""
        self._marker.put(goal, done=done)
        _, _, pixels, depth, _ = pybullet.getCameraImage(
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
        picture: Picture = np.asarray(pixels, dtype=np.uint8).reshape(HEIGHT, WIDTH, 4)[:, :, :3].copy()
        nothing = np.asarray(depth).reshape(HEIGHT, WIDTH) >= 1.0
        picture[nothing] = self._sky[nothing]
        return picture

    def sees(self, point: Point) -> bool:
        """Whether a point lies within the picture, by a margin of 3 %."""
        project, look = (np.reshape(matrix, (4, 4)).T for matrix in (self._projection, self._view))
        x, y, _, w = project @ look @ (*point, 1.0)
        return bool(w > 0 and max(abs(x), abs(y)) < 0.97 * w)
