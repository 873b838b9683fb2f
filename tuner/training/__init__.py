"""Training: environments, models, evaluation, and the session that runs them. Knows no study and no database."""
