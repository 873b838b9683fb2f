"""The algorithms of sb3-contrib: their arguments and entries. The package is the extra `contrib`."""

from tuner.config.algorithm_entry import ACTIONS, LSTM_POLICIES, AlgorithmEntry
from tuner.config.arguments import LSTM, QUANTILES, Argument, Kind
from tuner.config.sb3_algorithms import CONTINUOUS, PPO, REPLAY_COSTS, SAC, SB3, SMALL_NET, TD3

_ON_POLICY = SB3["ppo"]
_OFF_POLICY = SB3["sac"]
_NOT_MASKED = ("log_std_init",)  # of continuous actions, which have no masks

_TQC: dict[str, Kind] = {
    **SAC,
    "top_quantiles_to_drop_per_net": Argument(kind=int, low=0, high=1000),
    **QUANTILES,
}
_CROSSQ: dict[str, Kind] = {
    **{name: kind for name, kind in SAC.items() if name not in ("tau", "target_update_interval")},
    "policy_delay": TD3["policy_delay"],
}
_TRPO: dict[str, Kind] = {
    **{name: kind for name, kind in PPO.items() if name in ("learning_rate", "n_steps", "gamma", "gae_lambda")},
    "batch_size": PPO["batch_size"],
    "normalize_advantage": PPO["normalize_advantage"],
    "target_kl": Argument(kind=float, low=0, open_low=True),
    "n_critic_updates": Argument(kind=int, low=1, high=10**4),
    "cg_max_steps": Argument(kind=int, low=1, high=10**4),
    "cg_damping": Argument(kind=float, low=0, open_low=True),
    "line_search_shrinking_factor": Argument(kind=float, low=0, open_low=True, high=1),
    "line_search_max_iter": Argument(kind=int, low=1, high=1000),
    "sub_sampling_factor": Argument(kind=int, low=1, high=1000),
    **{name: kind for name, kind in PPO.items() if name in SMALL_NET or name == "log_std_init"},
}

SB3_CONTRIB: dict[str, AlgorithmEntry] = {
    "tqc": AlgorithmEntry(
        model="sb3_contrib:TQC",
        mark="top_quantiles_to_drop_per_net",
        policy_module="sb3_contrib.tqc",
        actions=("Box",),
        space="tqc_robot",
        rollout="train_freq",
        off_policy=True,
        arguments=_TQC,
        defaults={**_OFF_POLICY.defaults, "top_quantiles_to_drop_per_net": 2, "n_quantiles": 25},
        costs=REPLAY_COSTS,
        signals=_OFF_POLICY.signals,
    ),
    "crossq": AlgorithmEntry(
        model="sb3_contrib:CrossQ",
        mark="policy_delay",
        policy_module="sb3_contrib.crossq",
        title="CrossQ",
        actions=("Box",),
        policies={"flat": "MlpPolicy"},
        space="crossq_robot",
        rollout="train_freq",
        off_policy=True,
        arguments=_CROSSQ,
        defaults={
            **{name: value for name, value in CONTINUOUS.items() if name != "tau"},
            "learning_rate": 1e-3,
            "ent_coef": "auto",
            "target_entropy": "auto",
            "policy_delay": 3,
            "net_arch": {"pi": [256, 256], "qf": [1024, 1024]},
        },
        costs=REPLAY_COSTS,
        signals=_OFF_POLICY.signals,
    ),
    "trpo": AlgorithmEntry(
        model="sb3_contrib:TRPO",
        mark="cg_max_steps",  # its policies are Stable-Baselines3's
        actions=tuple(ACTIONS),
        space="trpo_robot",
        rollout="n_steps",
        arguments=_TRPO,
        defaults={
            "learning_rate": 1e-3,
            "n_steps": 2048,
            "batch_size": 128,
            "gamma": 0.99,
            "gae_lambda": 0.95,
            "normalize_advantage": True,
            "target_kl": 0.01,
            "n_critic_updates": 10,
            "cg_max_steps": 15,
            "cg_damping": 0.1,
            "line_search_shrinking_factor": 0.8,
            "line_search_max_iter": 10,
            "sub_sampling_factor": 1,
            "log_std_init": 0.0,
            **SMALL_NET,
        },
        costs=("batch_size", "n_critic_updates", "net_arch"),
        signals=("kl_divergence_loss", "explained_variance", "std", "value_loss", "policy_objective"),
    ),
    "recurrent_ppo": AlgorithmEntry(
        model="sb3_contrib:RecurrentPPO",
        mark="clip_range",
        policy_module="sb3_contrib.common.recurrent",
        title="RecurrentPPO",
        zoo="ppo_lstm",
        actions=tuple(ACTIONS),
        policies=LSTM_POLICIES,
        space="recurrent_ppo",
        rollout="n_steps",
        arguments={**PPO, **LSTM},
        defaults={
            **_ON_POLICY.defaults,
            "n_steps": 128,
            "batch_size": 128,
            "lstm_hidden_size": 256,
            "n_lstm_layers": 1,
            "shared_lstm": False,
            "enable_critic_lstm": True,
        },
        costs=("n_epochs", "lstm_hidden_size", "net_arch"),
        signals=_ON_POLICY.signals,
    ),
    "maskable_ppo": AlgorithmEntry(
        model="sb3_contrib:MaskablePPO",
        mark="clip_range",
        policy_module="sb3_contrib.common.maskable",
        title="MaskablePPO",
        zoo=None,
        masked=True,
        actions=("Discrete", "MultiDiscrete", "MultiBinary"),
        space="maskable_ppo",
        rollout="n_steps",
        arguments={name: kind for name, kind in PPO.items() if name not in _NOT_MASKED},
        defaults={name: value for name, value in _ON_POLICY.defaults.items() if name not in _NOT_MASKED},
        costs=_ON_POLICY.costs,
        signals=tuple(signal for signal in _ON_POLICY.signals if signal != "std"),
    ),
}
