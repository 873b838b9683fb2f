"""Model files: their names, the folders of checkpoints, and what a model's zip tells without loading the model."""

import io
import json
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

from tuner.config.algorithm_entry import AlgorithmEntry
from tuner.config.algorithms import ALGORITHMS, title
from tuner.errors import ModelUnusable
from tuner.record_type import Record

OTHERS = ("sb3_contrib.", "sbx.")  # packages whose models have the same marks as Stable-Baselines3's
LARGEST = 1_000_000_000  # bytes of a model, unpacked
SCALED = "observations_scaled"  # our own attribute of models: true if trained on VecNormalize's observations


def algorithm_of(content: bytes, label: str) -> str:
    """The name of the algorithm that saved the file.

    Raises:
        ModelUnusable: if the file is not a zip, not Stable-Baselines3's, damaged, or of an unsupported algorithm.
    """
    data = _data(content, label)
    policy = data.get("policy_class")
    module = str(policy.get("__module__", "")) if isinstance(policy, dict) else ""
    found = next((name for name in IN_ORDER if _saved_by(ALGORITHMS[name], data, module)), None)
    if found is None:
        of = f" (its policy is of {module})" if module else ""
        known = ", ".join(sorted(map(title, ALGORITHMS)))
        raise ModelUnusable(f"{label}: of an unknown algorithm{of}; it must be one of {known}")
    return found


IN_ORDER = sorted(ALGORITHMS, key=lambda name: not ALGORITHMS[name].contrib)  # theirs have the marks of SB3's as well


def _saved_by(entry: AlgorithmEntry, data: dict[str, Any], module: str) -> bool:
    own = module.startswith(entry.policy_module) if entry.policy_module else not module.startswith(OTHERS)
    return entry.mark in data and own


def needs_statistics(content: bytes, label: str) -> bool:
    """Whether the file records that the model needs scaled observations; only files written by tuner do.

    Raises:
        ModelUnusable: as `algorithm_of`.
    """
    return _data(content, label).get(SCALED) is True


def _data(content: bytes, label: str) -> dict[str, Any]:
    file = io.BytesIO(content)
    if not zipfile.is_zipfile(file):
        raise ModelUnusable(f"{label}: is not a zip, the format in which Stable-Baselines3 saves models")
    try:
        with zipfile.ZipFile(file) as archive:
            if not {"data", "policy.pth"} <= set(archive.namelist()):
                raise ModelUnusable(
                    f"{label}: is a zip, but not a Stable-Baselines3 model: `data` or `policy.pth` is missing"
                )
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > LARGEST:
                raise ModelUnusable(f"{label}: would unpack to {unpacked / 1e9:.1f} GB, more than any model of 1 GB")
            damaged = archive.testzip()
            data = json.loads(archive.read("data")) if damaged is None else None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ModelUnusable(f"{label}: is damaged ({_line(error)}); take another copy") from None
    if not isinstance(data, dict):
        raise ModelUnusable(f"{label}: is damaged ({damaged or 'data'} is corrupt); take another copy")
    return data


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


LAST, LAST_STATISTICS = "model.zip", "model-vecnormalize.pkl"
BEST, BEST_STATISTICS = "best.zip", "best-vecnormalize.pkl"
STATE = "state.json"
_FRONT = "checkpoint-"


def folder_of(folder: Path, step: int) -> Path:
    """The checkpoint at a step."""
    return folder / f"{_FRONT}{step:012d}"


def newest(folder: Path) -> Path | None:
    """The checkpoint with the most steps, None if there is none. Each is complete, since it is renamed last."""
    return max(folder.glob(f"{_FRONT}*"), default=None)


SHARES = (0, 25, 50)  # % of a training at which its policy is copied
POLICY_AT, STATISTICS_AT = "policy-{}.pth", "vecnormalize-{}.pkl"  # in the tar of a trial's earlier policies
_POLICY = "policy.pth"  # in a zip of Stable-Baselines3


class EarlierModel(Record):
    """A model as it was at a share of its training."""

    share: int  # %
    model: bytes  # a zip of Stable-Baselines3
    statistics: bytes | None


def earlier_models(model: bytes, packed: bytes, label: str) -> list[EarlierModel]:
    """The models of a trial with its earlier policies in place of its last one.

    Raises:
        ModelUnusable: if the tar is damaged.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            files = {one.name: file.read() for one in archive if (file := archive.extractfile(one)) is not None}
    except (tarfile.TarError, EOFError) as error:
        raise ModelUnusable(f"{label}: its earlier policies are damaged ({_line(error)})") from None
    return [
        EarlierModel(share=share, model=_with_policy(model, policy), statistics=files.get(STATISTICS_AT.format(share)))
        for share in SHARES
        if (policy := files.get(POLICY_AT.format(share))) is not None
    ]


def _with_policy(model: bytes, policy: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(model)) as before, zipfile.ZipFile(made, "w") as after:
        for name in before.namelist():
            after.writestr(name, policy if name == _POLICY else before.read(name))
    return made.getvalue()
