"""The camera views of the tasks, and the goal marker, which is visual only and has no collision shape."""

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
    """A camera pose, given by the point it looks at."""

    at: Point
    distance: float  # m
    yaw: float  # degrees about the vertical; at 90 the arm points at the camera
    pitch: float  # degrees, downwards where negative


# Balls are anywhere within the arm's reach, discs on the table near the base; each view shows all of them.
VIEWS: dict[Shape, View] = {
    "ball": View((0.29, -0.19, 0.34), 0.93, 62.0, -18.0),
    "disc": View((0.16, 0.0, 0.14), 0.76, 56.0, -30.0),
}


class Marker:
    """The goal's marker in a client's world: red, and green once the task is solved."""

    def __init__(self, client: int, shape: Shape, radius: float) -> None:
        self._client = client
        kinds = {
            "ball": {"shapeType": pybullet.GEOM_SPHERE, "radius": radius},
            "disc": {"shapeType": pybullet.GEOM_CYLINDER, "radius": radius, "length": DISC_HEIGHT},
        }
        looks = pybullet.createVisualShape(**kinds[shape], rgbaColor=OPEN_COLOUR, physicsClientId=client)
        self._body: int = pybullet.createMultiBody(0, -1, looks, physicsClientId=client)

    def put(self, goal: Point, *, done: bool) -> None:
        """Moves it to `goal` and sets its colour."""
        pybullet.resetBasePositionAndOrientation(self._body, goal, (0, 0, 0, 1), self._client)
        colour = DONE_COLOUR if done else OPEN_COLOUR
        pybullet.changeVisualShape(self._body, -1, rgbaColor=colour, physicsClientId=self._client)


WIDTH, HEIGHT = 480, 368  # pixels: multiples of 16, as video encoders require
FIELD = 45.0  # degrees, from top to bottom
NEAREST, FARTHEST = 0.05, 4.0  # m, the clipping planes
LIGHT = (0.6, -0.8, 1.6)
SKY = ((206, 216, 226), (240, 243, 246))  # background colours at the top and at the bottom

Picture = NDArray[np.uint8]


class Camera:
    """Renders pictures of a simulation, with arm, table and goal in view."""

    def __init__(self, sim: Sim, shape: Shape, radius: float) -> None:
        self._client = sim.client
        self._marker = Marker(self._client, shape, radius)
        pybullet.changeVisualShape(sim.table, -1, rgbaColor=TABLE_COLOUR, physicsClientId=self._client)
        at, distance, yaw, pitch = VIEWS[shape]
        self._view = pybullet.computeViewMatrixFromYawPitchRoll(at, distance, yaw, pitch, 0.0, 2)
        self._projection = pybullet.computeProjectionMatrixFOV(FIELD, WIDTH / HEIGHT, NEAREST, FARTHEST)
        self._sky = np.linspace(*SKY, HEIGHT).astype(np.uint8)[:, np.newaxis].repeat(WIDTH, axis=1)

    def picture(self, goal: Point, *, done: bool) -> Picture:
        """A picture (h, w, 3) of the current scene with the marker at `goal` m, green if `done`."""
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
