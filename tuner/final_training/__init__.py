"""Final training after tuning: from a file of hyperparameters to models with a model card."""
