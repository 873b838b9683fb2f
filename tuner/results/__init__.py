"""What a study says, as data: trials, the best of them, health, advice, importances, the report."""
