"""What a training run ran on: what its digits and its seconds depend on."""

import functools
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import psutil

PACKAGES = ("roarm-tuner", "stable-baselines3", "gymnasium", "pybullet", "torch", "numpy")


def versions() -> dict[str, str]:
    """What is installed here, of what a trial's digits depend on."""
    return {name: importlib.metadata.version(name) for name in PACKAGES if _installed(name)}


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


@functools.cache
def hardware() -> dict[str, Any]:
    """The processor's name, the cores that this process may use, the memory in GB."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cpu": cpu(), "cores": cores, "memory_gb": round(psutil.virtual_memory().total / 1e9, 1)}


def cpu() -> str:
    """The processor's name as Linux tells it, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
