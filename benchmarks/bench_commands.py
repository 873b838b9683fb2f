"""Seconds and memory of the commands that read a long study, and of the dashboard's data for its page.

    python benchmarks/bench_commands.py [--trials 10000] [--rounds 3] [--beside CHECKOUT]

The study's history is written directly into the tables (`synthetic.py`), with everything that a real trial stores.
`--beside` measures another checkout's commands on the same database in turns. Memory is the highest of the process
(Linux).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from pairs import table
from synthetic import fill

from tuner.config.load import find, load_study
from tuner.study.storage import open_to_write, parse_url
from tuner.study.stored import create, write_spec

ROOT = Path(__file__).parent.parent
COMMANDS = {
    "status": ["status", "reach"],
    "show": ["show"],
    "export": ["export", "reach", "-o", "best.yml"],
    "report": ["report", "reach", "-o", "report.html"],
}
RUN = "runpy.run_module('tuner', run_name='__main__')"
PAGE = f"runpy.run_path({str(Path(__file__).with_name('dashboard_page.py'))!r}, run_name='__main__')"

# Runs `tuner` and notes the highest memory of the process, which forking would count from its parent.
TUNER = """
import atexit, runpy
from pathlib import Path

def note():
    lines = Path("/proc/self/status").read_text().splitlines()
    Path("memory.txt").write_text(next(line.split()[1] for line in lines if line.startswith("VmHWM")))

atexit.register(note)
"""


def measure(checkout: Path, code: str, words: list[str], folder: Path) -> tuple[float, float, str]:
    """Seconds, megabytes and the output of a process that runs a checkout's code."""
    begun = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, "-c", TUNER + code, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(checkout)},
    )
    return time.perf_counter() - begun, int((folder / "memory.txt").read_text()) / 1e3, done.stdout


def main() -> None:
    """Measures every command, and the page's data, in turns."""
    options = _options()
    checkouts = {"here": ROOT, **({"beside": options.beside.resolve()} if options.beside else {})}
    found: dict[tuple[str, str], list[tuple[float, float, str]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder}/study.db"
        spec = load_study(find("studies", "reach")).model_copy(update={"baselines": {}})
        study = create(open_to_write(parse_url(url)), spec.name)
        write_spec(study, spec)
        stored = json.loads(study.user_attrs["spec"])
        del stored["environment"]["folder"]  # which checkouts of before do not know
        study.set_user_attr("spec", json.dumps(stored))
        fill(parse_url(url), study, spec, options.trials, np.random.default_rng(0))
        asked = {name: (RUN, [*words, "--storage", url]) for name, words in COMMANDS.items()}
        asked["dashboard"] = (PAGE, [url])
        for _ in range(options.rounds):
            for command, (code, words) in asked.items():
                for who, checkout in checkouts.items():
                    found[command, who].append(measure(checkout, code, words, folder))
    print(table([_row(command, who, runs) for (command, who), runs in found.items()]))


def _row(command: str, who: str, runs: list[tuple[float, float, str]]) -> dict[str, Any]:
    seconds, megabytes = np.median([run[:2] for run in runs], axis=0)
    row = {"command": command, "code": who, "s": round(seconds, 1), "MB": round(megabytes)}
    asked = [json.loads(run[2]) if command == "dashboard" else {} for run in runs]
    pages = ("megabytes", "first", "again")  # of the answer, and its seconds without Python's own start
    return row | {
        name: round(float(np.median([one[name] for one in asked])), 1) if asked[0] else None for name in pages
    }


def _options() -> argparse.Namespace:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--trials", type=int, default=10_000)
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--beside", type=Path, help="the root of another checkout")
    return made.parse_args()


if __name__ == "__main__":
    main()
