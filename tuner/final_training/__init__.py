"""Training for use, after the tuning: a file in, models with their card out."""
