"""Elementwise passes of an update, compiled; the reference is the NumPy code beside their calls."""

import numpy as np
from numpy.typing import NDArray

from tuner.training.compiled import compiled
from tuner.training.fused.acting_kernels import EIGHTH, HALF_RANGE, ONE, P0, P1, P2, Q1, Q2, Q3

Array = NDArray[np.float32]


@compiled()
def adam(
    values: Array,
    gradient: Array,
    mean: Array,
    square: Array,
    scale: np.float32,
    beta2: np.float32,
    rest1: np.float32,
    rest2: np.float32,
    floor: np.float32,
    rate: np.float32,
) -> None:
    """Adam's step on flat arrays, the gradient times `scale`.

    Args:
        values: The parameters.
        gradient: Their gradient.
        mean: Its exponential average.
        square: That of its square.
        scale: What clips the gradient's norm.
        beta2: Of the squares' average.
        rest1: 1 - beta1.
        rest2: 1 - beta2.
        floor: Adam's epsilon, corrected for the step.
        rate: The learning rate, corrected for the step.
    """
    for index in range(len(values)):
        slope = gradient[index] * scale
        mean[index] += (slope - mean[index]) * rest1
        square[index] = square[index] * beta2 + slope * slope * rest2
        values[index] -= mean[index] / (np.sqrt(square[index]) + floor) * rate


@compiled()
def add_and_tanh(sums: Array, bias: Array) -> None:
    """The hyperbolic tangent of sums (towers, rows, width) plus bias (towers, 1, width), in place; see `forward`."""
    for tower in range(sums.shape[0]):
        for row in range(sums.shape[1]):
            for place in range(sums.shape[2]):
                y = min(max(sums[tower, row, place] + bias[tower, 0, place], -HALF_RANGE), HALF_RANGE) * EIGHTH
                s = y * y
                t = y * (P0 + s * (P1 + s * (P2 + s))) / (P0 + s * (Q1 + s * (Q2 + s * Q3)))
                t = (t + t) / (ONE + t * t)
                t = (t + t) / (ONE + t * t)
                sums[tower, row, place] = (t + t) / (ONE + t * t)


@compiled()
def through_tanh(hidden: Array, delta: Array) -> None:
    """Multiplies gradients by 1 - tanh², all (towers, rows, width), in place."""
    for tower in range(hidden.shape[0]):
        for row in range(hidden.shape[1]):
            for place in range(hidden.shape[2]):
                value = hidden[tower, row, place]
                delta[tower, row, place] *= ONE - value * value


@compiled()
def gaussian_gradient(
    outputs: Array,
    actions: Array,
    log_std: Array,
    constant: np.float32,
    log_probs: Array,
    weights: Array,
    lowest: np.float32,
    highest: np.float32,
    ent_coef: float,
    log_ratio: Array,
    ratio: Array,
    d_outputs: Array,
    log_std_gradient: Array,
) -> None:
    """The policy loss of a minibatch of n: writes its gradients, and the ratios of n probabilities.

    The clipped loss is constant, so its gradient is zero where it is the greater one; if equal, both contribute.

    Args:
        outputs: (n, k), the means now.
        actions: (n, k), as they were drawn.
        log_std: (k,).
        constant: The sum of log_std and of log √2π.
        log_probs: (n,), of the policy that drew them.
        weights: (n,), of the ratios: minus the advantages by the minibatch's size.
        lowest: The least ratio that is not clipped.
        highest: The greatest.
        ent_coef: The weight of the entropy.
        log_ratio: Gets the ratios' logarithms (n,).
        ratio: Gets the ratios (n,).
        d_outputs: Gets the gradient at the means (n, k).
        log_std_gradient: Gets that at the logarithms of the standard deviations (k,).
    """
    width = len(log_std)
    precision = np.exp(-log_std)
    slopes = np.zeros(width)
    for row in range(len(outputs)):
        squares = np.float32(0.0)
        for place in range(width):
            z = (actions[row, place] - outputs[row, place]) * precision[place]
            d_outputs[row, place] = z
            squares += z * z
        log_ratio[row] = squares * np.float32(-0.5) - constant - log_probs[row]
        ratio[row] = np.exp(log_ratio[row])
        free = ratio[row] * weights[row]
        slope = free if free >= min(max(ratio[row], lowest), highest) * weights[row] else np.float32(0.0)
        for place in range(width):
            z = d_outputs[row, place]
            slopes[place] += slope * (z * z - ONE)
            d_outputs[row, place] = z * precision[place] * slope
    for place in range(width):
        log_std_gradient[place] = slopes[place] - ent_coef
