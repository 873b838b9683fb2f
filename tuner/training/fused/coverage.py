"""Which models fused PPO covers; the rest is stock SB3's."""

from collections.abc import Iterator

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.torch_layers import FlattenExtractor

ACTIVATIONS = (torch.nn.Tanh, torch.nn.ReLU)


def uncovered(model: PPO) -> str | None:
    """The first reason why `model`, as it is now, is not a case for fused PPO, or None."""
    return next(_reasons(model), None)


def _reasons(model: PPO) -> Iterator[str]:
    policy = model.policy
    if type(policy) is not ActorCriticPolicy:
        yield f"the policy is {type(policy).__name__}, not MlpPolicy"
        return
    if model.use_sde:
        yield "gSDE (use_sde) explores by noise that depends on the state"
    if model.device.type != "cpu":
        yield f"the device is {model.device}, not the CPU"
    if type(model.rollout_buffer) is not RolloutBuffer:
        yield f"the rollout buffer is {type(model.rollout_buffer).__name__}"
    yield from _space_reasons(model.observation_space, model.action_space)
    yield from _network_reasons(policy)
    yield from _optimizer_reasons(policy)


def _space_reasons(observations: spaces.Space[object], actions: spaces.Space[object]) -> Iterator[str]:
    if not isinstance(observations, spaces.Box):
        yield f"the observation space is {type(observations).__name__}, not Box"
    elif is_image_space(observations):
        yield "the observations are images"
    if isinstance(actions, spaces.Box):
        if actions.dtype not in (np.float32, np.float64):
            yield f"the actions are of type {actions.dtype}"
    elif not isinstance(actions, spaces.Discrete):
        yield f"the action space is {type(actions).__name__}, neither Box nor Discrete"


def _network_reasons(policy: ActorCriticPolicy) -> Iterator[str]:
    if type(policy.features_extractor) is not FlattenExtractor:
        yield f"the features extractor is {type(policy.features_extractor).__name__}"
    if policy.activation_fn not in ACTIVATIONS:
        yield f"the activation is {policy.activation_fn.__name__}, neither Tanh nor ReLU"
    for net in (policy.mlp_extractor.policy_net, policy.mlp_extractor.value_net):
        if [type(part) for part in net] != [torch.nn.Linear, policy.activation_fn] * (len(net) // 2):
            yield "the hidden layers are not those of an MlpPolicy"
    if type(policy.action_net) is not torch.nn.Linear or type(policy.value_net) is not torch.nn.Linear:
        yield "an output layer is not linear"
    if any(part._forward_hooks or part._forward_pre_hooks for part in policy.modules()):
        yield "a layer has a forward hook"
    if any(parameter.dtype != torch.float32 or not parameter.requires_grad for parameter in policy.parameters()):
        yield "a parameter is not float32, or is frozen"


def _optimizer_reasons(policy: ActorCriticPolicy) -> Iterator[str]:
    optimizer = policy.optimizer
    if type(optimizer) is not torch.optim.Adam:
        yield f"the optimizer is {type(optimizer).__name__}, not Adam"
        return
    if any(group[name] for group in optimizer.param_groups for name in ("weight_decay", "amsgrad", "maximize")):
        yield "Adam has weight_decay, amsgrad or maximize"
    groups = [[id(parameter) for parameter in group["params"]] for group in optimizer.param_groups]
    if groups != [[id(parameter) for parameter in policy.parameters()]]:
        yield "the optimizer's parameters are not the policy's, in one group"
