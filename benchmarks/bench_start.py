"""Worker processes until they are ready for a trial of the study `reach`: forked from a server, and spawned.

    python benchmarks/bench_start.py [--rounds 5] [--workers 2 8]

Each round starts as many workers both ways, in a process of their own, which counts in. The memory is what a worker
holds for itself alone, its unique set size.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psutil
from pairs import table

CODE = "import sys; from bench_start import measure; measure(int(sys.argv[1]), sys.argv[2] == 'forked')"
WAYS = ("forked", "spawned")
HERE = Path(__file__).parent


def measure(workers: int, forked: bool) -> None:
    """Prints the seconds until every worker is ready, and the megabytes of each."""
    begun = time.perf_counter()
    from tuner.engines.processes import ProcessEngine
    from tuner.records import EnvironmentRef
    from tuner.training import starting

    starting.FORKED = forked
    engine = ProcessEngine(workers, EnvironmentRef(id="roarm_envs:RoArmReach-v0"))
    engine.prepare(workers)
    for worker in engine._pool:
        worker.child.pipe.recv()
    seconds = time.perf_counter() - begun
    own = [psutil.Process(worker.child.pid).memory_full_info().uss / 1e6 for worker in engine._pool]
    engine.stop()
    print(json.dumps([seconds, statistics.median(own)]))


def main() -> None:
    """Prints the medians, and those of the ratios of each round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 8])
    options = parser.parse_args()
    rows = []
    for workers in options.workers:
        found: dict[str, list[list[float]]] = {way: [] for way in WAYS}
        for _ in range(options.rounds):
            for way in WAYS:
                command = [sys.executable, "-c", CODE, str(workers), way]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=HERE)  # noqa: S603 - this file's own
                found[way].append(json.loads(done.stdout))
        pairs = zip(found["spawned"], found["forked"], strict=True)
        ratios = [spawned[0] / forked[0] for spawned, forked in pairs]
        row = {"workers": str(workers)}
        for way in WAYS:
            seconds, megabytes = (statistics.median(column) for column in zip(*found[way], strict=True))
            row |= {f"{way}, s": f"{seconds:.1f}", f"{way}, MB each": f"{megabytes:.0f}"}
        rows.append(
            {**row, "times as fast": f"{statistics.median(ratios):.1f} ({min(ratios):.1f} … {max(ratios):.1f})"}
        )
    print(table(rows))


if __name__ == "__main__":
    main()
