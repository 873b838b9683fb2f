"""Statistics over training seeds: intervals, comparisons and verdicts, as pure functions of NumPy and SciPy."""
