"""What follows physics in a control step of reaching, for many arms at once: compiled by Numba where it is installed.

The same arithmetic in the same order as `kinematics.tool_point` and `tasks.reach.Reach`, which are the reference: the
results are equal bit for bit. Constants come as arguments, so that no compiled copy of them can become outdated.
"""

from math import cos, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from roarm_envs.arm_compiler import compiled

Numbers = NDArray[np.float64]

READINGS = 20  # numbers of an arm: 5 angles, 5 speeds, 3 of the goal, the distance before, contact, 5 of the action
RESULTS = 7  # distance, success, the reward's four terms, their sum


@compiled
def tool_point(angles: Numbers, geometry: Numbers) -> tuple[float, float, float, float, float]:
    """As `kinematics.tool_point`, for angles (4,) or more in rad."""
    shoulder_height, upper_out, upper_up, forearm_up, hand_out, hand_up = geometry
    bent = angles[1] + angles[2]
    pitch = bent + angles[3]
    upper_c, upper_s, fore_c, fore_s = cos(angles[1]), sin(angles[1]), cos(bent), sin(bent)
    hand_c, hand_s, cosine, sine = cos(pitch), sin(pitch), cos(angles[0]), sin(angles[0])
    out = upper_out * upper_c + upper_up * upper_s + forearm_up * fore_s + hand_out * hand_c + hand_up * hand_s
    up = upper_up * upper_c - upper_out * upper_s + forearm_up * fore_c + hand_up * hand_c - hand_out * hand_s
    return out * cosine, out * sine, shoulder_height + up, cosine, sine


@compiled
def reward(reading: Numbers, distance: float, task: Numbers, dense: bool, result: Numbers) -> None:
    """Writes an arm's result (`RESULTS`,), as `Reach.rewards` has its terms."""
    tolerance, progress_scale, success_bonus, effort_weight, collision_weight = task
    reached = distance <= tolerance
    progress, success, effort, collision = 0.0, success_bonus * reached, 0.0, 0.0
    if dense:
        squares = 0.0
        for part in reading[15:20]:
            squares += part * part
        progress = progress_scale * (reading[13] - distance)
        effort = -effort_weight * (squares / 5)
        collision = -collision_weight * reading[14]
    result[0], result[1], result[2], result[3], result[4] = distance, reached, progress, success, effort
    result[5], result[6] = collision, progress + success + effort + collision


@compiled
def judge(
    readings: Numbers,
    geometry: Numbers,
    task: Numbers,
    scales: Numbers,
    dense: bool,
    rows: NDArray[np.float32],
    rewards: NDArray[np.float32],
    results: Numbers,
) -> None:
    """Writes observations (n, 19), rewards (n,) and results (n, RESULTS) of arms' readings (n, READINGS).

    Args:
        readings: See `READINGS`.
        geometry: (6,): the shoulder's height, upper arm outwards and upwards, forearm, hand outwards and upwards, in m.
        task: (5,): tolerance, reward per metre, bonus of success, weights of effort and collision.
        scales: (19, 2): factor and shift of each observed number.
        dense: Whether there are terms besides success.
        rows: Gets the observations.
        rewards: Gets the rewards.
        results: Gets what `info` tells, see `RESULTS`.
    """
    values = np.empty(19)
    for arm in range(len(readings)):
        reading = readings[arm]
        tool_x, tool_y, tool_z, cosine, sine = tool_point(reading, geometry)
        x, y, z = reading[10] - tool_x, reading[11] - tool_y, reading[12] - tool_z
        values[:10] = reading[:10]
        values[10], values[11], values[12] = tool_x, tool_y, tool_z
        values[13:16] = reading[10:13]
        values[16], values[17], values[18] = cosine * x + sine * y, cosine * y - sine * x, z
        for place in range(19):
            value = values[place] * scales[place, 0] + scales[place, 1]
            rows[arm, place] = -1.0 if value < -1.0 else 1.0 if value > 1.0 else value
        reward(reading, sqrt(x * x + y * y + z * z), task, dense, results[arm])
        rewards[arm] = results[arm, 6]
