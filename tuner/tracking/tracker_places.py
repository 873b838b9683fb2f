"""Where trackers write: where their own environment variables say, else beside the study's database."""

import netrc
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tuner.errors import without_passwords

WANDB_KEYS = ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE")
SECRETS = ("KEY", "TOKEN", "PASSWORD", "SECRET")  # ends of the names of variables that hold one


def mlflow_uri(folder: Path) -> str:
    """MLFLOW_TRACKING_URI, else a SQLite file in the folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{folder / 'mlflow.db'}"


def wandb_mode() -> str:
    """WANDB_MODE, else `online` where there is a key for its server, else `offline`."""
    if mode := os.environ.get("WANDB_MODE"):
        return mode
    return "online" if any(map(os.environ.get, WANDB_KEYS)) or _in_netrc() else "offline"


def wandb_folder(folder: Path) -> Path:
    """WANDB_DIR, else the folder."""
    return Path(os.environ.get("WANDB_DIR") or folder).resolve()


def _in_netrc() -> bool:
    host = urlsplit(os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai").hostname or ""
    try:
        return netrc.netrc(os.environ.get("NETRC")).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False


def without_secrets(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """The text without passwords in URLs, and without the values of variables that hold secrets."""
    for name, value in environment.items():
        if value and name.upper().endswith(SECRETS) and len(value) > 3:
            text = text.replace(value, "***")
    return without_passwords(text)
