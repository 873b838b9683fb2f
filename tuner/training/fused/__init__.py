"""PPO in NumPy: parameters, forward and backward passes, Adam, rollout and update."""
