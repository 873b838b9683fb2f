"""The tasks: what each observes, rewards and calls success."""
