"""optuna-dashboard over our studies: read-only, on loopback."""
