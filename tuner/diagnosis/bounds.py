"""Bounds of healthy training signals. Those of the PPO guide (docs/reference/guide.md) are marked; others are ours."""

# The PPO guide's tip 2, what to watch while training.
KL = (0.01, 0.05)  # approx_kl
CLIPPED = (0.1, 0.3)  # clip_fraction

# The PPO guide's tip 5, what to debug.
KL_LIMIT = 0.1  # approx_kl must stay below it
OFTEN = 0.05  # share of the updates over the limit from which it is wrong, no mere warning

# The PPO guide's table of hyperparameters: "short episodes 0.95, long episodes 0.99".
SHORT_GAMMA, LONG_GAMMA = 0.95, 0.99
SIGHT = 4.0  # ratio of horizon and episode length, either way, from which they do not fit

# The PPO guide: "policy loss neither huge nor tiny". PPO normalises its advantages, so the loss has no unit.
POLICY_LOSS = (1e-4, 1.0)

# The PPO guide: "the value loss falls", "the reward does not change". The sizes from which a change counts:
MOVED = 1.0  # difference of a series' last and first quarter, in its standard deviations
FLAT = 0.01  # spread of a reward, as a share of its size, up to which it does not change
FELL = 0.9  # a loss fell if it ends under this share of its highest quarter
RUNAWAY = 10.0  # times its first quarter, from which the loss of an off-policy critic diverges

# Documentation of Stable-Baselines3's logger: 1 is perfect, 0 no better than a constant, under 0 worse.
EXPLAINED = (-0.05, 0.3)  # 0, less what is noise about it

# The last over the first spread of actions, or entropy: below the one it collapsed, above the other it exploded.
COLLAPSED, EXPLODED = 0.1, 2.0

MANY_TIMEOUTS, ALL_TIMEOUTS = 0.5, 0.95  # shares of the episodes that are too many
WORKS = 0.75  # success rate from which a training signal alone is no reason to change anything
TOLERANCE = 0.05  # share of a bound by which a mean may miss it
SOLVED = 0.9  # success rate from which nothing needs to rise any more
APART = 0.5  # share of the larger return by which an evaluation may fall short of training
SUCCEEDS = 0.5  # success rate under which a rising return is suspicious
GAINED = 0.05  # of the success rate, that counts as a rise

FEWEST = 8  # points that a series must have to show a trend
EVALUATIONS = 4  # the same for evaluations
