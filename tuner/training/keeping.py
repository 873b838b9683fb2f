"""Checkpoints of a final training: written so that training can resume from them and the model can be used."""

import contextlib
import hashlib
import json
import pickle
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from tuner import seeds
from tuner.errors import ModelUnusable, StorageFailed
from tuner.record_type import Record
from tuner.records import Evaluation, Keeping, TrialJob
from tuner.training.acting import Predict, evaluated_actor, scaled
from tuner.training.curriculum import CurriculumCallback
from tuner.training.environments import set_difficulty, statistics
from tuner.training.evaluation import Evaluator, Result, evaluator_of
from tuner.training.load_model import load_actor
from tuner.training.make_model import model_class, saved
from tuner.training.model_files import BEST, BEST_STATISTICS, LAST, LAST_STATISTICS, STATE, folder_of, newest
from tuner.training.streams import set_streams, streams

REPLAY, RANDOM = "replay.pkl", "random.pkl"
PART = ".part-"


class Snapshot(Record):
    """A checkpoint from which training resumes."""

    folder: Path
    evaluations: tuple[Evaluation, ...]
    resumed: tuple[int, ...]  # steps at which training was resumed before
    curriculum: dict[str, Any] | None

    @property
    def seconds(self) -> float:
        """Seconds of training and evaluation up to the checkpoint."""
        return self.evaluations[-1].seconds

    def environment(self, env: VecEnv) -> VecEnv:
        """The environment wrapped in the checkpoint's VecNormalize, if it has one."""
        path = self.folder / LAST_STATISTICS
        if not path.is_file():
            return env
        return VecNormalize.load(str(path), env)

    def model(self, job: TrialJob, env: VecEnv) -> BaseAlgorithm:
        """The model with its optimizer and random states; its environments start new episodes from other seeds.

        Raises:
            ModelUnusable: if it cannot be loaded.
        """
        algorithm = model_class(job.algorithm, job.trainer)
        try:
            model = algorithm.load(self.folder / LAST, env=env, device=job.device)
            if isinstance(model, OffPolicyAlgorithm):
                model.load_replay_buffer(self.folder / REPLAY)
            before = pickle.loads((self.folder / RANDOM).read_bytes())  # noqa: S301 - our own file
        except Exception as error:
            why = " ".join(f"{type(error).__name__}: {error}".split())
            raise ModelUnusable(
                f"{self.folder}: training cannot resume from it ({why}); delete the folder to start over"
            ) from error
        env.seed(seeds.resumed(job.seed, model.num_timesteps))
        set_streams(before)
        return model

    def restore(self, curriculum: CurriculumCallback | None, env: VecEnv) -> None:
        """Restores a curriculum's state and difficulty."""
        if curriculum is None or self.curriculum is None:
            return
        curriculum.restore(**self.curriculum)
        set_difficulty(env, curriculum.difficulty)


class CheckpointWriter:
    """Writes each checkpoint as a folder, atomically, and removes the previous one."""

    def __init__(self, job: TrialJob, keeping: Keeping) -> None:
        self._job = job
        self._keeping = keeping
        self._folder = Path(keeping.folder)
        self._evaluations: list[Evaluation] = []
        self._resumed: list[int] = []
        self._scores: list[float] = []  # of each checkpoint, on the episodes that choose the best
        self._best: dict[str, bytes] = {}  # the files of the best model so far
        self._chooser: Evaluator | None = None

    def snapshot(self) -> Snapshot | None:
        """The checkpoint to resume from, None if there is none. Removes half-written ones of a killed run.

        Raises:
            ModelUnusable: if a file of it is not what was written.
        """
        for half in self._folder.glob(f"{PART}*"):
            shutil.rmtree(half, ignore_errors=True)
        found = newest(self._folder)
        if found is None:
            return None
        state = json.loads((found / STATE).read_text(encoding="utf-8"))
        known = state.get("sha256", {})  # earlier versions stored none
        for name in {*known, *(file.name for file in found.iterdir() if known)} - {STATE}:
            if not (found / name).is_file() or _digest(found / name) != known.get(name):
                raise ModelUnusable(
                    f"{found / name}: is not what the training stored (its SHA-256 is another), and loading it could "
                    f"run code; restore it, or delete {found} to start over"
                )
        self._evaluations = [Evaluation(**one) for one in state["evaluations"]]
        self._resumed, self._scores = [*state["resumed"]], [*state["scores"]]
        self._best = {name: (found / name).read_bytes() for name in (BEST, BEST_STATISTICS) if (found / name).is_file()}
        return Snapshot(
            folder=found,
            evaluations=tuple(self._evaluations),
            resumed=tuple(self._resumed),
            curriculum=state["curriculum"],
        )

    def note_resume(self, step: int) -> None:
        """Records that training resumes from a checkpoint at `step`."""
        self._resumed.append(step)

    def keep(self, model: BaseAlgorithm, evaluation: Evaluation, curriculum: CurriculumCallback | None) -> None:
        """Writes the checkpoint of an evaluation. The best model so far has the highest score, the latest if tied.

        Raises:
            StorageFailed: if it cannot be written.
        """
        before = streams()
        self._evaluations.append(evaluation)
        self._scores.append(self._score(model, evaluation))
        current, scaling = saved(model), _statistics(model)
        if self._last_is_best():
            self._best = _named({BEST: current, BEST_STATISTICS: scaling})
        files = {**_named({LAST: current, LAST_STATISTICS: scaling}), **self._best}
        files[RANDOM] = pickle.dumps(before)
        with self._written():
            self._write(files, model, evaluation.step, self._state(curriculum))
        set_streams(before)  # so that the evaluation here does not change the training

    def _score(self, model: BaseAlgorithm, evaluation: Evaluation) -> float:
        """The score on the episodes that choose the best model: the evaluation's own, or separate ones."""
        if self._job.first_goal == self._keeping.first_goal:
            return evaluation.score
        if self._chooser is None:
            self._chooser = self._evaluator(self._keeping.goals, self._keeping.first_goal)
        env = model.get_env()
        assert env is not None  # noqa: S101 - a model in training has one
        actor = evaluated_actor(model, self._job, self._keeping.first_goal)
        return self._chooser.run(scaled(actor, env), self._keeping.goals).score

    def close(self) -> None:
        """Closes the environments of evaluations."""
        if self._chooser is not None:
            self._chooser.close()

    def _evaluator(self, goals: int, first: int) -> Evaluator:
        return evaluator_of(self._job, goals, first)

    def facts(self, model: BaseAlgorithm, env: VecEnv) -> dict[str, Any]:
        """The facts of a finished run: its tests, its best checkpoint, and the steps at which it was resumed."""
        best = max(range(len(self._scores)), key=lambda place: (self._scores[place], place))
        return {
            "tests": self._test(model, env),
            "best_step": self._evaluations[best].step,
            "choice": self._scores,
            "resumed": self._resumed,
        }

    def _test(self, model: BaseAlgorithm, env: VecEnv) -> dict[str, Any]:
        """Test results of the last and the best model, on evaluation episodes that were not used to choose it."""
        goals = self._keeping.test_goals
        with contextlib.closing(self._evaluator(goals, self._keeping.first_test_goal)) as evaluator:
            actor = evaluated_actor(model, self._job, self._keeping.first_test_goal)
            last = _as_json(evaluator.run(scaled(actor, env), goals))
            if self._last_is_best():
                return {"final": last, "best": last}
            draw = self._keeping.first_test_goal if self._job.stochastic else None
            act: Predict = load_actor(
                self._best[BEST], "the best model", env, self._best.get(BEST_STATISTICS), draw=draw
            )
            return {"final": last, "best": _as_json(evaluator.run(act, goals))}

    def _last_is_best(self) -> bool:
        return self._scores[-1] >= max(self._scores)

    def _state(self, curriculum: CurriculumCallback | None) -> dict[str, Any]:
        return {
            "evaluations": [asdict(one) for one in self._evaluations],
            "resumed": self._resumed,
            "scores": self._scores,
            "curriculum": None if curriculum is None else curriculum.state(),
        }

    def _write(self, files: dict[str, bytes], model: BaseAlgorithm, step: int, state: dict[str, Any]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        before = newest(self._folder)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=PART, ignore_cleanup_errors=True) as part:
            half = Path(part) / "checkpoint"
            half.mkdir()
            for name, content in files.items():
                (half / name).write_bytes(content)
            if isinstance(model, OffPolicyAlgorithm):
                model.save_replay_buffer(half / REPLAY)
            state["sha256"] = {file.name: _digest(file) for file in sorted(half.iterdir())}
            (half / STATE).write_text(json.dumps(state, indent=1), encoding="utf-8")
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
                "(fix the cause, then rerun to resume)"
            ) from error


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _statistics(model: BaseAlgorithm) -> bytes | None:
    env = model.get_vec_normalize_env()
    return None if env is None else statistics(env)


def _named(files: dict[str, bytes | None]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if content is not None}


def _as_json(result: Result) -> dict[str, Any]:
    """A test result as JSON."""
    found = asdict(replace(result, seconds=round(result.seconds, 3)))
    return {"return" if name == "mean_return" else name: value for name, value in found.items()}
