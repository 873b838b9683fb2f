"""What fused classes compute beside matrix products, compiled: acting on few observations, elementwise passes.

The reference is the NumPy code beside their calls, with which the results agree up to rounding. All are in one file,
since the cache of compiled code is renewed with a function's own file alone.
"""

import numpy as np
from numpy.typing import NDArray

from tuner.training.compiled import compiled

Array = NDArray[np.float32]

F = np.float32
ZERO, ONE, HALF_RANGE, EIGHTH = F(0.0), F(1.0), F(9.0), F(0.125)
P0, P1, P2 = F(135135.0), F(17325.0), F(378.0)
Q1, Q2, Q3 = F(62370.0), F(3150.0), F(28.0)


@compiled()
def tanh(x: np.float32) -> np.float32:
    """The hyperbolic tangent, within 4e-7 of its value, without a branch, so that processors compute several at once.

    Lambert's continued fraction to the seventh term for an eighth of the argument, doubled three times by
    tanh 2y = 2 tanh y / (1 + tanh² y).
    """
    y = min(max(x, -HALF_RANGE), HALF_RANGE) * EIGHTH
    s = y * y
    t = y * (P0 + s * (P1 + s * (P2 + s))) / (P0 + s * (Q1 + s * (Q2 + s * Q3)))
    t = (t + t) / (ONE + t * t)
    t = (t + t) / (ONE + t * t)
    return (t + t) / (ONE + t * t)


@compiled(sums=True)
def forward(values: Array, layout: NDArray[np.int64], relu: bool, x: Array, hidden: Array, outputs: Array) -> None:
    """Writes the outputs (n, out) of a multilayer perceptron for inputs (n, in).

    Args:
        values: All parameters, flat.
        layout: (layers, 4): where a layer's weight (out, in) and bias (out,) begin in them, and its widths in and out.
        relu: The activation of the hidden layers, else tanh.
        x: The inputs.
        hidden: (layers, width) to compute in.
        outputs: Gets the outputs.
    """
    last = len(layout) - 1
    for row in range(len(x)):
        source = x[row]
        for number in range(last + 1):
            weight, bias, before, after = layout[number]
            target = outputs[row] if number == last else hidden[number, :after]
            for place in range(after):
                total = ZERO
                factors = values[weight + place * before : weight + (place + 1) * before]
                for index in range(before):
                    total += factors[index] * source[index]
                target[place] = total + values[bias + place]
            if number < last and relu:
                for place in range(after):
                    target[place] = max(target[place], ZERO)
            elif number < last:
                for place in range(after):
                    target[place] = tanh(target[place])
            source = target


@compiled()
def draw(outputs: Array, noise: Array, log_std: Array, low: Array, high: Array, actions: Array, clipped: Array) -> None:
    """Writes drawn actions (n, k) for means (n, k) and standard normal noise (n, k), and these clipped to the box."""
    for row in range(len(outputs)):
        for place in range(len(log_std)):
            action = outputs[row, place] + noise[row, place] * np.exp(log_std[place])
            actions[row, place] = action
            clipped[row, place] = min(max(action, low[place]), high[place])


@compiled()
def keep(
    step: int,
    observations: Array,
    actions: Array,
    noise: Array,
    all_observations: Array,
    all_actions: Array,
    all_noise: Array,
) -> None:
    """Puts a step's observations (n, …), actions (n, k) and noise (n, k) among those of a rollout: (steps, n, …)."""
    for row in range(len(observations)):
        for place in range(observations.shape[1]):
            all_observations[step, row, place] = observations[row, place]
        for place in range(actions.shape[1]):
            all_actions[step, row, place] = actions[row, place]
        for place in range(noise.shape[1]):
            all_noise[step, row, place] = noise[row, place]


@compiled()
def act(
    values: Array,
    layout: NDArray[np.int64],
    relu: bool,
    observations: Array,
    hidden: Array,
    outputs: Array,
    noise: Array,
    log_std: Array,
    low: Array,
    high: Array,
    actions: Array,
    clipped: Array,
    step: int,
    all_observations: Array,
    all_actions: Array,
    all_noise: Array,
) -> None:
    """`forward`, `draw` and `keep` in one call: for a few observations, calls cost as much as what they compute."""
    forward(values, layout, relu, observations, hidden, outputs)
    draw(outputs, noise, log_std, low, high, actions, clipped)
    keep(step, observations, actions, noise, all_observations, all_actions, all_noise)


@compiled()
def keep_results(
    step: int,
    rewards: Array,
    starts: NDArray[np.bool_],
    dones: NDArray[np.bool_],
    all_rewards: Array,
    all_starts: Array,
    alive: NDArray[np.bool_],
) -> bool:
    """Puts a step's results (n,) among those of a rollout (steps, n); whether an episode ended."""
    ended = False
    for index in range(len(rewards)):
        all_rewards[step, index] = rewards[index]
        all_starts[step, index] = starts[index]
        alive[step, index] = not dones[index]
        ended = ended or dones[index]
    return ended


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
    """The hyperbolic tangent of sums (towers, rows, width) plus bias (towers, 1, width), in place."""
    for tower in range(sums.shape[0]):
        for row in range(sums.shape[1]):
            for place in range(sums.shape[2]):
                sums[tower, row, place] = tanh(sums[tower, row, place] + bias[tower, 0, place])


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
        squares = F(0.0)
        for place in range(width):
            z = (actions[row, place] - outputs[row, place]) * precision[place]
            d_outputs[row, place] = z
            squares += z * z
        log_ratio[row] = squares * F(-0.5) - constant - log_probs[row]
        ratio[row] = np.exp(log_ratio[row])
        free = ratio[row] * weights[row]
        slope = free if free >= min(max(ratio[row], lowest), highest) * weights[row] else F(0.0)
        for place in range(width):
            z = d_outputs[row, place]
            slopes[place] += slope * (z * z - ONE)
            d_outputs[row, place] = z * precision[place] * slope
    for place in range(width):
        log_std_gradient[place] = slopes[place] - ent_coef
