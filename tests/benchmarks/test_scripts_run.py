"""Benchmarks that no other test runs, typed as their pages name them, from the checkout's folder."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("script", "options", "rows"),
    [
        ("bench_commands.py", "--trials 20 --rounds 1", ("status", "show", "export", "report", "dashboard")),
        ("bench_start.py", "--rounds 1 --workers 1", ("1",)),
        ("bench_gradient_step.py", "--quick", ("SAC", "TD3", "DQN", "algorithm", "SAC", "TD3", "DQN")),
        ("bench_trial.py", "--quick --others --env Pendulum-v1", ("Pendulum-v1",) * 9),
    ],
)
def test_a_benchmark_prints_its_rows(script: str, options: str, rows: tuple[str, ...]) -> None:
    command = [sys.executable, f"benchmarks/{script}", *options.split()]
    path = os.pathsep.join(map(str, (ROOT, ROOT / "envs")))
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path}
    )
    assert done.returncode == 0, done.stderr
    assert tuple(line.split()[0] for line in done.stdout.splitlines()[1:] if line) == rows
