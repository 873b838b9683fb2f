"""What the faster classes have in common: a core over flat arrays, or a reason why SB3's own code trains the model."""

import logging
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.preprocessing import is_image_space
from torch import nn

logger = logging.getLogger(__name__)

C = TypeVar("C", bound="ModelCore")

ACTIVATIONS = (nn.Tanh, nn.ReLU)


class ModelCore(Protocol):
    """The NumPy counterparts of a model's networks and optimizer, over flat arrays."""

    def belongs_to(self, model: Any) -> bool:
        """Whether the model still has the networks, parameters and optimizer of this core."""

    def attach(self) -> None:
        """Makes every torch parameter a view of the core's arrays."""

    def best_actions(self, observations: NDArray[Any]) -> NDArray[Any]:
        """The best actions (n, …) for observations (n, …)."""


class FusedModel(BaseAlgorithm, Generic[C]):
    """A faster Stable-Baselines3 algorithm, mixed into SB3's own class.

    Whether it covers the model is checked again whenever `core` is called, so policy, layers and optimizer may be
    replaced.
    """

    own: ClassVar[tuple[str, ...]] = ("_core",)  # attributes that no copy and no file has

    stepped_aside: str | None = None  # why SB3's own code trains this model, None if it does not
    _core: C | None = None

    @abstractmethod
    def uncovered(self) -> Iterator[str]:
        """Every reason why the model as it is now is not covered."""

    @abstractmethod
    def make_core(self) -> C:
        """A core for the model, which is covered."""

    def _setup_model(self) -> None:
        super()._setup_model()  # type: ignore[safe-super]
        self.core()

    def core(self) -> C | None:
        """The core for the model as it is now; None if SB3's own code must train it."""
        reason = next(self.uncovered(), None)
        if reason is not None and reason != self.stepped_aside:
            logger.debug("%s falls back to SB3's code: %s", type(self).__name__, reason)
        self.stepped_aside = reason
        if reason is not None:
            self._core = None
        elif self._core is None or not self._core.belongs_to(self):
            self._core = self.make_core()
        if self._core is not None:
            self._core.attach()
        return self._core

    def best_actor(self) -> Callable[[NDArray[Any]], NDArray[Any]]:
        """A function from observations (n, …) to the deterministic actions (n, …) of `predict`, only faster.

        It is valid until something of the model is replaced; the values of its parameters may change.
        """
        core = self.core()
        if core is not None:
            return core.best_actions
        return lambda observations: self.predict(observations, deterministic=True)[0]

    def _excluded_save_params(self) -> list[str]:
        return [*super()._excluded_save_params(), *self.own, "stepped_aside"]

    def __getstate__(self) -> dict[str, Any]:
        """The state without the core: a copy makes its own, over its own parameters."""
        return {name: value for name, value in vars(self).items() if name not in self.own}


def space_reasons(observations: spaces.Space[Any]) -> Iterator[str]:
    """Why observations of a space are not covered."""
    if not isinstance(observations, spaces.Box):
        yield f"the observation space is {type(observations).__name__}, not Box"
    elif is_image_space(observations):
        yield "the observations are images"


def layer_reasons(
    policy: nn.Module, hidden: Sequence[Iterable[nn.Module]], outputs: Sequence[nn.Module], activation: type[nn.Module]
) -> Iterator[str]:
    """Why hidden layers, output layers, and the policy's parameters, are not covered."""
    if activation not in ACTIVATIONS:
        yield f"the activation is {activation.__name__}, neither Tanh nor ReLU"
    for net in hidden:
        parts = [type(part) for part in net]
        if parts != [nn.Linear, activation] * (len(parts) // 2):
            yield "the hidden layers are not those of an MlpPolicy"
    if any(type(output) is not nn.Linear for output in outputs):
        yield "an output layer is not linear"
    if any(part.bias is None for part in policy.modules() if isinstance(part, nn.Linear)):
        yield "a layer has no bias"
    if any(part._forward_hooks or part._forward_pre_hooks for part in policy.modules()):
        yield "a layer has a forward hook"
    if any(parameter.dtype != torch.float32 or not parameter.requires_grad for parameter in policy.parameters()):
        yield "a parameter is not float32, or is frozen"


def optimizer_reasons(optimizer: torch.optim.Optimizer, parameters: list[torch.Tensor]) -> Iterator[str]:
    """Why an optimizer that should have these parameters is not covered."""
    if type(optimizer) is not torch.optim.Adam:
        yield f"the optimizer is {type(optimizer).__name__}, not Adam"
        return
    if any(group[name] for group in optimizer.param_groups for name in ("weight_decay", "amsgrad", "maximize")):
        yield "Adam has weight_decay, amsgrad or maximize"
    groups = [[id(parameter) for parameter in group["params"]] for group in optimizer.param_groups]
    if groups != [[id(parameter) for parameter in parameters]]:
        yield "the optimizer's parameters are not the policy's, in one group"
