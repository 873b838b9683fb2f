"""The installation's own words: one line a lock file, and one before gigabytes come."""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import install_locked

KNOWN = "ab" * 32
LOCK = f"""# made by a tool
numpy==2.4.6 \\
    --hash=sha256:1
torch==2.13.0 \\
    --hash=sha256:{KNOWN} \\
    --hash=sha256:3
"""
EXACT = ["--no-deps", "--require-hashes"]
URL = "https://index.example/torch-2.13.0%2Bcpu-cp311.whl"
CUDA = ["filelock", "cuda-toolkit[cublas]==13.0; platform_system == 'Linux'", "nvidia-nccl-cu13==2.0"]
CPU = ["filelock", "sympy>=1.13.3"]


class Pip:
    """Stands for pip: writes the report of a dry run, and remembers what it was asked."""

    def __init__(self, needs: list[str] | None, digest: str = KNOWN) -> None:
        self.needs = needs
        self.digest = digest
        self.asked: list[list[str]] = []

    def __call__(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        self.asked.append(command[3:])
        if "--dry-run" in command:
            if self.needs is None:
                raise subprocess.TimeoutExpired(command, 1.0)
            info = {"url": URL, "archive_info": {"hashes": {"sha256": self.digest}}}
            metadata = {"name": "torch", "requires_dist": self.needs}
            report = {"install": [{"metadata": metadata, "download_info": info}]}
            Path(command[command.index("--report") + 1]).write_text(json.dumps(report))
        return subprocess.CompletedProcess(command, 0 if any(one.startswith("torch") for one in command) else 7)


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(install_locked, "installed_torch", lambda: None)
    path = tmp_path / "some.lock"
    path.write_text(LOCK)
    return path


@pytest.mark.parametrize(
    ("needs", "heavy"),
    [
        pytest.param(CUDA, True, id="CUDA"),
        pytest.param(CPU, False, id="CPU"),
        pytest.param(None, False, id="no answer in time"),
        pytest.param(["nvidia-nccl-cu13; platform_machine == 'another'"], False, id="CUDA on other machines alone"),
    ],
)
def test_gigabytes_are_said_before_they_come(
    lock: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], needs: list[str], heavy: bool
) -> None:
    pip = Pip(needs)
    monkeypatch.setattr(subprocess, "run", pip)
    assert install_locked.main([str(lock), "--no-index"]) == 7
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"Installing 2 packages ({lock}) ..."
    assert lines[:-1] == (install_locked.HEAVY.splitlines() if heavy else [])
    assert all(len(line) <= 80 for line in lines[:-1])
    look, *torch, install = pip.asked
    assert look[-3:] == ["torch==2.13.0", "--no-index", "-qq"]
    how = ["--constraint", str(lock.with_name("constraints.txt"))] if heavy or needs is None else EXACT
    wanted = "torch==2.13.0" if needs is None else f"torch @ {URL}#sha256={KNOWN}"
    assert torch == [["install", *how, "--no-index", wanted, "-qq"]]
    assert install == ["install", *EXACT, "--requirement", str(lock), "--no-index", "-qq"]


def test_a_build_of_pytorch_that_is_not_in_the_lock_file_is_not_installed(
    lock: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pip = Pip(CPU, digest="cd" * 32)
    monkeypatch.setattr(subprocess, "run", pip)
    assert install_locked.main([str(lock)]) == 1
    assert len(pip.asked) == 1
    assert f"{URL}: its SHA-256 is not in some.lock" in capsys.readouterr().out


@pytest.mark.parametrize(
    "info", [{}, {"hashes": {}}, {"hashes": {"sha256": ""}}, {"hashes": {"md5": "ab" * 32}}], ids=str
)
def test_a_build_without_a_hash_is_not_installed(
    lock: Path, info: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", Pip(CPU))
    to_come = {"metadata": {"requires_dist": CPU}, "download_info": {"url": URL, "archive_info": info}}
    assert install_locked.install_torch("torch==2.13.0", to_come, lock, []) == 1


def test_pytorch_that_is_there_is_not_asked_for(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = Pip(CUDA)
    monkeypatch.setattr(subprocess, "run", pip)
    monkeypatch.setattr(install_locked, "installed_torch", lambda: "2.13.0")
    install_locked.main([str(lock)])
    assert len(pip.asked) == 1


def test_what_is_installed_is_known_without_its_suffix() -> None:
    version = install_locked.installed_torch()
    assert version is not None
    assert "+" not in version


@pytest.mark.parametrize("option", ["-v", "--quiet", "-vv"])
def test_how_much_pip_says_can_be_chosen(lock: Path, monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    pip = Pip(CPU)
    monkeypatch.setattr(subprocess, "run", pip)
    install_locked.main([str(lock), option])
    assert pip.asked[-1] == ["install", *EXACT, "--requirement", str(lock), option]


def test_a_list_that_is_no_lock_file_brings_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = Pip(CPU)
    monkeypatch.setattr(subprocess, "run", pip)
    (tmp_path / "requirements.txt").write_text("numpy==2.4.6\n")
    install_locked.main([str(tmp_path / "requirements.txt")])
    assert pip.asked == [["install", "--requirement", str(tmp_path / "requirements.txt"), "-qq"]]


def test_a_file_with_another_hash_is_not_installed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A wheel in a folder, whose hash the lock file has, and then another of the same name."""
    wheel = tmp_path / "toy_package-1.0-py3-none-any.whl"
    digests = []
    for word in ("good", "evil"):
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("toy_package.py", f"WORD = {word!r}\n")
            archive.writestr(
                "toy_package-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy-package\nVersion: 1.0\n"
            )
            archive.writestr(
                "toy_package-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr("toy_package-1.0.dist-info/RECORD", "")
        digests.append(hashlib.sha256(wheel.read_bytes()).hexdigest())
    options = ["--no-index", "--find-links", str(tmp_path), "--target", str(tmp_path / "into")]
    lock = tmp_path / "toy.lock"
    lock.write_text(f"toy-package==1.0 \\\n    --hash=sha256:{digests[0]}\n")
    assert install_locked.main([str(lock), *options]) != 0
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in capfd.readouterr().err
    lock.write_text(f"toy-package==1.0 \\\n    --hash=sha256:{digests[1]}\n")
    assert install_locked.main([str(lock), *options]) == 0
    assert (tmp_path / "into" / "toy_package.py").is_file()
