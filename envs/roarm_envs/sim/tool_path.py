"""The path of the tool point, drawn into a picture; no body of the simulation."""

import itertools

import numpy as np
from numpy.typing import NDArray

COLOUR = (112, 48, 190)
RADIUS = 1.2  # pixels, half the line's width
SPACING = 1.0  # pixels between the dots that make the line
CLEAR, HIDDEN = 0.9, 0.22  # opacity, where the path is in view and where the arm hides it
NEAR = 0.0015  # of the depth from 0 to 1, by which a point may lie behind what hides it
MOST = 5_000  # dots of a step, for a camera that comes too near

Point = tuple[float, float, float]  # m, in the world


class ToolPath:
    """Points that the tool has passed, as a line."""

    def __init__(self) -> None:
        self._points: list[Point] = []

    def add(self, point: Point) -> None:
        """Adds the tool point, unless it has not moved."""
        if not self._points or self._points[-1] != point:
            self._points.append(point)

    def draw(self, picture: NDArray[np.uint8], depths: NDArray[np.float32], camera: NDArray[np.float64]) -> None:
        """Draws the line into a picture (h, w, 3), thin where something nearer hides it.

        Args:
            picture: Changed in place.
            depths: Of the picture (h, w), from 0 at the nearest plane to 1.
            camera: From the world to the clip space (4, 4).
        """
        if len(self._points) < 2:
            return
        height, width, _ = picture.shape
        clip = camera @ np.column_stack([self._points, np.ones(len(self._points))]).T
        x, y, z = clip[:3] / clip[3]
        ends = np.column_stack([(x + 1) / 2 * width, (1 - y) / 2 * height, (z + 1) / 2])
        dots = np.concatenate([_between(start, end) for start, end in itertools.pairwise(ends)])
        opacity = _stamped(dots, depths)[:, :, np.newaxis]
        picture[:] = np.round(picture * (1 - opacity) + opacity * COLOUR).astype(np.uint8)


def _between(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    steps = int(min(max(np.hypot(*(end - start)[:2]) / SPACING, 1), MOST))
    return np.linspace(start, end, steps + 1)


def _stamped(dots: NDArray[np.float64], depths: NDArray[np.float32]) -> NDArray[np.float64]:
    """The opacity of each pixel (h, w) under round dots (n, 3) of column, row and depth."""
    opacity = np.zeros(depths.shape)
    height, width = depths.shape
    reach = int(np.ceil(RADIUS))
    column, row = np.floor(dots[:, 0]).astype(int), np.floor(dots[:, 1]).astype(int)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    column, row, dots = column[inside], row[inside], dots[inside]
    hidden = dots[:, 2] > depths[row, column] + NEAR
    for down, right in itertools.product(range(-reach, reach + 1), repeat=2):
        at = np.clip(row + down, 0, height - 1), np.clip(column + right, 0, width - 1)
        away = np.hypot(at[1] + 0.5 - dots[:, 0], at[0] + 0.5 - dots[:, 1])
        smooth = np.clip(RADIUS + 0.5 - away, 0.0, 1.0)
        np.maximum.at(opacity, at, smooth * np.where(hidden, HIDDEN, CLEAR))
    return opacity
