"""Trials on a Ray cluster. Nothing else imports Ray."""
