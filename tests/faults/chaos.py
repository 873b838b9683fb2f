"""Fault injection: kills processes of a run at random for some minutes, then checks that no result was lost.

Trials of the packaged study `smoke` run meanwhile: workers, the coordinator or all are killed, stopped and continued,
terminated, or sent Ctrl-C. After each fault the same command runs again, and every finished value must still be in the
database. At the end the study runs to a number of trials, and is audited.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import optuna
import psutil
from audit import FINISHED, audit

STUDY = "smoke"
MANY = 100_000  # trials: more than any run of this will finish
MORE = 4  # trials that the last, undisturbed run has to do
LIMIT = 600  # s, for that run


def command(options: argparse.Namespace, trials: int) -> list[str]:
    """The command that is run repeatedly."""
    run = [sys.executable, "-m", "tuner", "run", STUDY, "--trials", str(trials), "--workers", str(options.workers)]
    return [*run, "--engine", options.engine, "--storage", options.storage, "--sampler", "random", "--skip-check"]


def begin(options: argparse.Namespace, log: Path) -> subprocess.Popen[bytes]:
    """Starts it in a new session."""
    with log.open("ab") as file:
        return subprocess.Popen(command(options, MANY), stdout=file, stderr=file, start_new_session=True)


def family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """All its descendants."""
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def send(processes: list[psutil.Process], number: int) -> None:
    """Sends a signal to those that are still there."""
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def inject(process: subprocess.Popen[bytes], draw: random.Random) -> str:
    """Injects one fault; returns its name."""
    fault = draw.choice(["worker", "worker", "coordinator", "everything", "stop", "SIGTERM", "SIGINT"])
    children = family(process)
    everything = [*children, psutil.Process(process.pid)]
    if fault == "worker" and children:
        send([draw.choice(children)], signal.SIGKILL)
    elif fault == "coordinator":
        process.kill()
    elif fault == "everything":
        send(everything, signal.SIGKILL)
    elif fault == "stop":
        send(everything, signal.SIGSTOP)
        time.sleep(draw.uniform(1, 5))
        send(everything, signal.SIGCONT)
    elif fault in ("SIGTERM", "SIGINT"):
        process.send_signal(getattr(signal, fault))
    return fault


def finished(storage: str) -> dict[int, float | None]:
    """The values so far, by number."""
    if STUDY not in optuna.get_all_study_names(storage):
        return {}
    trials = optuna.load_study(storage=storage, study_name=STUDY).get_trials(deepcopy=False, states=FINISHED)
    return {trial.number: trial.value for trial in trials}


def inject_faults(options: argparse.Namespace, log: Path) -> tuple[Counter[str], dict[int, float | None]]:
    """Injects faults until the time is over; returns their counts, and the finished values."""
    draw = random.Random(options.seed)  # noqa: S311
    faults: Counter[str] = Counter()
    values: dict[int, float | None] = {}
    end = time.monotonic() + options.minutes * 60
    process = begin(options, log)
    while time.monotonic() < end:
        time.sleep(draw.uniform(2, 15))
        if process.poll() is None:
            faults[inject(process, draw)] += 1
        time.sleep(0.5)
        if process.poll() is not None:
            values = kept(values, finished(options.storage))
            process = begin(options, log)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.wait(timeout=LIMIT)
    return faults, kept(values, finished(options.storage))


def kept(before: dict[int, float | None], now: dict[int, float | None]) -> dict[int, float | None]:
    """The values now, after checking that they include all earlier ones."""
    lost = {number: value for number, value in before.items() if now.get(number, "nothing") != value}
    assert not lost, f"finished values are gone or changed: {lost}"
    return now


def main() -> None:
    """Injects faults, finishes the study, audits it."""
    options = arguments()
    log = Path(tempfile.mkdtemp(prefix="chaos-")) / "log"
    options.storage = options.storage or f"sqlite:///{log.parent / 'chaos.db'}"
    print(f"Log: {log}", flush=True)
    faults, values = inject_faults(options, log)
    target = len(values) + MORE
    last = subprocess.run(command(options, target), capture_output=True, text=True, timeout=LIMIT)
    assert last.returncode == 0, last.stderr
    found = audit(options.storage, STUDY, target)
    kept(values, found.values)
    left = [p.pid for p in psutil.process_iter(["cmdline"]) if options.storage in (p.info["cmdline"] or [])]
    assert not left, f"processes {left} are left"
    print(json.dumps({"faults": dict(faults), "finished": target, "states": found.states, "minutes": options.minutes}))


def arguments() -> argparse.Namespace:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--minutes", type=float, default=10.0, metavar="M", help="default: %(default)s")
    made.add_argument("--engine", default="processes", help="default: %(default)s")
    made.add_argument("--workers", type=int, default=2, metavar="W", help="default: %(default)s")
    made.add_argument("--storage", metavar="URL", help="default: an SQLite file in a temporary folder")
    made.add_argument("--seed", type=int, default=0, metavar="S", help="of the faults; default: %(default)s")
    return made.parse_args()


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    main()
