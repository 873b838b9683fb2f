"""Gradient steps of SAC, TD3 and DQN: Stable-Baselines3's, tuner's of DQN, and what any could gain.

`products` is the time of the matrix products of SB3's gradient step, recorded in one and multiplied again by torch
without anything else: about what is left if all the rest cost nothing. `limit` is the ratio (medians over the rounds),
`ours` fused DQN's, `gain` SB3's time over it. The second table has a whole environment step of training with SB3's
default arguments, by SB3, by fused DQN, and `without` gradient steps. Times are medians in microseconds; all alternate.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is imported

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from pairs import Rounds, alternate, parser, table, write_json
from stable_baselines3 import DQN, SAC, TD3
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from tuner.training.fused_dqn import FusedDQN

Kind = Callable[..., OffPolicyAlgorithm]

CASES: tuple[tuple[type[OffPolicyAlgorithm], type[OffPolicyAlgorithm] | None, str], ...] = (
    (SAC, None, "Pendulum-v1"),
    (TD3, None, "Pendulum-v1"),
    (DQN, FusedDQN, "CartPole-v1"),
)
BATCHES = (32, 64, 128, 256)
GRADIENT_STEPS = 20  # a turn; TD3's actor learns at every second


class Products(TorchDispatchMode):
    """The factors of all matrix products that torch computes meanwhile."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.factors: list[tuple[Tensor, Tensor]] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Keeps copies of the factors, in their layout."""
        if function.overloadpacket.__name__ in ("mm", "addmm", "bmm"):
            left, right = (torch.empty_strided(each.shape, each.stride()).normal_() for each in args[-2:])
            self.factors.append((left, right))
        return function(*args, **(kwargs or {}))

    def multiply(self) -> None:
        """Computes the products again."""
        for left, right in self.factors:
            torch.matmul(left, right)


def gradient_step(kind: Kind, faster: Kind | None, environment: str, batch_size: int, rounds: int) -> dict[str, Any]:
    """A gradient step, and its products."""

    def filled(one: Kind) -> OffPolicyAlgorithm:
        model = one("MlpPolicy", environment, learning_starts=600, batch_size=batch_size, seed=0, device="cpu")
        return model.learn(700)

    products, model = Products(), filled(kind)
    with products:
        model.train(GRADIENT_STEPS, batch_size)
    contestants = {"sb3": lambda: model.train(GRADIENT_STEPS, batch_size), "products": products.multiply}
    if faster is not None:
        own = filled(faster)
        contestants["ours"] = lambda: own.train(GRADIENT_STEPS, batch_size)
    times = alternate(contestants, rounds)
    return {
        "algorithm": type(model).__name__,
        "batch": batch_size,
        **{name: _micros(times, name, GRADIENT_STEPS) for name in ("sb3", "ours", "products")},
        "limit": times.ratio("sb3", "products").median,
        "gain": times.ratio("sb3", "ours").median if "ours" in contestants else None,
    }


def whole_step(kind: Kind, faster: Kind | None, environment: str, steps: int, rounds: int) -> dict[str, Any]:
    """An environment step of training, with and without gradient steps."""

    def begun(one: Kind) -> OffPolicyAlgorithm:
        return one("MlpPolicy", environment, learning_starts=100, seed=0, device="cpu").learn(200)

    models = {"sb3": begun(kind), "without": begun(kind), **({} if faster is None else {"ours": begun(faster)})}
    setattr(models["without"], "train", lambda *_, **__: None)  # noqa: B010
    contestants = {name: partial(model.learn, steps, reset_num_timesteps=False) for name, model in models.items()}
    times = alternate(contestants, rounds)
    return {
        "algorithm": type(models["sb3"]).__name__,
        **{name: _micros(times, name, steps) for name in ("sb3", "ours", "without")},
        "gain": times.ratio("sb3", "ours").median if "ours" in contestants else None,
    }


def _micros(times: Rounds, name: str, count: int) -> float | None:
    return times.spread(name).median / count * 1e6 if name in times.seconds else None


def main() -> None:
    """Measures the algorithms."""
    options = parser(__doc__, rounds=7).parse_args()
    torch.set_num_threads(1)
    rounds, steps, batches = (2, 100, BATCHES[:1]) if options.quick else (options.rounds, 400, BATCHES)
    results = [gradient_step(*case, batch, rounds) for case in CASES for batch in batches]
    whole = [whole_step(*case, steps, rounds) for case in CASES]
    print(table(results), table(whole), sep="\n\n")
    if options.json:
        write_json(options.json, [*results, *whole])


if __name__ == "__main__":
    main()
