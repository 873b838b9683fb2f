"""The training callback that evaluates at the checkpoints, and the recorder of the training signals."""

import itertools
import math
import time
from array import array
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from tuner.config.algorithms import ALGORITHMS
from tuner.diagnosis.bounds import KL_LIMIT
from tuner.errors import TrialDiverged
from tuner.records import Decision, Evaluation, TrialJob
from tuner.training.acting import evaluated_actor, scaled
from tuner.training.board import Board
from tuner.training.curriculum import CurriculumCallback
from tuner.training.evaluation import Evaluator
from tuner.training.keeping import CheckpointWriter, Snapshot

Report = Callable[[Evaluation], Decision]

DIVERGED_KL = 10.0  # approx_kl above which training is stopped; the PPO guide's 0.1 is only a diagnosis
CHECK_EVERY = 1024  # steps between two checks of off-policy training, which updates every few steps
POINTS = 60  # at most, of a stored series
LIMITS = {"approx_kl": KL_LIMIT}  # signals of which single updates matter, with the limit for each


def finite_parameters(model: BaseAlgorithm) -> bool:
    """Whether every parameter of the policy is a finite number."""
    return all(bool(torch.isfinite(parameter).all()) for parameter in model.policy.parameters())


class SignalRecorder:
    """Records the signals after every update, and condenses each to at most `POINTS` means over equal stretches."""

    def __init__(self) -> None:
        self._steps = array("q")
        self._values: dict[str, array[float]] = {}

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Records the signals after an update; missing and non-finite values become gaps."""
        before = len(self._steps)
        for name in values.keys() - self._values.keys():
            self._values[name] = array("d", [np.nan] * before)
        self._steps.append(step)
        for name, series in self._values.items():
            series.append(values.get(name, np.nan))

    def record(self) -> dict[str, Any] | None:
        """The recorded series as JSON; None before the first update.

        `steps` are the steps at the ends of the stretches, `signals` the mean over each (None without a value),
        `peaks` the highest value, its step and the number of updates above the PPO guide's limit.
        """
        updates = len(self._steps)
        if not updates:
            return None
        edges = np.linspace(0, updates, min(updates, POINTS) + 1).astype(int)
        series = {name: _finite(values) for name, values in sorted(self._values.items())}
        return {
            "updates": updates,
            "steps": [self._steps[edge - 1] for edge in edges[1:]],
            "signals": {name: _thinned(values, edges) for name, values in series.items()},
            "peaks": {name: peak for name in LIMITS.keys() & series.keys() if (peak := self._peak(name, series[name]))},
        }

    def _peak(self, name: str, values: NDArray[np.float64]) -> dict[str, Any] | None:
        if np.isnan(values).all():
            return None
        place = int(np.nanargmax(values))
        above = int((values[~np.isnan(values)] > LIMITS[name]).sum())
        return {"value": _short(values[place]), "step": self._steps[place], "above": above}


def episode_signals(model: BaseAlgorithm) -> dict[str, float]:
    """Mean return and length of the last hundred episodes of training, as SB3 logs them under `rollout/`."""
    episodes = model.ep_info_buffer
    if not episodes:
        return {}
    count = len(episodes)
    return {
        "ep_rew_mean": sum(float(episode["r"]) for episode in episodes) / count,
        "ep_len_mean": sum(float(episode["l"]) for episode in episodes) / count,
    }


def _finite(values: "array[float]") -> NDArray[np.float64]:
    found = np.array(values)
    found[~np.isfinite(found)] = np.nan
    return found


def _thinned(values: NDArray[np.float64], edges: NDArray[np.int_]) -> list[float | None]:
    stretches = [values[begin:end] for begin, end in itertools.pairwise(edges)]
    known = [stretch[~np.isnan(stretch)] for stretch in stretches]
    return [_short(stretch.mean()) if len(stretch) else None for stretch in known]


def _short(value: float) -> float:
    """Rounded to four significant digits: series are for plots, not for computing."""
    return float(f"{value:.4g}")


class EvaluationCallback(BaseCallback):
    """Evaluates at the checkpoints, reports to the coordinator and stops training if it says so.

    SB3 has no hook after an update, so the start of the next rollout and the end of training are used. Their return
    values are ignored by SB3, so a stop takes effect at the next environment step.
    """

    def __init__(
        self,
        job: TrialJob,
        evaluator: Evaluator,
        report: Report,
        stopped: Callable[[], bool],
        begun: float,
        recorder: SignalRecorder,
        curriculum: CurriculumCallback | None = None,
        board: Board | None = None,
        writer: CheckpointWriter | None = None,
    ) -> None:
        super().__init__()
        self.decision = Decision(go_on=True)
        self._job = job
        self._evaluator = evaluator
        self._report = report
        self._stopped = stopped
        self._begun = begun
        self._recorder = recorder
        self._curriculum = curriculum
        self._board = board
        self._writer = writer
        self._next = 0
        self._checked = 0  # step of the last check

    def resume_from(self, snapshot: Snapshot) -> None:
        """Skips the evaluations that a snapshot contains and counts the time that they took."""
        self._next = len(snapshot.evaluations)
        self._begun -= snapshot.seconds

    def continues(self) -> bool:
        """Whether training continues: no stop was decided or requested."""
        return self.decision.go_on and not self._stopped()

    def _on_rollout_start(self) -> None:
        self._after_update()

    def _on_step(self) -> bool:
        return self.continues()

    def _on_training_end(self) -> None:
        if self.continues():
            self._after_update()

    def _after_update(self) -> None:
        if self.num_timesteps == 0 or not self._check_due():
            return
        self._checked = self.num_timesteps
        health = self._health()
        self._note(health)
        self._check(health)
        while self._due():
            self._evaluate(health)

    def _check_due(self) -> bool:
        rarely = isinstance(self.model, OffPolicyAlgorithm)
        return not rarely or self._due() or self.num_timesteps >= self._checked + CHECK_EVERY

    def _due(self) -> bool:
        checkpoints = self._job.checkpoints
        reached = self._next < len(checkpoints) and self.num_timesteps >= checkpoints[self._next].step
        return reached and self.continues()

    def _health(self) -> dict[str, float]:
        values = self.model.logger.name_to_value
        signals = ALGORITHMS[self._job.algorithm].signals
        return {name: float(values[f"train/{name}"]) for name in signals if f"train/{name}" in values}

    def _note(self, health: dict[str, float]) -> None:
        episodes = episode_signals(self.model)
        self._recorder.add(self.num_timesteps, {**health, **episodes})
        if self._board is not None:
            logged = {key: float(value) for key, value in self.model.logger.name_to_value.items()}
            rollout = {f"rollout/{name}": value for name, value in episodes.items()}
            self._board.update(self.num_timesteps, {**logged, **rollout})

    def _check(self, health: dict[str, float]) -> None:
        for name, value in health.items():
            # Explained variance is NaN by definition where every return of a rollout is the same.
            if name != "explained_variance" and not math.isfinite(value):
                raise TrialDiverged(f"{name} is {value} after {self.num_timesteps} steps")
        if health.get("approx_kl", 0.0) > DIVERGED_KL:
            raise TrialDiverged(f"approx_kl is {health['approx_kl']:.3g}, over {DIVERGED_KL:g}, in one update")
        if not finite_parameters(self.model):
            raise TrialDiverged(f"a parameter of the policy is not finite after {self.num_timesteps} steps")

    def _evaluate(self, health: dict[str, float]) -> None:
        checkpoint = self._job.checkpoints[self._next]
        actor = evaluated_actor(self.model, self._job, self._job.first_goal)
        result = self._evaluator.run(scaled(actor, self.training_env), checkpoint.goals)
        evaluation = Evaluation(
            index=self._next,
            step=checkpoint.step,
            score=result.score,
            success=result.success,
            distance=result.distance,
            mean_return=result.mean_return,
            mean_length=result.mean_length,
            timeout_share=result.timeout_share,
            seconds=time.perf_counter() - self._begun,
            evaluation_seconds=result.seconds,
            health={name: value for name, value in health.items() if math.isfinite(value)},
            milestones=result.milestones,
            cut_off=result.cut_off,
            unread=result.unread,
            difficulty=None if self._curriculum is None else self._curriculum.difficulty,
        )
        self._next += 1
        if self._board is not None:
            self._board.evaluation(evaluation)
        if self._writer is not None:
            self._writer.keep(self.model, evaluation, self._curriculum)
        self.decision = self._report(evaluation)
