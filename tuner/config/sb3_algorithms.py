"""The algorithms of Stable-Baselines3: their arguments and entries.

Lower bounds of arguments are those that Stable-Baselines3 2.9 itself needs; upper bounds only keep memory use and
arithmetic within reason. The PPO guide's narrower ranges are data in `search_spaces/`.
"""

from tuner.config.algorithm_entry import ACTIONS, AlgorithmEntry
from tuner.config.arguments import (
    GAMMA,
    HER,
    LEARNING_RATE,
    NETS,
    NOISE,
    NORMALIZE,
    ON_POLICY,
    REPLAY,
    STANDARD,
    UNSCALED,
    Argument,
    Automatic,
    Kind,
)

SCALING = {**UNSCALED, "clip_obs": 10.0, "clip_reward": 10.0}


PPO: dict[str, Kind] = {
    "learning_rate": LEARNING_RATE,
    "n_steps": Argument(kind=int, low=2, high=10**7),
    "batch_size": Argument(kind=int, low=2, high=10**7),
    "n_epochs": Argument(kind=int, low=1, high=10**4),
    "gamma": GAMMA,
    "gae_lambda": Argument(kind=float, low=0, high=1),
    "clip_range": Argument(kind=float, low=0, open_low=True, scheduled=True),
    "clip_range_vf": Argument(kind=float, low=0, open_low=True, optional=True, scheduled=True),
    "normalize_advantage": Argument(kind=bool),
    "ent_coef": Argument(kind=float, low=0, scheduled=True),
    "vf_coef": Argument(kind=float, low=0),
    "max_grad_norm": Argument(kind=float, low=0, open_low=True),
    "target_kl": Argument(kind=float, low=0, open_low=True, optional=True),
    **ON_POLICY,
    **NORMALIZE,
}
A2C: dict[str, Kind] = {
    **{name: PPO[name] for name in ("learning_rate", "gamma", "gae_lambda", "ent_coef", "vf_coef", "max_grad_norm")},
    "n_steps": Argument(kind=int, low=1, high=10**7),
    "normalize_advantage": Argument(kind=bool),
    "use_rms_prop": Argument(kind=bool),
    "rms_prop_eps": Argument(kind=float, low=0, open_low=True, high=1),
    **ON_POLICY,
    **NORMALIZE,
}
SAC: dict[str, Kind] = {
    **REPLAY,
    **HER,
    "ent_coef": Automatic(low=0, start=True),
    "target_entropy": Automatic(),
    "target_update_interval": Argument(kind=int, low=1, high=10**7),
    **NOISE,
    **NETS,
    **NORMALIZE,
}
TD3: dict[str, Kind] = {
    **REPLAY,
    **HER,
    "policy_delay": Argument(kind=int, low=1, high=1000),
    "target_policy_noise": Argument(kind=float, low=0, high=10),
    "target_noise_clip": Argument(kind=float, low=0, high=10),
    **NOISE,
    **NETS,
    **NORMALIZE,
}
DQN: dict[str, Kind] = {
    **REPLAY,
    **HER,
    "target_update_interval": Argument(kind=int, low=1, high=10**7),
    "exploration_fraction": Argument(kind=float, low=0, open_low=True, high=1),
    "exploration_initial_eps": Argument(kind=float, low=0, high=1),
    "exploration_final_eps": Argument(kind=float, low=0, high=1),
    "max_grad_norm": PPO["max_grad_norm"],
    **NETS,
    **NORMALIZE,
}
ACTOR_CRITIC = {"gamma": 0.99, "ent_coef": 0.0, "vf_coef": 0.5, "max_grad_norm": 0.5, "log_std_init": 0.0}
SMALL_NET = {"net_arch": [64, 64], "activation_fn": "tanh", "ortho_init": True, **SCALING}  # on-policy algorithms
REPLAYED = {
    "activation_fn": "relu",
    **SCALING,
    "buffer_size": 1_000_000,
    "learning_starts": 100,
    "gamma": 0.99,
    "gradient_steps": 1,
    "n_steps": 1,
    "replay_buffer": STANDARD,
    "n_sampled_goal": 4,
    "goal_selection_strategy": "future",
}
CONTINUOUS = {**REPLAYED, "batch_size": 256, "tau": 0.005, "train_freq": 1}
REPLAY_COSTS = ("batch_size", "train_freq", "gradient_steps", "net_arch")

SB3: dict[str, AlgorithmEntry] = {
    "ppo": AlgorithmEntry(
        model="stable_baselines3:PPO",
        mark="clip_range",
        fused="tuner.training.fused_ppo:FusedPPO",
        actions=tuple(ACTIONS),
        space="ppo_guide",
        rollout="n_steps",
        arguments=PPO,
        defaults={
            **ACTOR_CRITIC,
            "learning_rate": 3e-4,
            "n_steps": 2048,
            "batch_size": 64,
            "n_epochs": 10,
            "gae_lambda": 0.95,
            "clip_range": 0.2,
            "clip_range_vf": None,
            "normalize_advantage": True,
            "target_kl": None,
            **SMALL_NET,
        },
        costs=("batch_size", "n_epochs", "net_arch"),
        signals=(
            "approx_kl",
            "clip_fraction",
            "entropy_loss",
            "explained_variance",
            "std",  # of continuous actions
            "loss",
            "policy_gradient_loss",
            "value_loss",
        ),
    ),
    "a2c": AlgorithmEntry(
        model="stable_baselines3:A2C",
        mark="normalize_advantage",  # PPO has it as well, but is looked up first
        actions=tuple(ACTIONS),
        space="a2c_robot",
        rollout="n_steps",
        arguments=A2C,
        defaults={
            **ACTOR_CRITIC,
            "learning_rate": 7e-4,
            "n_steps": 5,
            "gae_lambda": 1.0,
            "rms_prop_eps": 1e-5,
            "use_rms_prop": True,
            "normalize_advantage": False,
            **SMALL_NET,
        },
        costs=("n_steps", "net_arch"),
        signals=("entropy_loss", "explained_variance", "std", "value_loss", "policy_loss"),
    ),
    "sac": AlgorithmEntry(
        model="stable_baselines3:SAC",
        mark="target_entropy",
        actions=("Box",),
        space="sac_robot",
        rollout="train_freq",
        off_policy=True,
        arguments=SAC,
        defaults={
            **CONTINUOUS,
            "learning_rate": 3e-4,
            "ent_coef": "auto",
            "target_entropy": "auto",
            "target_update_interval": 1,
            "net_arch": [256, 256],
        },
        costs=REPLAY_COSTS,
        signals=("actor_loss", "critic_loss", "ent_coef", "ent_coef_loss"),
    ),
    "td3": AlgorithmEntry(
        model="stable_baselines3:TD3",
        mark="policy_delay",  # DDPG is TD3 with other arguments
        actions=("Box",),
        space="td3_robot",
        rollout="train_freq",
        off_policy=True,
        arguments=TD3,
        defaults={
            **CONTINUOUS,
            "learning_rate": 1e-3,
            "policy_delay": 2,
            "target_policy_noise": 0.2,
            "target_noise_clip": 0.5,
            "net_arch": [400, 300],
        },
        starting={"noise_type": "normal", "noise_std": 0.1},  # its only exploration
        costs=REPLAY_COSTS,
        signals=("actor_loss", "critic_loss"),
    ),
    "dqn": AlgorithmEntry(
        model="stable_baselines3:DQN",
        fused="tuner.training.fused_dqn:FusedDQN",
        mark="exploration_fraction",
        actions=("Discrete",),
        space="dqn_control",
        rollout="train_freq",
        off_policy=True,
        arguments=DQN,
        defaults={
            **REPLAYED,
            "learning_rate": 1e-4,
            "batch_size": 32,
            "tau": 1.0,
            "train_freq": 4,
            "target_update_interval": 10000,
            "exploration_fraction": 0.1,
            "exploration_initial_eps": 1.0,
            "exploration_final_eps": 0.05,
            "max_grad_norm": 10,
            "net_arch": [64, 64],
        },
        costs=REPLAY_COSTS,
        signals=("loss",),
    ),
}
