"""The parts of the arm's links: masses, inertias and primitive shapes.

A link's inertia combines its shell (mass, centre and principal inertias as published) and the servos in it, each a
solid box.
"""

from dataclasses import dataclass, replace

from roarm_envs.figures import Vector

SERVO_MASS = 0.0575  # kg, between the 55 and 60 g of the data sheet
SERVO_SIZE = (0.0452, 0.0247, 0.035)  # m
BOARD_MASS = 0.17  # kg, board and screws, in the base


@dataclass(frozen=True, kw_only=True)
class Body:
    """A rigid part with principal axes along the link's frame."""

    mass: float  # kg
    centre: Vector  # m
    inertia: Vector  # kg m², about its own centre


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A primitive: a box (three sizes) or a cylinder along z (radius, length)."""

    centre: Vector  # m
    size: tuple[float, ...]  # m
    colour: str
    rpy: Vector = (0.0, 0.0, 0.0)  # rad


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link's bodies and shapes."""

    name: str
    bodies: tuple[Body, ...]
    shapes: tuple[Shape, ...]


COLOURS = {
    "shell": "0.16 0.17 0.19 1",
    "arm": "0.85 0.86 0.88 1",
    "servo": "0.10 0.10 0.11 1",
    "jaw": "0.93 0.49 0.13 1",
}


def box(mass: float, size: Vector, centre: Vector) -> Body:
    """A solid box of uniform density."""
    x, y, z = (side**2 for side in size)
    return Body(mass=mass, centre=centre, inertia=(mass * (y + z) / 12, mass * (x + z) / 12, mass * (x + y) / 12))


def servo(centre: Vector) -> Body:
    """One ST3235 servo."""
    return box(SERVO_MASS, SERVO_SIZE, centre)


LINKS = (
    Link(
        name="base_link",
        bodies=(
            box(0.2562, (0.10, 0.10, 0.07), (0.0, 0.0, -0.035)),
            servo((0.0, 0.0, -0.02)),
            box(BOARD_MASS, (0.08, 0.08, 0.02), (0.0, 0.0, -0.06)),
        ),
        shapes=(Shape(centre=(0.0, 0.0, -0.035), size=(0.052, 0.07), colour="shell"),),
    ),
    Link(
        name="link1",
        bodies=(
            Body(mass=0.0729, centre=(0.0, 0.0, 0.037), inertia=(4.7e-5, 3.3e-5, 5.0e-5)),
            servo((0.0, 0.022, 0.051959)),
            servo((0.0, -0.022, 0.051959)),
        ),
        shapes=(
            Shape(centre=(0.0, 0.0, 0.014), size=(0.04, 0.028), colour="arm"),
            Shape(centre=(0.0, 0.0, 0.046), size=(0.045, 0.075, 0.040), colour="servo"),
        ),
    ),
    Link(
        name="link2",
        bodies=(
            Body(mass=0.0703, centre=(0.119, 0.0122, 0.0), inertia=(5.5e-5, 4.23e-4, 4.05e-4)),
            servo((0.236815, 0.030002, 0.0)),
        ),
        shapes=(
            Shape(centre=(0.118, 0.005, 0.0), size=(0.200, 0.032, 0.034), colour="arm"),
            Shape(centre=(0.2300, 0.026, 0.0), size=(0.045, 0.040, 0.036), colour="servo"),
        ),
    ),
    Link(
        name="link3",
        bodies=(
            Body(mass=0.0216, centre=(-0.0015, -0.0765, 0.005), inertia=(6.4e-5, 3.7e-6, 6.3e-5)),
            servo((0.0, -0.135, 0.0)),
        ),
        shapes=(
            Shape(centre=(0.0, -0.070, 0.0), size=(0.026, 0.100, 0.028), colour="arm"),
            Shape(centre=(0.0, -0.135, 0.0), size=(0.028, 0.040, 0.036), colour="servo"),
        ),
    ),
    Link(
        name="link4",
        bodies=(
            Body(mass=0.0100, centre=(-0.0015, -0.022, 0.0), inertia=(4.5e-6, 3.8e-6, 5.6e-6)),
            servo((0.010, -0.034, 0.0)),
        ),
        shapes=(Shape(centre=(0.010, -0.036, 0.0), size=(0.026, 0.036, 0.030), colour="servo"),),
    ),
    Link(
        name="link5",
        bodies=(
            Body(mass=0.0154, centre=(-0.0078, 0.0, 0.0595), inertia=(2.0e-5, 2.1e-5, 4.4e-6)),
            servo((-0.006, 0.0, 0.034)),
        ),
        shapes=(
            Shape(centre=(-0.004, 0.0, 0.026), size=(0.030, 0.030, 0.044), colour="servo"),
            Shape(centre=(-0.006, 0.0, 0.082), size=(0.008, 0.020, 0.066), colour="arm"),
        ),
    ),
    Link(
        name="gripper_link",
        bodies=(Body(mass=0.0029, centre=(0.027, 0.0027, -0.0189), inertia=(5.2e-7, 1.8e-6, 1.6e-6)),),
        shapes=(Shape(centre=(0.0325, 0.005, -0.0188), size=(0.061, 0.008, 0.020), colour="jaw"),),
    ),
    Link(name="hand_tcp", bodies=(), shapes=()),
)

# The hand for tasks with the gripper. The fixed jaw is a shape of the tool point's link, so that the engine can
# distinguish its contacts from the palm's; the moving jaw is an arm with a pad that leans inwards by 29 degrees: its
# tip meets the fixed jaw when closed, and on objects of 20 to 30 mm it lies flat to within about ten degrees.
PAD_LEAN = 0.50  # rad
GRIPPER_SHAPES = {
    "link5": (Shape(centre=(-0.004, 0.0, 0.026), size=(0.030, 0.030, 0.044), colour="servo"),),
    "gripper_link": (
        Shape(centre=(0.0165, 0.0085, -0.0188), size=(0.041, 0.006, 0.020), colour="jaw"),
        Shape(centre=(0.0479, -0.0003, -0.0188), size=(0.0305, 0.005, 0.020), colour="jaw", rpy=(0.0, 0.0, -PAD_LEAN)),
    ),
    "hand_tcp": (Shape(centre=(-0.033428, 0.006, 0.0), size=(0.066, 0.008, 0.020), colour="arm"),),
}
GRIPPER_LINKS = tuple(replace(link, shapes=GRIPPER_SHAPES.get(link.name, link.shapes)) for link in LINKS)


def total_mass() -> float:
    """The arm's mass in kg."""
    return sum(body.mass for link in LINKS for body in link.bodies)
