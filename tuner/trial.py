"""One trial as a function: takes a job and a report callback, returns an outcome; independent of any study."""

import contextlib
import functools
import importlib.metadata
import os
import platform
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import VecEnv

from tuner.arithmetic import COMPILED, NUMPY, SB3
from tuner.errors import EnvironmentFailed, TrialDiverged
from tuner.records import CURVES_FAILED, SMALL_POLICY, TrialJob, TrialOutcome
from tuner.training.board import Board
from tuner.training.callbacks import TrialCallbacks
from tuner.training.compiled import COMPILES
from tuner.training.curriculum import CurriculumCallback
from tuner.training.environments import make_training_env, normalized, statistics
from tuner.training.evaluation import evaluator_of
from tuner.training.fused.fused_rollout import NotFiniteError
from tuner.training.keeping import CheckpointWriter
from tuner.training.make_model import (
    CoefficientCallback,
    arguments_seen,
    make_model,
    policy_bytes,
    replay_bytes,
    saved,
    trained_by_sb3,
)
from tuner.training.placed import ERRORS
from tuner.training.policy_history import PolicyHistory
from tuner.training.watch import EvaluationCallback, Report, SignalRecorder, finite_parameters

PACKAGES = ("roarm-tuner", "stable-baselines3", "gymnasium", "pybullet", "torch", "numpy", "numba")


def never() -> bool:
    """The default of `stopped`: only the report callback stops the trial."""
    return False


def run_trial(job: TrialJob, report: Report, stopped: Callable[[], bool] = never) -> TrialOutcome:
    """Trains one configuration.

    Divergence, an error in the environment and running out of memory become outcomes. Any other error is a bug or an
    invalid spec, and is raised.

    Args:
        job: What to train.
        report: Called with every evaluation; returns whether to continue and what to keep.
        stopped: Called at every environment step; true ends the training.
    """
    begun = time.perf_counter()
    try:
        return train(job, report, stopped)
    except TrialDiverged as error:
        return TrialOutcome(state="diverged", reason=str(error), seconds=time.perf_counter() - begun)
    except EnvironmentFailed as error:
        return TrialOutcome(state="failed", reason=str(error), seconds=time.perf_counter() - begun)
    except MemoryError as error:
        reason = f"out of memory ({error or 'no details'}): use fewer --workers, or a smaller buffer_size or net"
        return TrialOutcome(state="failed", reason=reason, seconds=time.perf_counter() - begun)


def train(job: TrialJob, report: Report, stopped: Callable[[], bool]) -> TrialOutcome:
    """Trains and evaluates until the budget is used, the report callback says stop, or `stopped` returns true.

    Raises:
        TrialDiverged: if training produced NaN or infinity.
        EnvironmentFailed: if the environment raised.
    """
    torch.set_num_threads(1)
    begun = time.perf_counter()
    with contextlib.ExitStack() as stack:
        keeper = _keeper(job, stack)
        begun_before = None if keeper is None else keeper.snapshot()
        bare = make_training_env(job.environment)
        env = normalized(bare, job.params) if begun_before is None else begun_before.environment(bare)
        stack.callback(env.close)
        most_goals = max((checkpoint.goals for checkpoint in job.checkpoints), default=1)
        evaluator = evaluator_of(job, most_goals, job.first_goal)
        stack.callback(evaluator.close)
        curriculum = _curriculum(job, env)
        model = make_model(job, env) if begun_before is None else begun_before.model(job, env)
        recorder = SignalRecorder()
        board = _board(job, stack)
        ready = time.perf_counter()
        watch = EvaluationCallback(job, evaluator, report, stopped, ready, recorder, curriculum, board, keeper)
        if begun_before is not None:
            begun_before.restore(curriculum, env)
            watch.resume_from(begun_before)
            if keeper is not None and model.num_timesteps < job.timesteps:
                keeper.note_resume(model.num_timesteps)
        coefficients, history = CoefficientCallback(job.params), PolicyHistory(job.timesteps)
        try:
            _learn(model, job, [callback for callback in (curriculum, coefficients, watch, history) if callback])
        except TrialDiverged as error:
            return _diverged(error, model, recorder, begun)
        keeps = watch.decision.keep or (watch.decision.keep_small and policy_bytes(model) <= SMALL_POLICY)
        return TrialOutcome(
            state="completed" if watch.continues() else "stopped",
            steps=model.num_timesteps,
            seconds=time.perf_counter() - begun,
            facts={
                "arguments": arguments_seen(model, list(job.params)) | coefficients.seen(),
                "trainer": "sb3" if trained_by_sb3(model) else "fused",
                "arithmetic": SB3 if trained_by_sb3(model) else COMPILED if COMPILES else NUMPY,
                "versions": versions(),
                "hardware": hardware(),
                "setup_seconds": round(ready - begun, 3),
                **_course(recorder),
                **_errors(),
                **({} if board is None or board.failure is None else {CURVES_FAILED: board.failure}),
                **({} if curriculum is None else {"curriculum": curriculum.raises}),
                **({} if (size := replay_bytes(model)) is None else {"bytes_a_transition": size}),
                **_kept(keeper, watch, model, env),
            },
            model=saved(model) if keeps else None,
            statistics=statistics(env) if keeps else None,
            earlier=history.packed() if watch.decision.keep else None,
        )


def _board(job: TrialJob, stack: contextlib.ExitStack) -> Board | None:
    if job.board is None:
        return None
    board = Board(job.board)
    stack.callback(board.close)
    return board


def _errors() -> dict[str, Any]:
    """How many episodes an error ended, and the last error; takes them out."""
    count, last = len(ERRORS), ERRORS[-1] if ERRORS else ""
    ERRORS.clear()
    return {"errors": {"episodes": count, "last": last}} if count else {}


def _course(recorder: SignalRecorder) -> dict[str, Any]:
    return {} if (record := recorder.record()) is None else {"health": record}


def _diverged(error: TrialDiverged, model: BaseAlgorithm, recorder: SignalRecorder, begun: float) -> TrialOutcome:
    """The outcome of a trial that diverged, with its training signals up to then."""
    seconds = time.perf_counter() - begun
    facts = _course(recorder)
    return TrialOutcome(state="diverged", reason=str(error), steps=model.num_timesteps, seconds=seconds, facts=facts)


def _curriculum(job: TrialJob, env: VecEnv) -> CurriculumCallback | None:
    if job.curriculum is None:
        return None
    callback = CurriculumCallback(job.curriculum)
    callback.begin(env, job.environment.id)
    return callback


def _learn(model: BaseAlgorithm, job: TrialJob, callbacks: list[BaseCallback]) -> None:
    model.set_logger(Logger(folder=None, output_formats=[]))  # SB3's own makes an empty folder in /tmp for every run
    left = job.timesteps - model.num_timesteps  # all, unless the run resumes
    if left <= 0:
        return
    try:
        model.learn(
            left,
            callback=TrialCallbacks(callbacks),
            log_interval=None,  # type: ignore[arg-type]
            reset_num_timesteps=not model.num_timesteps,
        )
    except NotFiniteError as error:
        raise TrialDiverged(str(error)) from error
    except (ValueError, EnvironmentFailed) as error:
        # Parameters that diverged surface as a ValueError of torch's distributions, or as actions that an environment
        # cannot take; anything else is a bug here or in the environment.
        if not finite_parameters(model):
            raise TrialDiverged("a parameter of the policy is not finite") from error
        if not _raised_in(error).startswith("torch.distributions"):
            raise
        raise TrialDiverged("a standard deviation of the policy's actions is out of range") from error


def _raised_in(error: BaseException) -> str:
    """The name of the module whose code raised."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return str(frames[-1].f_globals.get("__name__"))


def _keeper(job: TrialJob, stack: contextlib.ExitStack) -> CheckpointWriter | None:
    if job.keeping is None:
        return None
    keeper = CheckpointWriter(job, job.keeping)
    stack.callback(keeper.close)
    return keeper


def _kept(
    keeper: CheckpointWriter | None, watch: EvaluationCallback, model: BaseAlgorithm, env: VecEnv
) -> dict[str, Any]:
    """The results of final training."""
    return {} if keeper is None or not watch.continues() else keeper.facts(model, env)


def versions() -> dict[str, str]:
    """The installed versions of the packages that a trial's result depends on."""
    return {name: importlib.metadata.version(name) for name in PACKAGES if _installed(name)}


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


@functools.cache
def hardware() -> dict[str, Any]:
    """The CPU model, the cores that this process may use, the memory in GB."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cpu": cpu(), "cores": cores, "memory_gb": round(psutil.virtual_memory().total / 1e9, 1)}


def cpu() -> str:
    """The CPU model from /proc/cpuinfo, else the architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
