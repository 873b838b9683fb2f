"""A policy's parameters as one flat array that torch's parameters view."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.float32]


class FlatParameters:
    """Values and gradients of torch parameters, each in one flat float32 array, in the order given.

    The torch parameters share the memory of `values`: what either side writes, the other reads.
    """

    def __init__(self, tensors: Sequence[torch.Tensor]) -> None:
        self.tensors = tuple(tensors)
        ends = np.cumsum([tensor.numel() for tensor in tensors]).tolist()
        self._places = [slice(end - tensor.numel(), end) for tensor, end in zip(tensors, ends, strict=True)]
        self.values = np.zeros(ends[-1], dtype=np.float32)
        self.gradient = np.zeros_like(self.values)
        self._views = self.torch_views(self.values)
        self.attach()

    def torch_views(self, flat: Array) -> list[torch.Tensor]:
        """A tensor for each parameter, in its shape, over the memory of a flat array."""
        whole = torch.from_numpy(flat)
        return [whole[place].view(tensor.shape) for place, tensor in zip(self._places, self.tensors, strict=True)]

    def view(self, flat: Array, first: torch.Tensor, shape: tuple[int, ...]) -> Array:
        """The part of a flat array that begins where the parameter `first` does, in `shape`."""
        index = next(index for index, tensor in enumerate(self.tensors) if tensor is first)
        start = self._places[index].start
        return flat[start : start + int(np.prod(shape))].reshape(shape)

    def attach(self) -> None:
        """Lets every torch parameter view `values`; one that was given other memory meanwhile brings its values."""
        for tensor, view in zip(self.tensors, self._views, strict=True):
            if tensor.data_ptr() != view.data_ptr():
                view.copy_(tensor.data)
                tensor.data = view

    def finite(self) -> bool:
        """Whether every value is a finite number."""
        return bool(np.isfinite(self.values).all())
