"""TensorBoard logs of a trial, written by Stable-Baselines3's TensorBoardOutputFormat under SB3's own keys."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from stable_baselines3.common.logger import TensorBoardOutputFormat

from tuner.records import Evaluation

EVENTS = "events.out.tfevents.*"  # names of TensorBoard's files


class Board:
    """The TensorBoard folder of one trial. Files from an earlier trial with the same number are replaced.

    Where it cannot be written to, `failure` says why, nothing more is written, and the trial goes on.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._format: TensorBoardOutputFormat | None = None
        self.failure: str | None = None
        with self._errors():
            Path(folder).mkdir(parents=True, exist_ok=True)
            for old in Path(folder).glob(EVENTS):
                old.unlink()
            self._format = TensorBoardOutputFormat(folder)

    def update(self, step: int, values: Mapping[str, float]) -> None:
        """Writes the values that training logged after an update, under the logger's own keys."""
        self._write(step, dict(values))

    def evaluation(self, evaluation: Evaluation) -> None:
        """Writes an evaluation under the keys of SB3's EvalCallback, plus its score and milestones."""
        values = {
            "eval/mean_reward": evaluation.mean_return,
            "eval/mean_ep_length": evaluation.mean_length,
            "eval/success_rate": evaluation.success,
            "eval/score": evaluation.score,
            **{f"eval/{name}": share for name, share in evaluation.milestones.items()},
        }
        self._write(evaluation.step, {name: value for name, value in values.items() if value is not None})

    def close(self) -> None:
        """Flushes and closes the file."""
        with self._errors():
            if self._format is not None:
                self._format.close()

    def _write(self, step: int, values: Mapping[str, float]) -> None:
        with self._errors():
            if self._format is not None and self.failure is None:
                self._format.write(dict(values), dict.fromkeys(values, ()), step)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failure = self.failure or f"cannot write to {self._folder}: {error.strerror or error}"
