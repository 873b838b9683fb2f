"""Plans the runs of a confirmation: pure functions without a database or a learning library."""
