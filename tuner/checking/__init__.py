"""Checks of an environment before any training, from episodes of policies that do not learn."""
