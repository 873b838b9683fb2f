"""Training: environments, models, evaluation and callbacks. Independent of studies and databases."""
