"""The settings of the physics engine, with the reasons for their values."""

from dataclasses import dataclass

from roarm_envs import figures
from roarm_envs.arm_errors import OptionError, check_count

# Constraint force mixing for the exact solver: without it the solver fails on some steps, such as with a joint at full
# torque, and the result then depends on the tenth decimal of the pose. From 1e-8 to 1e-4 free motion is the same.
SOFTNESS = 1e-7
FINEST_HZ = 240  # the rate for which `figures.SERVO_GAIN` is defined


@dataclass(frozen=True, kw_only=True)
class Physics:
    """The step rate, solver and servo scaling of the physics engine.

    Sixty steps a second with an exact solver stay within 3 mm at the tool and 0.015 rad at each joint of a reference
    of 240 Hz and 50 iterations of the default solver (0.0076 rad, 2.2 mm), at half the cost of 120 Hz with 10
    iterations (`python benchmarks/bench_physics.py`; all settings that were tried: docs/explanation/physics.md). This
    needs:

    - `exact`: Dantzig's direct solver. The default one, sequential impulses, converges slowly along a chain of parallel
      axes: after 50 iterations the elbow is up to 0.02 rad behind, and it costs more. Steps on which Dantzig's fails
      are solved by `iterations` of the default one; `SOFTNESS` makes them rare.
    - The servo's gain, which the engine applies per step, scaled to the step's length.
    - `trimmed`: one coarse step reaches at once the speed that fine steps reach gradually. Torque is lowered so that
      a joint at full torque moves as far in one control step as in the reference, the gain by one per cent for every
      fine step skipped.
    """

    hz: int = 60
    iterations: int = 50
    exact: bool = True
    trimmed: bool = True
    softness: float = SOFTNESS

    def __post_init__(self) -> None:
        check_count("hz", self.hz, low=figures.CONTROL_HZ, high=100 * figures.CONTROL_HZ)
        if self.hz % figures.CONTROL_HZ:
            raise OptionError(f"hz: {self.hz} must be a multiple of the control rate, {figures.CONTROL_HZ}")
        check_count("iterations", self.iterations, low=1, high=10_000)

    @property
    def substeps(self) -> int:
        """Physics steps in one control step."""
        return self.hz // figures.CONTROL_HZ

    @property
    def gain(self) -> float:
        """The position gain per step with the time constant that `SERVO_GAIN` has at 240 Hz."""
        skipped = FINEST_HZ / self.hz - 1.0 if self.trimmed else 0.0
        scaled = 1.0 - (1.0 - figures.SERVO_GAIN) ** (FINEST_HZ / self.hz)
        return float((1.0 - 0.01 * skipped) * scaled)

    @property
    def torque(self) -> float:
        """The share of the servos' torque that is used.

        At constant acceleration a, n semi-implicit steps in the time T lead to a T² (1 + 1/n) / 2.
        """
        finest = FINEST_HZ // figures.CONTROL_HZ
        return (1.0 + 1.0 / finest) / (1.0 + 1.0 / self.substeps) if self.trimmed else 1.0
