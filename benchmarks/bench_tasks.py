"""What the tasks cost: environment steps a second of the arm's vector environment under a random policy.

Reach, pick-and-place at the full difficulty and at the lowest, in turns; a ratio is the steps a second of a task over
reach's, round by round.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from pairs import alternate, parser, positive, spread, table, write_json

from roarm_envs.env import RoArmPickPlaceEnv, RoArmReachEnv

TASKS: dict[str, Callable[[int], Any]] = {
    "reach": lambda count: RoArmReachEnv.make_vec_env(count),
    "pick and place": lambda count: RoArmPickPlaceEnv.make_vec_env(count),
    "pick and place, difficulty 0.1": lambda count: RoArmPickPlaceEnv.make_vec_env(count, difficulty=0.1),
}


def stepping(env: Any, steps: int) -> Callable[[], None]:
    """Random actions from a seed, for so many steps of every environment."""
    env.seed(0)
    env.reset()
    rng = np.random.default_rng(0)

    def run() -> None:
        for _ in range(steps):
            env.step(rng.uniform(-1.0, 1.0, (env.num_envs, *env.action_space.shape)).astype(np.float32))

    return run


def main() -> None:
    """Prints the table."""
    arguments = parser(__doc__, rounds=9)
    arguments.add_argument("--n-envs", type=positive, default=4, metavar="N", help="default: %(default)s")
    arguments.add_argument("--steps", type=positive, default=500, metavar="S", help="a round (default: %(default)s)")
    options = arguments.parse_args()
    count, steps = options.n_envs, 50 if options.quick else options.steps
    envs = {name: make(count) for name, make in TASKS.items()}
    rounds = alternate({name: stepping(env, steps) for name, env in envs.items()}, options.rounds)
    rows = []
    for name, env in envs.items():
        ratio = spread([1 / value for value in rounds.ratios(name, "reach")])
        speed = count * steps / rounds.spread(name).median
        rows.append({"task": name, "steps a second": speed, "of reach": ratio.median, "least": ratio.min})
        env.close()
    print(table(rows))
    if options.json:
        write_json(options.json, rows)


if __name__ == "__main__":
    main()
