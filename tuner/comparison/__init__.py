"""Algorithms side by side for the same wall-clock: the runs, what they come to, the page. Knows no study."""
