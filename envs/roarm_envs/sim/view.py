"""From where a task is well seen, and the marker that shows its goal. The marker is seen and never touched."""

from typing import Literal, NamedTuple

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
