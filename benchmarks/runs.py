"""Whole runs of `tuner` and of rl_zoo3's optimiser as processes of their own, timed from first start to last end."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import yaml
from optuna.trial import TrialState

from tuner.training.importing import ONE_THREAD

COUNTED = Path(__file__).with_name("counted.py")
ENVIRONMENT = "RoArmReach-v0"
GRACE = 15.0  # s, for a process to end after SIGTERM before it is killed
CURRENT = {
    "learning_rate": 3e-4,
    "n_steps": 2048,
    "batch_size": 64,
    "n_epochs": 10,
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "clip_range": 0.2,
    "ent_coef": 0.0,
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """The steps of some processes, counted by `counted.py`, and the trials in their databases."""

    seconds: float
    training: int  # environment steps
    evaluation: int  # environment steps
    finished: int  # trials, completed or pruned
    pruned: int
    cut_off: bool  # whether the time limit ended it

    @property
    def speed(self) -> float:
        """Environment steps per second, training and evaluation."""
        return (self.training + self.evaluation) / self.seconds

    @property
    def training_speed(self) -> float:
        """Environment steps of training per second of the whole time."""
        return self.training / self.seconds

    @property
    def trials_an_hour(self) -> float:
        """Finished trials per hour."""
        return 3600 * self.finished / self.seconds


def run_tuner(
    folder: Path, studies: Sequence[Mapping[str, Any]], *, workers: int, limit: float, options: Sequence[str] = ()
) -> Run:
    """`tuner run` of one or more studies in parallel, each with a database of its own."""
    commands, databases = [], []
    for index, study in enumerate(studies):
        path = folder / f"study{index}.yaml"
        path.write_text(yaml.safe_dump(dict(study)))
        databases.append(f"sqlite:///{folder}/study{index}.db")
        words = ["tuner", "run", str(path), "--workers", str(workers), "--storage", databases[-1], *options]
        commands.append(words)
    return _run(folder, commands, databases, limit, {})


def run_packaged(folder: Path, name: str, *, limit: float, options: Sequence[str] = ()) -> Run:
    """`tuner run` of a packaged study on two workers; the database is `study.db`."""
    database = f"sqlite:///{folder}/study.db"
    command = ["tuner", "run", name, "--workers", "2", "--storage", database, *options]
    return _run(folder, [command], [database], limit, {})


def run_script(folder: Path, script: Path, *, limit: float) -> Run:
    """A script as two processes on one database `plain.db`, which it gets as its first argument."""
    database = f"sqlite:///{folder}/plain.db"
    command = ["script", str(script), database]
    return _run(folder, [command, command], [database], limit, {})


def run_zoo(
    folder: Path,
    *,
    trials: int,
    timesteps: int,
    limit: float,
    configurations: Sequence[Mapping[str, Any]] | None = None,
    options: Sequence[str] = (),
) -> Run:
    """rl_zoo3's optimiser as two processes on one SQLite database: the same command twice, as its maintainers advise.

    The database and its study are made beforehand, since two first starts at once fail.
    """
    database = f"sqlite:///{folder}/zoo.db"
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    optuna.create_study(storage=database, study_name="zoo", direction="maximize")
    settings = folder / "ppo.yml"
    settings.write_text(yaml.safe_dump({ENVIRONMENT: {"policy": "MlpPolicy", "n_timesteps": timesteps}}))
    command = ["rl_zoo3", "--algo", "ppo", "--env", ENVIRONMENT, "--gym-packages", "roarm_envs", "-optimize"]
    command += ["--storage", database, "--study-name", "zoo", "--max-total-trials", str(trials)]
    command += ["--n-timesteps", str(timesteps), "--conf-file", str(settings), "--log-folder", str(folder / "logs")]
    command += ["--no-optim-plots", "--num-threads", "1", "--device", "cpu", *options]
    given = (
        {} if configurations is None else {"CONFIGURATIONS": json.dumps([dict(values) for values in configurations])}
    )
    return _run(folder, [command, command], [database], limit, given)


def _run(
    folder: Path, commands: Sequence[Sequence[str]], databases: Sequence[str], limit: float, variables: dict[str, str]
) -> Run:
    files = [folder / f"counts{index}.json" for index in range(len(commands))]
    log = folder / "log.txt"
    with log.open("w") as said, contextlib.ExitStack() as stack:
        begun = time.perf_counter()
        processes = [
            subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, str(COUNTED), str(file), *command],
                stdout=said,
                stderr=said,
                cwd=folder,
                env={**os.environ, **ONE_THREAD, **variables},
            )
            for file, command in zip(files, commands, strict=True)
        ]
        for process in processes:
            stack.callback(_end, process)
        ended = [_ended(process, begun + limit) for process in processes]
        seconds = time.perf_counter() - begun
    cut_off = not all(ended)
    codes = [process.returncode for process in processes]
    if any(codes) and not cut_off:
        raise RuntimeError(f"exit codes {codes}:\n{log.read_text()[-3000:]}")
    counts = [json.loads(file.read_text()) for file in files if file.exists()]
    states = [trial.state for url in databases for trial in _trials(url)]
    return Run(
        seconds=seconds,
        training=sum(count["training"] for count in counts),
        evaluation=sum(count["evaluation"] for count in counts),
        finished=sum(state in (TrialState.COMPLETE, TrialState.PRUNED) for state in states),
        pruned=states.count(TrialState.PRUNED),
        cut_off=cut_off,
    )


def _trials(url: str) -> list[optuna.trial.FrozenTrial]:
    names = optuna.get_all_study_names(url)  # none if a run was cut off before it created its study
    return [trial for name in names for trial in optuna.load_study(storage=url, study_name=name).trials]


def _ended(process: "subprocess.Popen[bytes]", deadline: float) -> bool:
    try:
        process.wait(max(deadline - time.perf_counter(), 0.0))
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process that still runs, with time to write its counts."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
