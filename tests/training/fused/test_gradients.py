"""Gradients by hand against torch's autograd, over random shapes, depths, activations and coefficients."""

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st
from stable_baselines3.common.policies import ActorCriticPolicy

from tuner.training.fused.heads import make_head
from tuner.training.fused.network import Learning, Network
from tuner.training.fused.update import Samples, Settings, Updater

widths = st.lists(st.integers(1, 9), max_size=3)
actions = st.one_of(
    st.integers(1, 4).map(lambda size: spaces.Box(-1.0, 1.0, (size,), np.float32)),
    st.integers(2, 5).map(spaces.Discrete),
)
coefficients = st.floats(0.0, 2.0, width=32)


class FirstGradient(Exception):
    """Stands in for the optimizer's first step."""


class NoAdam:
    def step(self, max_grad_norm: float) -> None:
        raise FirstGradient


def make_policy(observations: int, action_space: spaces.Space[Any], arch: dict[str, list[int]], relu: bool) -> Any:
    policy = ActorCriticPolicy(
        spaces.Box(-1.0, 1.0, (observations,), np.float32),
        action_space,
        lambda _: 1e-3,
        net_arch=arch,
        activation_fn=torch.nn.ReLU if relu else torch.nn.Tanh,
        ortho_init=False,
    )
    for parameter in policy.parameters():  # away from zero biases and unit deviations
        parameter.data += 0.1 * torch.randn_like(parameter)
    return policy


def make_samples(policy: Any, rows: int, rng: np.random.Generator) -> Samples:
    """Samples of which the policy has moved away a little, so that some ratios are clipped."""
    observations = rng.standard_normal((rows, policy.observation_space.shape[0])).astype(np.float32)
    with torch.no_grad():
        drawn, values, log_probs = policy(torch.from_numpy(observations))
    noise = rng.standard_normal((3, rows)).astype(np.float32)
    return Samples(
        observations=observations,
        actions=drawn.numpy(),
        values=values.flatten().numpy() + 0.3 * noise[0],
        log_probs=log_probs.numpy() + 0.3 * noise[1],
        advantages=noise[2],
        returns=values.flatten().numpy() + rng.standard_normal(rows).astype(np.float32),
    )


def reference_loss(policy: Any, samples: Samples, settings: Settings) -> torch.Tensor:
    """PPO's loss in torch, written from the paper."""
    seen = {name: torch.from_numpy(array) for name, array in vars(samples).items()}
    values, log_probs, entropy = policy.evaluate_actions(seen["observations"], seen["actions"])
    advantages = seen["advantages"]
    if settings.normalize_advantage and len(advantages) > 1:
        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    ratio = torch.exp(log_probs - seen["log_probs"])
    clipped = torch.clamp(ratio, 1 - settings.clip_range, 1 + settings.clip_range)
    policy_loss = -torch.min(advantages * ratio, advantages * clipped).mean()
    values = values.flatten()
    if settings.clip_range_vf is not None:
        limit = settings.clip_range_vf
        values = seen["values"] + torch.clamp(values - seen["values"], -limit, limit)
    value_loss = torch.nn.functional.mse_loss(seen["returns"], values)
    loss: torch.Tensor = policy_loss - settings.ent_coef * entropy.mean() + settings.vf_coef * value_loss
    return loss


# Some kernels of matrix products raise that flag over the padding of tiny matrices; what is compared has no NaN.
@pytest.mark.filterwarnings("ignore:invalid value encountered in matmul:RuntimeWarning")
@settings(max_examples=150, deadline=None)
@given(
    observations=st.integers(1, 6),
    action_space=actions,
    pi=widths,
    vf=widths,
    alike=st.booleans(),
    relu=st.booleans(),
    rows=st.integers(1, 12),
    ent_coef=coefficients,
    vf_coef=coefficients,
    clip_range=st.sampled_from([0.1, 0.3]),
    clip_range_vf=st.sampled_from([None, 0.2]),
    normalize=st.booleans(),
    seed=st.integers(0, 10_000),
)
def test_the_first_gradient_of_an_update_is_autograds(
    observations: int,
    action_space: spaces.Space[Any],
    pi: list[int],
    vf: list[int],
    alike: bool,
    relu: bool,
    rows: int,
    ent_coef: float,
    vf_coef: float,
    clip_range: float,
    clip_range_vf: float | None,
    normalize: bool,
    seed: int,
) -> None:
    torch.manual_seed(seed)
    np.random.seed(seed)
    policy = make_policy(observations, action_space, {"pi": pi, "vf": pi if alike else vf}, relu)
    samples = make_samples(policy, rows, np.random.default_rng(seed))
    arguments = Settings(
        batch_size=rows,
        n_epochs=1,
        clip_range=clip_range,
        clip_range_vf=clip_range_vf,
        normalize_advantage=normalize,
        ent_coef=ent_coef,
        vf_coef=vf_coef,
        max_grad_norm=0.5,
        target_kl=None,
    )
    reference_loss(policy, samples, arguments).backward()  # type: ignore[no-untyped-call]
    expected = {name: parameter.grad.clone() for name, parameter in policy.named_parameters()}
    network = Network(policy)
    with pytest.raises(FirstGradient):
        Updater(network, make_head(network, action_space, 1), NoAdam()).run(samples, arguments)  # type: ignore[arg-type]
    found = network.parameters.torch_views(network.parameters.gradient)
    views = {id(tensor): view for tensor, view in zip(network.parameters.tensors, found, strict=True)}
    for name, parameter in policy.named_parameters():
        scale = 1.0 + expected[name].abs().max()
        difference = (views[id(parameter)] - expected[name]).abs().max() / scale
        assert difference < 2e-5, (name, views[id(parameter)], expected[name])


@pytest.mark.parametrize(
    "arch", [{"pi": [8, 8], "vf": [8, 8]}, {"pi": [4], "vf": [8, 3]}, {"pi": [], "vf": []}], ids=str
)
def test_forward_is_the_policys(arch: dict[str, list[int]]) -> None:
    policy = make_policy(5, spaces.Box(-1.0, 1.0, (3,), np.float32), arch, relu=False)
    x = np.random.default_rng(0).standard_normal((7, 5)).astype(np.float32)
    network = Network(policy)
    values = np.empty(7, dtype=np.float32)
    outputs = Learning(network, 7).forward(x, values)
    with torch.no_grad():
        expected = policy.get_distribution(torch.from_numpy(x)).distribution.mean.numpy()
        expected_values = policy.predict_values(torch.from_numpy(x)).numpy()[:, 0]
    np.testing.assert_allclose(outputs, expected, atol=1e-6)
    np.testing.assert_allclose(values, expected_values, atol=1e-6)
    np.testing.assert_allclose(network.values(x), expected_values, atol=1e-6)
