"""Studies replayed on tables of learning curves."""
