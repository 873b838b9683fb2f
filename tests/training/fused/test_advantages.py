"""Advantages against those of Stable-Baselines3's own rollout buffer."""

import numpy as np
import torch
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st
from stable_baselines3.common.buffers import RolloutBuffer

from tuner.training.fused.fused_rollout import advantages

shares = st.floats(0.0, 1.0)


@given(steps=st.integers(1, 20), envs=st.integers(1, 4), gamma=shares, gae_lambda=shares, seed=st.integers(0, 1000))
def test_advantages_are_those_of_sb3s_buffer(steps: int, envs: int, gamma: float, gae_lambda: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    box = spaces.Box(-1.0, 1.0, (1,), np.float32)
    buffer = RolloutBuffer(steps, box, box, device="cpu", gamma=gamma, gae_lambda=gae_lambda, n_envs=envs)
    buffer.rewards, buffer.values = rng.standard_normal((2, steps, envs)).astype(np.float32)
    dones = rng.random((steps, envs)) < 0.3
    buffer.episode_starts[1:] = dones[:-1]
    last_values = rng.standard_normal(envs).astype(np.float32)
    buffer.compute_returns_and_advantage(torch.from_numpy(last_values), dones[-1])
    found = advantages(buffer.rewards, buffer.values, last_values, ~dones, gamma=gamma, gae_lambda=gae_lambda)
    np.testing.assert_allclose(found, buffer.advantages, rtol=1e-5, atol=1e-5)
