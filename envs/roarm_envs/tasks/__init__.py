"""The tasks: start, observation, reward and success of each."""
