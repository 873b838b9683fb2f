"""The policy at shares of a training, copied beside it, for videos of how it was learned."""

import io
import tarfile
from typing import Any

import torch
from stable_baselines3.common.callbacks import BaseCallback

from tuner.training.environments import statistics
from tuner.training.make_model import policy_bytes
from tuner.training.model_files import POLICY_AT, SHARES, STATISTICS_AT

LARGEST = 4_000_000  # bytes of a policy's parameters; nothing is copied of a larger one


class PolicyHistory(BaseCallback):
    """Copies the parameters before the first rollout, and before the first after each of the shares.

    A copy takes no random numbers and is not written anywhere: only what is kept with the model is packed.
    """

    at_steps = False

    def __init__(self, timesteps: int) -> None:
        super().__init__()
        self._timesteps = timesteps
        self._copies: dict[str, Any] = {}  # by file name: parameters, or VecNormalize statistics as bytes

    def _on_rollout_start(self) -> None:
        for share in SHARES:
            if (
                POLICY_AT.format(share) not in self._copies
                and 100 * self.model.num_timesteps >= share * self._timesteps
            ):
                self._copy(share)

    def _copy(self, share: int) -> None:
        if policy_bytes(self.model) > LARGEST:
            return
        found = self.model.policy.state_dict()
        self._copies[POLICY_AT.format(share)] = {name: tensor.detach().cpu().clone() for name, tensor in found.items()}
        if (scaling := statistics(self.training_env)) is not None:
            self._copies[STATISTICS_AT.format(share)] = scaling

    def _on_step(self) -> bool:
        return True

    def packed(self) -> bytes | None:
        """The copies as a tar; None where the policy is too large."""
        if not self._copies:
            return None
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, copy in self._copies.items():
                content = copy if isinstance(copy, bytes) else _as_file(copy)
                about = tarfile.TarInfo(name)
                about.size = len(content)
                archive.addfile(about, io.BytesIO(content))
        return packed.getvalue()


def _as_file(parameters: dict[str, torch.Tensor]) -> bytes:
    """As `policy.pth` in a zip of Stable-Baselines3."""
    file = io.BytesIO()
    torch.save(parameters, file)
    return file.getvalue()
