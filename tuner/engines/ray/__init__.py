"""Trials on a Ray cluster. Nothing else imports Ray, and before it is imported the variables are set that it reads."""

import os
from pathlib import Path

TOKEN = Path("~/.ray/auth_token")  # where Ray keeps it

os.environ.setdefault("RAY_RUNTIME_ENV_IGNORE_GITIGNORE", "1")  # an environment may need what its project does not keep
if "RAY_AUTH_TOKEN" in os.environ or "RAY_AUTH_TOKEN_PATH" in os.environ or TOKEN.expanduser().is_file():
    os.environ.setdefault("RAY_AUTH_MODE", "token")  # also where the address is typed; clusters without do not mind
