"""Acting for a few observations by compiled code."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tuner.training.batches import flat, is_plain
from tuner.training.compiled import COMPILES
from tuner.training.fused.kernels import forward
from tuner.training.fused.network import Array, FlatParameters

FEW = 16  # observations up to which it is faster than matrix products


class QuickActing:
    """The outputs of a multilayer perceptron, compiled, for any number of rows."""

    def __init__(self, parameters: FlatParameters, layers: Sequence[tuple[Array, Array]], *, relu: bool) -> None:
        """Takes the layers' weights (out, in) and biases (out,), which are views of the parameters."""
        self.values, self.relu = parameters.values, relu
        self.layout = np.array(
            [[self._place(weight), self._place(bias), weight.shape[1], weight.shape[0]] for weight, bias in layers]
        )
        self.hidden = np.empty((len(layers), int(self.layout[:, 3].max())), dtype=np.float32)

    @classmethod
    def made(cls, parameters: FlatParameters, layers: Sequence[tuple[Array, Array]], *, relu: bool) -> Self | None:
        """None where nothing is compiled."""
        return cls(parameters, layers, relu=relu) if COMPILES else None

    def __call__(self, observations: NDArray[Any]) -> Array:
        """The outputs (rows, out) for observations (rows, …), a new array.

        Raises:
            ValueError: if observations have another number of values; compiled code would read beyond them.
        """
        x = observations if is_plain(observations, 2) else np.ascontiguousarray(flat(observations))
        if x.shape[1] != self.layout[0, 2]:
            raise ValueError(f"an observation has {x.shape[1]} values, and the policy takes {self.layout[0, 2]}")
        outputs = np.empty((len(x), self.layout[-1, 3]), dtype=np.float32)
        forward(self.values, self.layout, self.relu, x, self.hidden, outputs)
        return outputs

    def _place(self, part: Array) -> int:
        """Where a part of the parameters begins among them."""
        return (part.ctypes.data - self.values.ctypes.data) // self.values.itemsize
