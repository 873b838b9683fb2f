"""Which runs finals and confirmations are made of: pure functions. Knows no database and no learning library."""
