"""Engines carry jobs to where they run: this process, processes of this machine, later a cluster."""
