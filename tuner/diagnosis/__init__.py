"""What a trial's training signals say of its health: pure functions over recorded series, and no learning library."""
