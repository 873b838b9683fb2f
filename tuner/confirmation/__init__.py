"""Confirmation: retrains a study's best trials and baselines on new training seeds and evaluation episodes."""
