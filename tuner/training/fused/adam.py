"""Adam over flat arrays, its state shared with torch's optimizer."""

import contextlib
import math
from collections.abc import Iterator

import numpy as np
import torch

from tuner.training.fused.parameters import FlatParameters


class FlatAdam:
    """Clips the global norm of the gradient and takes Adam's step, as torch 2 does, over whole flat arrays.

    Moments and step count are those of the torch optimizer, which views them, so that a saved model resumes anywhere.
    Source: D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", 2015.
    """

    def __init__(self, parameters: FlatParameters, optimizer: torch.optim.Optimizer) -> None:
        self._parameters = parameters
        self._optimizer = optimizer
        self._mean = np.zeros_like(parameters.values)  # exponential average of the gradient
        self._square = np.zeros_like(parameters.values)  # and of its square
        self._mean_views = parameters.torch_views(self._mean)
        self._square_views = parameters.torch_views(self._square)
        self._scratch = np.empty_like(parameters.values)
        self._steps = 0

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """Steps within count: takes up the optimizer's state, which loading a model replaces, and lets it view ours."""
        self._steps = 0
        views = zip(self._parameters.tensors, self._mean_views, self._square_views, strict=True)
        for parameter, mean, square in views:
            state = self._optimizer.state[parameter]
            if "step" not in state:
                state.update(step=torch.tensor(0.0), exp_avg=mean.zero_(), exp_avg_sq=square.zero_())
            elif state["exp_avg"].data_ptr() != mean.data_ptr():
                state.update(exp_avg=mean.copy_(state["exp_avg"]), exp_avg_sq=square.copy_(state["exp_avg_sq"]))
            self._steps = int(state["step"])
        try:
            yield
        finally:
            for state in self._optimizer.state.values():
                state["step"].fill_(float(self._steps))

    def step(self, max_grad_norm: float) -> None:
        """One step along the gradient, its norm clipped to `max_grad_norm`."""
        group = self._optimizer.param_groups[0]
        beta1, beta2 = group["betas"]
        gradient, scratch = self._parameters.gradient, self._scratch
        norm = math.sqrt(float(np.dot(gradient, gradient)))
        scale = max_grad_norm / (norm + 1e-6)  # the 1e-6 is torch's
        if not scale >= 1.0:
            np.multiply(gradient, scale, out=gradient)
        self._steps += 1
        np.subtract(gradient, self._mean, out=scratch)
        np.multiply(scratch, 1.0 - beta1, out=scratch)
        np.add(self._mean, scratch, out=self._mean)
        np.multiply(gradient, gradient, out=scratch)
        np.multiply(scratch, 1.0 - beta2, out=scratch)
        np.multiply(self._square, beta2, out=self._square)
        np.add(self._square, scratch, out=self._square)
        # p -= lr / c1 · m / (sqrt(v) / c2 + eps), both sides of the fraction times c2
        root = math.sqrt(1.0 - beta2**self._steps)
        np.sqrt(self._square, out=scratch)
        np.add(scratch, group["eps"] * root, out=scratch)
        np.divide(self._mean, scratch, out=scratch)
        np.multiply(scratch, group["lr"] * root / (1.0 - beta1**self._steps), out=scratch)
        np.subtract(self._parameters.values, scratch, out=self._parameters.values)
