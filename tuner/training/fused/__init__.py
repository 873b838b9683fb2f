"""PPO's arithmetic written out in NumPy: parameters, forward, gradient, Adam and the update that joins them."""
