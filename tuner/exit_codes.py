"""Exit codes of the command line beyond those of errors (`tuner.errors`)."""

INTERRUPTED = 130  # Ctrl-C
TERMINATED = 143  # SIGTERM
UNEXPECTED = 3  # an internal error
