"""Studies: the database, the sampler, the pruner, and the writer of trials. The only part that knows Optuna."""
