"""What a run will take, and when it is to stop."""
