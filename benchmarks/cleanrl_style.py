"""PPO in one short script over Gymnasium's SyncVectorEnv and torch, in the manner of CleanRL.

Algorithm: J. Schulman et al., "Proximal Policy Optimization Algorithms", 2017; choices of S. Huang et al., "The 37
Implementation Details of Proximal Policy Optimization", 2022. Continuous actions, no annealing, no normalisation, no
logs: what such a script does at the least.
"""

from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from torch import Tensor, nn

GAMMA, TRACE, CLIP, VALUE_WEIGHT, NORM = 0.99, 0.95, 0.2, 0.5, 0.5


def tower(inputs: int, outputs: int, gain: float) -> nn.Sequential:
    """Two hidden layers of 64 units with tanh, weights orthogonal."""
    layers: list[nn.Module] = []
    for before, after, scale in ((inputs, 64, 2**0.5), (64, 64, 2**0.5), (64, outputs, gain)):
        linear = nn.Linear(before, after)
        nn.init.orthogonal_(linear.weight, scale)
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.Tanh()]
    return nn.Sequential(*layers[:-1])


class Agent(nn.Module):
    """Actor and critic."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.actor, self.critic = tower(inputs, outputs, 0.01), tower(inputs, 1, 1.0)
        self.log_std = nn.Parameter(torch.zeros(outputs))

    def judge(self, observations: Tensor, actions: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Actions (n, k), drawn unless given, their log probabilities (n,), entropies (n,) and values (n,)."""
        spread = torch.distributions.Normal(self.actor(observations), self.log_std.exp())
        if actions is None:
            actions = spread.sample()  # type: ignore[no-untyped-call]
        log_probs: Tensor = spread.log_prob(actions).sum(1)  # type: ignore[no-untyped-call]
        entropies: Tensor = spread.entropy().sum(1)  # type: ignore[no-untyped-call]
        return actions, log_probs, entropies, self.critic(observations)[:, 0]


class Script:
    """Trains a new agent in the environment at every call of `learn`."""

    def __init__(self, environment: str, n_envs: int, n_steps: int, batch_size: int, n_epochs: int) -> None:
        make = partial(_make, environment)
        self.env = SyncVectorEnv([make] * n_envs, autoreset_mode=AutoresetMode.NEXT_STEP)
        self._n_steps, self._batch_size, self._n_epochs = n_steps, batch_size, n_epochs

    def learn(self, steps: int) -> None:
        """Rollouts and updates for so many environment steps over all environments."""
        torch.manual_seed(0)
        env, count = self.env, self.env.num_envs
        inputs, outputs = map(gym.spaces.flatdim, (env.single_observation_space, env.single_action_space))
        agent = Agent(inputs, outputs)
        optimizer = torch.optim.Adam(agent.parameters(), lr=3e-4, eps=1e-5)
        data = {
            "observations": torch.zeros(self._n_steps, count, inputs),
            "actions": torch.zeros(self._n_steps, count, outputs),
            **{name: torch.zeros(self._n_steps, count) for name in ("log_probs", "rewards", "dones", "values")},
        }
        seen, done = torch.as_tensor(env.reset(seed=0)[0]).float(), torch.zeros(count)
        for _ in range(steps // (self._n_steps * count)):
            for step in range(self._n_steps):
                data["observations"][step], data["dones"][step] = seen, done
                with torch.no_grad():
                    actions, data["log_probs"][step], _, data["values"][step] = agent.judge(seen)
                data["actions"][step] = actions
                found, rewards, ended, cut, _ = env.step(actions.numpy())
                data["rewards"][step] = torch.as_tensor(rewards)
                seen, done = torch.as_tensor(found).float(), torch.as_tensor(ended | cut).float()
            with torch.no_grad():
                last = agent.critic(seen)[:, 0]
            advantages = _advantages(data, last, done)
            self._update(agent, optimizer, data, advantages)

    def _update(self, agent: Agent, optimizer: Any, data: dict[str, Tensor], advantages: Tensor) -> None:
        flat = {name: part.flatten(0, 1) for name, part in data.items()}
        advantages, returns = advantages.flatten(), (advantages + data["values"]).flatten()
        for _ in range(self._n_epochs):
            order = np.random.permutation(len(returns))
            for start in range(0, len(returns), self._batch_size):
                rows = order[start : start + self._batch_size]
                _, log_probs, _, values = agent.judge(flat["observations"][rows], flat["actions"][rows])
                ratio = (log_probs - flat["log_probs"][rows]).exp()
                gains = advantages[rows]
                gains = (gains - gains.mean()) / (gains.std() + 1e-8)
                policy_loss = torch.max(-gains * ratio, -gains * ratio.clamp(1 - CLIP, 1 + CLIP)).mean()
                value_loss = 0.5 * (values - returns[rows]).square().mean()
                optimizer.zero_grad()
                (policy_loss + VALUE_WEIGHT * value_loss).backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(agent.parameters(), NORM)
                optimizer.step()


def _make(environment: str) -> gym.Env[Any, Any]:
    env = gym.wrappers.FlattenObservation(gym.make(environment))
    return gym.wrappers.ClipAction(gym.wrappers.RecordEpisodeStatistics(env))


def _advantages(data: dict[str, Tensor], last: Tensor, done: Tensor) -> Tensor:
    """Generalised advantages (steps, n)."""
    advantages, total = torch.zeros_like(data["rewards"]), torch.zeros_like(last)
    following, alive = last, 1.0 - done
    for step in reversed(range(len(advantages))):
        delta = data["rewards"][step] + GAMMA * following * alive - data["values"][step]
        advantages[step] = total = delta + GAMMA * TRACE * alive * total
        following, alive = data["values"][step], 1.0 - data["dones"][step]
    return advantages
