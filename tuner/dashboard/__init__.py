"""optuna-dashboard for the stored studies; by default read-only and on loopback."""
