"""What is taken where nobody says otherwise. Light: every command loads this."""

DEFAULT_STUDY = "reach"
ENGINES = ("processes", "inline", "ray")
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8080
PLAYED_EPISODES = 5  # of a video
COMPARED_MINUTES = 5  # of training, for each run
