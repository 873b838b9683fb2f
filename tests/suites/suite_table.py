"""The suites: packages of environments that people use, each with a study in `studies/`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
STUDIES = FOLDER / "studies"


@dataclass(frozen=True, kw_only=True)
class Suite:
    """One study in one environment, and what it takes."""

    name: str  # of its study file
    package: str  # distribution on PyPI
    algorithm: str  # of its study, in the page
    note: str = ""  # on success, in the page
    zoo_steps: int = 300  # rl_zoo3 trains for so many
    seconds: float = 400.0  # longest step
    episodes: int = 10  # of `tuner check`, for each policy
    quick: bool = False  # whether the ordinary tests run it: it needs nothing but Gymnasium

    @property
    def study(self) -> dict[str, Any]:
        """The study file."""
        data: dict[str, Any] = yaml.safe_load((STUDIES / f"{self.name}.yaml").read_text(encoding="utf-8"))
        return data

    @property
    def check(self) -> list[str]:
        """The words after `tuner check` that say what the study file says."""
        environment, success = self.study["environment"], self.study.get("success", {})
        words = [environment["id"], "--episodes", str(self.episodes)]
        for key, value in environment.get("kwargs", {}).items():
            words += ["--env-kwargs", f"{key}={value}"]
        for wrapper in environment.get("wrappers", []):
            words += ["--wrapper", wrapper if isinstance(wrapper, str) else next(iter(wrapper))]
        for key, value in success.items():
            words += [f"--success-{key.replace('_', '-')}", str(value)]
        return words


NO_SUCCESS = "not told; the score is the return"

SUITES = (
    Suite(name="cartpole", package="gymnasium", algorithm="PPO", note=NO_SUCCESS, quick=True),
    Suite(name="pendulum", package="gymnasium", algorithm="SAC", note=NO_SUCCESS, quick=True),
    Suite(name="reacher", package="mujoco", algorithm="TD3", note=NO_SUCCESS),
    Suite(name="car_racing", package="box2d", algorithm="PPO", note=NO_SUCCESS, episodes=1, seconds=900.0),
    Suite(name="panda_reach", package="panda-gym", algorithm="SAC, HER", note="`is_success`"),
    Suite(name="panda_push", package="panda-gym", algorithm="TQC, HER", note="`is_success`"),
    Suite(name="fetch_reach", package="gymnasium-robotics", algorithm="TQC, HER", note="`is_success`"),
    Suite(name="adroit_door", package="gymnasium-robotics", algorithm="PPO", note="`success`, at the end"),
    Suite(
        name="metaworld_reach", package="metaworld", algorithm="SAC", note="`success`, at any step, as its paper counts"
    ),
    Suite(
        name="minigrid_empty",
        package="minigrid",
        algorithm="PPO",
        note="not told: a reward above 0 at the end is success; the score is the return",
    ),
    Suite(
        name="pyflyt_waypoints",
        package="pyflyt",
        algorithm="PPO",
        note="`num_targets_reached`, `at_least` as many as wanted; all of them are `env_complete`",
        episodes=3,
        seconds=900.0,
    ),
    Suite(
        name="highway",
        package="highway-env",
        algorithm="DQN",
        note="not told, `crashed` is its opposite; the score is the return",
        episodes=5,
        seconds=900.0,
    ),
)

ABSENT = {  # packages that cannot be installed here, and pip's reason
    "gym-pybullet-drones": "Could not find a version that satisfies the requirement (from versions: none): not on PyPI",
}
