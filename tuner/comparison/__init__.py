"""Comparing algorithms at equal wall-clock time: the runs and their measures."""
