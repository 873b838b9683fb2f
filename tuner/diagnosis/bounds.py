"""Where a training signal stops being healthy. What the guide numbers is marked so; the rest is this project's."""

# The guide's tip 2, what to watch while training.
KL = (0.01, 0.05)  # approx_kl
CLIPPED = (0.1, 0.3)  # clip_fraction

# The guide's tip 5, what to debug.
KL_LIMIT = 0.1  # approx_kl beyond it is a fault
OFTEN = 0.05  # share of the updates over the limit that makes a fault of a warning

# The guide's table of hyperparameters: "short episodes 0.95, long episodes 0.99".
SHORT_GAMMA, LONG_GAMMA = 0.95, 0.99
SIGHT = 4.0  # horizon over episode length, or the inverse, that is too far from 1

# The guide: "policy loss neither huge nor tiny". PPO normalises its advantages, so the loss has no unit.
POLICY_LOSS = (1e-4, 1.0)

# The guide: "the value loss falls", "the reward does not change". A change counts from these on.
MOVED = 1.0  # difference of a series' last and first quarter, in its standard deviations
FLAT = 0.01  # spread of a reward, as a share of its size, that is no change at all
FELL = 0.9  # a loss that ends under this share of its highest quarter fell
RUNAWAY = 10.0  # times its first quarter: an off-policy critic that leaves all bounds

# Stable-Baselines3's documentation of its logger: 1 is perfect, 0 no better than a constant, under 0 worse.
EXPLAINED = (0.0, 0.3)

# A spread of actions, or an entropy, that went to this share of its beginning has collapsed; over it, it exploded.
COLLAPSED, EXPLODED = 0.1, 2.0

# The user's own environment timed out in every episode.
MANY_TIMEOUTS, ALL_TIMEOUTS = 0.5, 0.95  # shares of the episodes
SOLVED = 0.9  # success from which nothing needs to rise any more
SUCCEEDS = 0.5  # success under which a rising return is suspicious
GAINED = 0.05  # of success, that counts as a rise

FEWEST = 8  # points of a series that make a trend
EVALUATIONS = 4  # that make one
