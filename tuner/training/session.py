"""One training run with its evaluations: SB3's own `learn`, never in pieces, watched by a callback."""

import contextlib
import math
import time
from collections.abc import Callable
from typing import Any

import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from tuner.config.algorithms import ALGORITHMS
from tuner.errors import EnvironmentFailed, TrialDiverged
from tuner.records import Decision, Evaluation, TrialJob, TrialOutcome
from tuner.training.board import Board
from tuner.training.curriculum import CurriculumCallback
from tuner.training.environments import make_vec_env
from tuner.training.evaluation import Evaluator
from tuner.training.fused.rollout import NotFiniteError
from tuner.training.keeping import Keeper, Snapshot, saved
from tuner.training.machine import hardware, versions
from tuner.training.make_model import arguments_seen, deterministic_actor, make_model, replay_bytes, trained_by_sb3
from tuner.training.normalizing import normalized, scaled, statistics
from tuner.training.recorder import SignalRecorder, episode_signals
from tuner.training.schedules import CoefficientCallback

Report = Callable[[Evaluation], Decision]

DIVERGED_KL = 10.0  # an update beyond it has left the policy; the guide's 0.1 is a diagnosis, not a stop
LOOK_EVERY = 1024  # steps, where updates come every few steps and a look at every one would cost more than some
OUT_OF_RANGE = "Expected parameter "  # how torch begins its word on a distribution that is none


def train(job: TrialJob, report: Report, stopped: Callable[[], bool]) -> TrialOutcome:
    """Trains and evaluates as the job says, until its budget, a *stop*, or until `stopped`, asked at every step.

    Raises:
        TrialDiverged: where training left the finite numbers.
        EnvironmentFailed: where the environment raised.
    """
    torch.set_num_threads(1)
    begun = time.perf_counter()
    with contextlib.ExitStack() as stack:
        keeper = _keeper(job, stack)
        begun_before = None if keeper is None else keeper.snapshot()
        bare = make_vec_env(job.environment)
        env = normalized(bare, job.params) if begun_before is None else begun_before.environment(bare)
        stack.callback(env.close)
        most_goals = max((checkpoint.goals for checkpoint in job.checkpoints), default=1)
        evaluator = Evaluator(
            job.environment,
            objective=job.objective,
            most_goals=most_goals,
            milestones=job.milestones,
            first_goal=job.first_goal,
        )
        stack.callback(evaluator.close)
        curriculum = _curriculum(job, env)
        model = make_model(job, env) if begun_before is None else begun_before.model(job, env)
        recorder = SignalRecorder()
        board = _board(job, stack)
        ready = time.perf_counter()
        watch = Watch(job, evaluator, report, stopped, ready, recorder, curriculum, board, keeper)
        if begun_before is not None:
            begun_before.restore(curriculum, env)
            watch.go_on_from(begun_before)
            if keeper is not None and model.num_timesteps < job.timesteps:
                keeper.going_on(model.num_timesteps)
        coefficients = CoefficientCallback(job.params)
        try:
            _learn(model, job, [callback for callback in (curriculum, coefficients, watch) if callback])
        except TrialDiverged as error:
            return _diverged(error, model, recorder, begun)
        return TrialOutcome(
            state="completed" if watch.going_on() else "stopped",
            steps=model.num_timesteps,
            seconds=time.perf_counter() - begun,
            facts={
                "arguments": arguments_seen(model, list(job.params)) | coefficients.seen(),
                "trainer": "sb3" if trained_by_sb3(model) else "fused",
                "versions": versions(),
                "hardware": hardware(),
                "setup_seconds": round(ready - begun, 3),
                **_course(recorder),
                **({} if curriculum is None else {"curriculum": curriculum.raises}),
                **({} if (size := replay_bytes(model)) is None else {"bytes_a_transition": size}),
                **_kept(keeper, watch, model, env),
            },
            model=saved(model) if watch.decision.keep else None,
            statistics=statistics(env) if watch.decision.keep else None,
        )


def _board(job: TrialJob, stack: contextlib.ExitStack) -> Board | None:
    if job.board is None:
        return None
    board = Board(job.board)
    stack.callback(board.close)
    return board


def _course(recorder: SignalRecorder) -> dict[str, Any]:
    return {} if (record := recorder.record()) is None else {"health": record}


def _diverged(error: TrialDiverged, model: BaseAlgorithm, recorder: SignalRecorder, begun: float) -> TrialOutcome:
    """The end of a trial that left the finite numbers, with what its signals said before."""
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
    left = job.timesteps - model.num_timesteps  # all, but for a run that goes on
    if left <= 0:
        return
    try:
        model.learn(left, callback=callbacks, log_interval=None, reset_num_timesteps=not model.num_timesteps)  # type: ignore[arg-type]
    except NotFiniteError as error:
        raise TrialDiverged(str(error)) from error
    except (ValueError, EnvironmentFailed) as error:
        # Parameters that left all bounds surface as a ValueError of torch's distributions, or as actions that an
        # environment cannot take; anything else is a fault of ours, or its own.
        if not _finite_parameters(model):
            raise TrialDiverged("a parameter of the policy is not finite") from error
        if not str(error).startswith(OUT_OF_RANGE):
            raise
        raise TrialDiverged("a spread of the policy's actions is out of range") from error


def _keeper(job: TrialJob, stack: contextlib.ExitStack) -> Keeper | None:
    if job.keeping is None:
        return None
    keeper = Keeper(job, job.keeping)
    stack.callback(keeper.close)
    return keeper


def _kept(keeper: Keeper | None, watch: "Watch", model: BaseAlgorithm, env: VecEnv) -> dict[str, Any]:
    """What a training for use says at its end."""
    return {} if keeper is None or not watch.going_on() else keeper.facts(model, env)


def _finite_parameters(model: BaseAlgorithm) -> bool:
    return all(bool(torch.isfinite(parameter).all()) for parameter in model.policy.parameters())


class Watch(BaseCallback):
    """Evaluates at the checkpoints and carries the coordinator's answer back into training.

    SB3 has no hook after an update. A rollout begins right after one, and the end of training follows the last; what
    those hooks return is ignored, so a *stop* takes effect at the next environment step.
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
        keeper: Keeper | None = None,
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
        self._keeper = keeper
        self._next = 0
        self._looked = 0  # step of the last look at an algorithm that updates all the time

    def go_on_from(self, snapshot: Snapshot) -> None:
        """Takes the evaluations before as done and their time as spent."""
        self._next = len(snapshot.evaluations)
        self._begun -= snapshot.seconds

    def going_on(self) -> bool:
        """Whether nobody has said *stop*."""
        return self.decision.go_on and not self._stopped()

    def _on_rollout_start(self) -> None:
        self._after_update()

    def _on_step(self) -> bool:
        return self.going_on()

    def _on_training_end(self) -> None:
        if self.going_on():
            self._after_update()

    def _after_update(self) -> None:
        if self.num_timesteps == 0 or not self._worth_a_look():
            return
        self._looked = self.num_timesteps
        health = self._health()
        self._note(health)
        self._check(health)
        while self._due():
            self._evaluate(health)

    def _worth_a_look(self) -> bool:
        rarely = isinstance(self.model, OffPolicyAlgorithm)
        return not rarely or self._due() or self.num_timesteps >= self._looked + LOOK_EVERY

    def _due(self) -> bool:
        checkpoints = self._job.checkpoints
        reached = self._next < len(checkpoints) and self.num_timesteps >= checkpoints[self._next].step
        return reached and self.going_on()

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
        if not _finite_parameters(self.model):
            raise TrialDiverged(f"a parameter of the policy is not finite after {self.num_timesteps} steps")

    def _evaluate(self, health: dict[str, float]) -> None:
        checkpoint = self._job.checkpoints[self._next]
        result = self._evaluator.run(scaled(deterministic_actor(self.model), self.training_env), checkpoint.goals)
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
            difficulty=None if self._curriculum is None else self._curriculum.difficulty,
        )
        self._next += 1
        if self._board is not None:
            self._board.evaluation(evaluation)
        if self._keeper is not None:
            self._keeper.keep(self.model, evaluation, self._curriculum)
        self.decision = self._report(evaluation)
