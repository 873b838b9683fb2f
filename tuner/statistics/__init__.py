"""What success over several seeds shows, and what it does not: pure functions of NumPy and SciPy."""
