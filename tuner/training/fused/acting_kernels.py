"""The actor's forward pass and the drawing of actions for a few observations, compiled.

The reference is `network.Acting` and `heads.GaussianHead`, with which the results agree up to rounding.
"""

import numpy as np
from numpy.typing import NDArray

from tuner.training.compiled import compiled

Array = NDArray[np.float32]

F = np.float32
ZERO, ONE, HALF_RANGE, EIGHTH = F(0.0), F(1.0), F(9.0), F(0.125)
P0, P1, P2 = F(135135.0), F(17325.0), F(378.0)
Q1, Q2, Q3 = F(62370.0), F(3150.0), F(28.0)


@compiled(sums=True)
def forward(values: Array, layout: NDArray[np.int64], relu: bool, x: Array, hidden: Array, outputs: Array) -> None:
    """Writes the outputs (n, out) of a multilayer perceptron for inputs (n, in).

    The hyperbolic tangent is Lambert's continued fraction to the seventh term for an eighth of the argument, doubled
    three times by tanh 2y = 2 tanh y / (1 + tanh² y): within 4e-7 of the value, and without a branch, so that
    processors compute several at once.

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
                    y = min(max(target[place], -HALF_RANGE), HALF_RANGE) * EIGHTH
                    s = y * y
                    t = y * (P0 + s * (P1 + s * (P2 + s))) / (P0 + s * (Q1 + s * (Q2 + s * Q3)))
                    t = (t + t) / (ONE + t * t)
                    t = (t + t) / (ONE + t * t)
                    target[place] = (t + t) / (ONE + t * t)
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
