"""Studies: the database, the sampler, the pruner, and the writer of trials. The only part that knows Optuna."""

import warnings

with warnings.catch_warnings():  # in a notebook without widgets tqdm warns of bars that nobody draws
    warnings.filterwarnings("ignore", "IProgress not found")
    import optuna as optuna
