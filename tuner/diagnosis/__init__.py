"""Diagnosis of a trial from its recorded training signals: pure functions, without a learning library."""
