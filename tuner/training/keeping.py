"""What a training for use leaves behind: at every checkpoint all that it takes to go on, or to be used, from there."""

import contextlib
import io
import json
import pickle
import random
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from tuner import seeds
from tuner.errors import ModelUnusable, StorageFailed
from tuner.records import Evaluation, Keeping, TrialJob
from tuner.training.algorithms import TRAINERS, deterministic_actor
from tuner.training.checkpoints import BEST, BEST_STATISTICS, LAST, LAST_STATISTICS, STATE, folder_of, newest
from tuner.training.curriculum import CurriculumCallback, set_difficulty
from tuner.training.evaluate import Evaluator, Predict, Result
from tuner.training.model_files import SCALED
from tuner.training.models import load_actor
from tuner.training.normalizing import scaled, statistics

REPLAY, RANDOM = "replay.pkl", "random.pkl"


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A checkpoint that training goes on from."""

    folder: Path
    evaluations: tuple[Evaluation, ...]
    resumed: tuple[int, ...]  # steps at which training went on before
    curriculum: dict[str, Any] | None

    @property
    def seconds(self) -> float:
        """Of training and evaluation before it."""
        return self.evaluations[-1].seconds

    def environment(self, env: VecEnv) -> VecEnv:
        """The environment behind the statistics of then, where there are any."""
        path = self.folder / LAST_STATISTICS
        if not path.is_file():
            return env
        return VecNormalize.load(str(path), env)

    def model(self, job: TrialJob, env: VecEnv) -> BaseAlgorithm:
        """The model as it was, its random streams included; its environments begin new episodes from other seeds.

        Raises:
            ModelUnusable: where it cannot be loaded.
        """
        algorithm = TRAINERS[job.algorithm][job.trainer]
        try:
            model = algorithm.load(self.folder / LAST, env=env, device=job.device)
            if isinstance(model, OffPolicyAlgorithm):
                model.load_replay_buffer(self.folder / REPLAY)
            states = pickle.loads((self.folder / RANDOM).read_bytes())  # noqa: S301 - our own, beside the model
        except Exception as error:
            why = " ".join(f"{type(error).__name__}: {error}".split())
            raise ModelUnusable(
                f"{self.folder}: training cannot go on from it ({why}); delete the folder to begin anew"
            ) from error
        env.seed(seeds.resumed(job.seed, model.num_timesteps))
        torch.set_rng_state(states["torch"])
        np.random.set_state(states["numpy"])
        random.setstate(states["python"])
        return model

    def restore(self, curriculum: CurriculumCallback | None, env: VecEnv) -> None:
        """Puts a curriculum where it was."""
        if curriculum is None or self.curriculum is None:
            return
        curriculum.restore(**self.curriculum)
        set_difficulty(env, curriculum.difficulty)


class Keeper:
    """Writes a folder a checkpoint, whole or not at all, and takes the one before away."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self._folder = Path(keeping.folder)
        self._evaluations: list[Evaluation] = []
        self._resumed: list[int] = []
        self._best: tuple[float, dict[str, bytes]] | None = None

    def snapshot(self) -> Snapshot | None:
        """Where training goes on, None where it begins."""
        found = newest(self._folder)
        if found is None:
            return None
        state = json.loads((found / STATE).read_text(encoding="utf-8"))
        self._evaluations = [Evaluation(**one) for one in state["evaluations"]]
        self._resumed = [*state["resumed"]]
        files = {name: (found / name).read_bytes() for name in (BEST, BEST_STATISTICS) if (found / name).is_file()}
        self._best = (max(one.score for one in self._evaluations), files)
        return Snapshot(
            folder=found,
            evaluations=tuple(self._evaluations),
            resumed=tuple(self._resumed),
            curriculum=state["curriculum"],
        )

    def going_on(self, step: int) -> None:
        """Notes that training goes on from a checkpoint, not from its beginning."""
        self._resumed.append(step)

    def keep(self, model: BaseAlgorithm, evaluation: Evaluation, curriculum: CurriculumCallback | None) -> None:
        """Writes the checkpoint of an evaluation; the best model so far is of the highest score, the last of equals.

        Raises:
            StorageFailed: where it cannot be written.
        """
        self._evaluations.append(evaluation)
        current, scaling = saved(model), _statistics(model)
        if self._best is None or evaluation.score >= self._best[0]:
            self._best = (evaluation.score, _named({BEST: current, BEST_STATISTICS: scaling}))
        files = {**_named({LAST: current, LAST_STATISTICS: scaling}), **self._best[1]}
        files[STATE] = json.dumps(self._state(curriculum), indent=1).encode()
        files[RANDOM] = pickle.dumps(
            {
                "torch": torch.get_rng_state(),
                "numpy": np.random.get_state(),
                "python": random.getstate(),
            }
        )
        with self._written():
            self._write(files, model, evaluation.step)

    def test(self, model: BaseAlgorithm, env: VecEnv, job: TrialJob) -> dict[str, Any]:
        """How the last model and the best one do on goals that nothing was chosen by."""
        evaluator = Evaluator(
            job.environment,
            objective=job.objective,
            most_goals=self._keeping.test_goals,
            milestones=job.milestones,
            first_goal=self._keeping.first_test_goal,
        )
        with contextlib.closing(evaluator):
            last = evaluator.run(scaled(deterministic_actor(model), env), self._keeping.test_goals)
            found = {"final": _told(last)}
            found["best"] = found["final"] if self._last_is_best() else self._test_best(evaluator, env)
        return found

    def resumed(self) -> list[int]:
        """The steps at which training went on from a checkpoint."""
        return list(self._resumed)

    def _last_is_best(self) -> bool:
        return self._best is not None and self._evaluations[-1].score >= self._best[0]

    def _test_best(self, evaluator: Evaluator, env: VecEnv) -> dict[str, Any]:
        assert self._best is not None  # noqa: S101 - a run has an evaluation at least
        files = self._best[1]
        act: Predict = load_actor(files[BEST], "the best model", env, files.get(BEST_STATISTICS))
        return _told(evaluator.run(act, self._keeping.test_goals))

    def _state(self, curriculum: CurriculumCallback | None) -> dict[str, Any]:
        return {
            "evaluations": [asdict(one) for one in self._evaluations],
            "resumed": self._resumed,
            "curriculum": None if curriculum is None else curriculum.state(),
        }

    def _write(self, files: dict[str, bytes], model: BaseAlgorithm, step: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        before = newest(self._folder)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".part-", ignore_cleanup_errors=True) as part:
            half = Path(part) / "checkpoint"
            half.mkdir()
            for name, content in files.items():
                (half / name).write_bytes(content)
            if isinstance(model, OffPolicyAlgorithm):
                model.save_replay_buffer(half / REPLAY)
            half.rename(folder_of(self._folder, step))
        if before is not None:
            shutil.rmtree(before, ignore_errors=True)

    @contextlib.contextmanager
    def _written(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageFailed(
                f"cannot write a checkpoint to {self._folder}: {error.strerror or error} "
                "(with the cause gone, the same command goes on)"
            ) from error


def saved(model: BaseAlgorithm) -> bytes:
    """The model as SB3 saves it; the file says whether it needs statistics."""
    buffer = io.BytesIO()
    if (env := model.get_vec_normalize_env()) is not None:
        setattr(model, SCALED, env.norm_obs)
    model.save(buffer)
    return buffer.getvalue()


def _statistics(model: BaseAlgorithm) -> bytes | None:
    env = model.get_vec_normalize_env()
    return None if env is None else statistics(env)


def _named(files: dict[str, bytes | None]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if content is not None}


def _told(result: Result) -> dict[str, Any]:
    """What a test showed, as JSON."""
    found = asdict(replace(result, seconds=round(result.seconds, 3)))
    return {"return" if name == "mean_return" else name: value for name, value in found.items()}
