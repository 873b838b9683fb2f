"""Studies: the database, the sampler, the pruner, and the ledger of trials. The only part that knows Optuna."""
