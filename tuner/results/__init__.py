"""Results of a study as data: trials, the best of them, health, advice, importances, the report."""
