"""The camera views of the tasks, and the goal marker, which is visual only and has no collision shape."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roarm_envs.sim.arm import Sim
from roarm_envs.sim.bullet import pybullet
from roarm_envs.sim.tool_path import ToolPath

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


# Balls are anywhere within the arm's reach, discs on the table near the base; each view shows all of them. Pictures
# keep its direction alone, and come as near as the episode's goal lets them.
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


WIDTH, HEIGHT = 480, 336  # pixels: multiples of 16, as video encoders require; doubled for a video
FIELD = 45.0  # degrees, from top to bottom
NEAREST, FARTHEST = 0.05, 4.0  # m, the clipping planes
LIGHT = (0.6, -0.8, 1.6)
SKY = ((206, 216, 226), (240, 243, 246))  # background colours at the top and at the bottom
EDGE = 0.86  # of the picture's half that the framed points may fill
# The arm's own space, from the table to its raised elbow; heights and radii are those of its figures.
OWN: tuple[Point, ...] = ((-0.07, -0.07, 0.0), (-0.07, 0.07, 0.0), (0.07, -0.07, 0.0), (0.07, 0.07, 0.0), (0, 0, 0.42))

Picture = NDArray[np.uint8]
Matrix = NDArray[np.float64]  # (4, 4), for column vectors


class Camera:
    """Renders pictures of a simulation, with arm, table and goal in view, and the tool point's path of the episode."""

    def __init__(self, sim: Sim, shape: Shape, radius: float) -> None:
        self._sim = sim
        self._client = sim.client
        self._marker = Marker(self._client, shape, radius)
        pybullet.changeVisualShape(sim.table, -1, rgbaColor=TABLE_COLOUR, physicsClientId=self._client)
        self._direction = VIEWS[shape]
        self._projection = _matrix(pybullet.computeProjectionMatrixFOV(FIELD, WIDTH / HEIGHT, NEAREST, FARTHEST))
        self._sky = np.linspace(*SKY, HEIGHT).astype(np.uint8)[:, np.newaxis].repeat(WIDTH, axis=1)
        self._view = np.eye(4)
        self._path = ToolPath()

    def begin(self, goal: Point, tool: Point) -> None:
        """Frames the arm, its tool point, the goal and all things for an episode, and forgets the path before."""
        things = [thing.position for thing in self._sim.things()]
        self._view = framing(self._direction, self._projection, (*OWN, goal, tool, *things))
        self._path = ToolPath()

    def picture(self, goal: Point, tool: Point, *, done: bool) -> Picture:
        """A picture (h, w, 3) of the current scene with the marker at `goal` m, green if `done`.

        It shows the path of the tool point (m) through the pictures since `begin`.
        """
        self._marker.put(goal, done=done)
        _, _, pixels, depth, _ = pybullet.getCameraImage(
            WIDTH,
            HEIGHT,
            self._view.T.ravel().tolist(),
            self._projection.T.ravel().tolist(),
            lightDirection=LIGHT,
            shadow=1,
            renderer=pybullet.ER_TINY_RENDERER,
            flags=pybullet.ER_NO_SEGMENTATION_MASK,
            physicsClientId=self._client,
        )
        picture: Picture = np.asarray(pixels, dtype=np.uint8).reshape(HEIGHT, WIDTH, 4)[:, :, :3].copy()
        depths = np.asarray(depth).reshape(HEIGHT, WIDTH)
        picture[depths >= 1.0] = self._sky[depths >= 1.0]
        self._path.add(tool)
        self._path.draw(picture, depths, self._projection @ self._view)
        return picture

    def sees(self, point: Point) -> bool:
        """Whether a point lies within the picture, by a margin of 3 %."""
        x, y, _, w = self._projection @ self._view @ (*point, 1.0)
        return bool(w > 0 and max(abs(x), abs(y)) < 0.97 * w)


def framing(direction: View, projection: Matrix, points: Sequence[Point]) -> Matrix:
    """The view matrix of the nearest camera that has all points (m) in the picture, in the middle of it.

    It looks down as the view does, and turns by half of the turn of the points' mean about the base: so an arm between
    home and a goal is seen from its side.
    """
    x, y, _ = points[len(OWN)]
    turn = np.degrees(np.arctan2(y, x)) / 2
    looks = pybullet.computeViewMatrixFromYawPitchRoll((0, 0, 0), 1.0, direction.yaw + turn, direction.pitch, 0.0, 2)
    axes = _matrix(looks)[:3, :3]
    right, up, back = axes @ np.array(points).T
    # A point is in the picture while |x - eye x| <= slope (eye z - z), for both x and y.
    places = []
    for along, factor in ((right, projection[0, 0]), (up, projection[1, 1])):
        slope = EDGE / factor
        high, low = (along + slope * back).max(), (along - slope * back).min()
        places.append(((high + low) / 2, (high - low) / (2 * slope)))
    (eye_x, needs_x), (eye_y, needs_y) = places
    view = np.eye(4)
    view[:3, :3] = axes
    view[:3, 3] = -eye_x, -eye_y, -max(needs_x, needs_y)
    return view


def _matrix(columns: Sequence[float]) -> Matrix:
    return np.reshape(columns, (4, 4)).T
