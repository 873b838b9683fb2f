"""Studies in the database: storage, sampler, pruner, reader and writer. Only this package imports Optuna."""

import warnings

with warnings.catch_warnings():  # tqdm warns in a notebook without widgets
    warnings.filterwarnings("ignore", "IProgress not found")
    import optuna as optuna
