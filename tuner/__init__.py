"""Hyperparameter tuning for robot learning: PPO trials, Optuna studies, answers with their uncertainty."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("roarm-tuner")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"
