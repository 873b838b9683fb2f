"""A PyBullet window that shows a simulation in real time, at the control rate.

The window has a world of its own, to which the poses of the simulation are copied and which is never stepped, so
watching does not change the simulation.
"""

import ctypes
import ctypes.util
import math
import os
import sys
import time
from typing import ClassVar

from roarm_envs import figures
from roarm_envs.arm_errors import DisplayMissing, OptionError, WindowClosed
from roarm_envs.sim.arm import TABLE_HALF_SIZE, Sim, load_arm
from roarm_envs.sim.bullet import pybullet, quiet
from roarm_envs.sim.camera import TABLE_COLOUR, VIEWS, Marker, Point, Shape

WIDTH, HEIGHT = 960, 736  # pixels
NEARER = 0.75  # factor on the camera's distance, since the window's field of view is wider
LIGHT = (1.5, -2.5, 3.0)  # m
SKY = (223, 230, 236)
SETTLING = 1.0  # s, in which the window's drawing thread starts
ONE = "shows one arm, since PyBullet opens one window per process (n_envs=1, or render_mode='rgb_array')"


class BulletWindow:
    """The window that shows a simulation. Only one per process can be open; closing twice is harmless."""

    _open: ClassVar[bool] = False  # in this process

    def __init__(self, sim: Sim, shape: Shape, radius: float) -> None:
        """Opens the window.

        Raises:
            DisplayMissing: if there is no display.
            OptionError: if this process has a window already.
        """
        if BulletWindow._open:
            raise OptionError(f"render_mode: 'human' {ONE}")
        check_display()
        self._sim = sim
        self._cubes: dict[float, int] = {}
        with quiet(1), quiet(2):  # it prints details of its renderer, also from its drawing thread a little later
            self._client: int = pybullet.connect(pybullet.GUI, options=f"--width={WIDTH} --height={HEIGHT}")
            BulletWindow._open = True
            time.sleep(SETTLING)
        self._furnish(sim, shape, radius)
        self._due = time.monotonic()

    def _furnish(self, sim: Sim, shape: Shape, radius: float) -> None:
        pybullet.configureDebugVisualizer(pybullet.COV_ENABLE_GUI, 0, physicsClientId=self._client)
        pybullet.configureDebugVisualizer(
            lightPosition=LIGHT, rgbBackground=[part / 255 for part in SKY], physicsClientId=self._client
        )
        at, distance, yaw, pitch = VIEWS[shape]
        pybullet.resetDebugVisualizerCamera(NEARER * distance, yaw, pitch, at, physicsClientId=self._client)
        table = self._block(TABLE_HALF_SIZE, TABLE_COLOUR)
        pybullet.resetBasePositionAndOrientation(table, (0, 0, -TABLE_HALF_SIZE[2]), (0, 0, 0, 1), self._client)
        self._arm = load_arm(self._client, sim.asset)
        self._colour_links()
        self._marker = Marker(self._client, shape, radius)

    def show(self, goal: Point, *, done: bool) -> None:
        """Shows the current state of the simulation, with the marker at `goal`, green if `done`.

        Raises:
            WindowClosed: if the window has been closed.
        """
        try:
            if not pybullet.isConnected(self._client):
                raise pybullet.error
            self._mirror()
            self._marker.put(goal, done=done)
        except pybullet.error:  # if it closes between two commands, the engine only reports the one that failed
            self.close()
            raise WindowClosed("the window was closed") from None

    def _mirror(self) -> None:
        for joint, (angle, *_) in zip(self._sim.driven, self._sim.joint_states(), strict=True):
            pybullet.resetJointState(self._arm, joint, angle, physicsClientId=self._client)
        for thing in self._sim.things():
            if thing.edge not in self._cubes:
                self._cubes[thing.edge] = self._block((thing.edge / 2,) * 3, thing.colour)
            body = self._cubes[thing.edge]
            pybullet.resetBasePositionAndOrientation(body, thing.position, thing.orientation, self._client)

    def wait(self) -> None:
        """Waits until one control period has passed since the last call."""
        now = time.monotonic()
        self._due = max(self._due + 1 / figures.CONTROL_HZ, now)
        time.sleep(self._due - now)

    def close(self) -> None:
        """Closes the window."""
        if self._client >= 0:
            if pybullet.isConnected(self._client):
                with quiet(1), quiet(2):
                    pybullet.disconnect(physicsClientId=self._client)
            self._client = -1
            BulletWindow._open = False

    def _colour_links(self) -> None:
        """Gives each link the colour of its largest part: the window has one colour per link, by default the last."""
        largest: dict[int, tuple[float, tuple[float, ...]]] = {}
        for shape in pybullet.getVisualShapeData(self._arm, physicsClientId=self._client):
            link, kind, sizes, colour = shape[1], shape[2], shape[3], shape[7]
            box = kind == pybullet.GEOM_BOX
            volume = math.prod(sizes) if box else math.pi * sizes[0] * sizes[1] ** 2  # a cylinder's length and radius
            if volume > largest.get(link, (0.0,))[0]:
                largest[link] = volume, colour
        for link, (_, colour) in largest.items():
            pybullet.changeVisualShape(self._arm, link, rgbaColor=colour, physicsClientId=self._client)

    def _block(self, half: Point, colour: tuple[float, ...]) -> int:
        looks = pybullet.createVisualShape(
            pybullet.GEOM_BOX, halfExtents=half, rgbaColor=colour, specularColor=(0, 0, 0), physicsClientId=self._client
        )
        body: int = pybullet.createMultiBody(0, -1, looks, physicsClientId=self._client)
        return body


def check_display() -> None:
    """Checks whether a window can be opened, since otherwise the engine ends the process.

    Raises:
        DisplayMissing: if there is no display, or it does not answer.
    """
    if not sys.platform.startswith("linux"):
        return
    name, way_out = os.environ.get("DISPLAY", ""), "use render_mode='rgb_array'"
    if not name:
        raise DisplayMissing(f"render_mode 'human' needs a display, and DISPLAY is not set; {way_out}")
    library = ctypes.util.find_library("X11")
    if library is None:
        raise DisplayMissing(f"render_mode 'human' needs libX11, which is not installed; {way_out}")
    x11 = ctypes.CDLL(library)
    x11.XOpenDisplay.restype, x11.XOpenDisplay.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    display = x11.XOpenDisplay(None)
    if not display:
        raise DisplayMissing(f"render_mode 'human': the display {name!r} does not answer; {way_out}")
    x11.XCloseDisplay(display)
