"""How much faster gradient steps of SAC, TD3 and DQN could be: Stable-Baselines3's, and their matrix products alone.

`products` is the time of exactly the matrix products of a gradient step, recorded in one and multiplied again without
anything else. No rewriting of the rest in NumPy or compiled code can gain more than `limit`, their ratio (medians over
the rounds). `step` is a whole environment step of training with SB3's default arguments, `without` the same without
gradient steps.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy is imported

import time
from collections.abc import Callable
from typing import Any

import torch
from pairs import alternate, parser, spread, table, write_json
from stable_baselines3 import DQN, SAC, TD3
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

CASES: tuple[tuple[type[OffPolicyAlgorithm], str], ...] = (
    (SAC, "Pendulum-v1"),
    (TD3, "Pendulum-v1"),
    (DQN, "CartPole-v1"),
)
BATCHES = (64, 128, 256)
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


def gradient_step(
    kind: Callable[..., OffPolicyAlgorithm], environment: str, batch_size: int, rounds: int
) -> dict[str, Any]:
    """Microseconds of a gradient step, and of its products."""
    model = kind("MlpPolicy", environment, learning_starts=600, batch_size=batch_size, seed=0, device="cpu")
    model.learn(700)
    products = Products()
    with products:
        model.train(GRADIENT_STEPS, batch_size)
    contestants = {"sb3": lambda: model.train(GRADIENT_STEPS, batch_size), "products": products.multiply}
    times = alternate(contestants, rounds)
    micros = {name: spread(seconds).median / GRADIENT_STEPS * 1e6 for name, seconds in times.seconds.items()}
    limit = times.ratio("sb3", "products").median
    return {"algorithm": type(model).__name__, "batch": batch_size, **micros, "limit": limit}


def whole_step(kind: Callable[..., OffPolicyAlgorithm], environment: str, steps: int) -> dict[str, Any]:
    """Microseconds of an environment step of training, with and without gradient steps."""
    model = kind("MlpPolicy", environment, learning_starts=100, seed=0, device="cpu").learn(200)
    found = {"step": _seconds(model, steps) / steps * 1e6}
    setattr(model, "train", lambda *_, **__: None)  # noqa: B010
    found["without"] = _seconds(model, steps) / steps * 1e6
    return {
        "algorithm": type(model).__name__,
        "batch": model.batch_size,
        **found,
        "limit": found["step"] / found["without"],
    }


def _seconds(model: OffPolicyAlgorithm, steps: int) -> float:
    begun = time.perf_counter()
    model.learn(steps, reset_num_timesteps=False)
    return time.perf_counter() - begun


def main() -> None:
    """Measures the algorithms."""
    options = parser(__doc__, rounds=7).parse_args()
    torch.set_num_threads(1)
    rounds, steps = (2, 100) if options.quick else (options.rounds, 1000)
    results = [gradient_step(*case, batch, rounds) for case in CASES for batch in BATCHES]
    whole = [whole_step(*case, steps) for case in CASES]
    print(table(results), table(whole), sep="\n\n")
    if options.json:
        write_json(options.json, [*results, *whole])


if __name__ == "__main__":
    main()
