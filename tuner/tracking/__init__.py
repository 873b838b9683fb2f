"""Tells trackers, commands and listeners of trials that have ended; what fails there fails no trial."""
