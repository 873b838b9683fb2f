"""The wheel: the packages, the presets, and nothing that a run left behind. And what a command loads."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a wheel that is built while a database and a model lie in `studies/`."""
    folder = tmp_path_factory.mktemp("wheel")
    database = ROOT / "studies" / "left-by-the-wheel-test.db"
    database.write_bytes(b"a study of somebody")
    try:
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    finally:
        database.unlink()
    with zipfile.ZipFile(next(folder.glob("roarm_tuner-*.whl"))) as wheel:
        return wheel.namelist()


@pytest.mark.slow
def test_the_wheel_holds_the_packages_and_the_presets(names: list[str]) -> None:
    wanted = {
        "tuner/cli/main.py",
        "roarm_envs/env.py",
        "roarm_envs/assets/roarm_m3.urdf",
        "tuner/presets/search_spaces/ppo_guide.yaml",
        "tuner/presets/search_spaces/ppo_full.yaml",
        "tuner/presets/studies/reach.yaml",
        "tuner/presets/studies/smoke.yaml",
    }
    assert wanted <= set(names)


@pytest.mark.slow
def test_the_wheel_holds_nothing_else(names: list[str]) -> None:
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"tuner", "roarm_envs"}
    assert {Path(name).suffix for name in names if ".dist-info/" not in name} == {
        ".py",
        ".yaml",
        ".urdf",
        ".j2",
        ".css",
        ".js",
        ".typed",
    }


def test_what_only_training_and_statistics_need_is_not_loaded_before_they_do() -> None:
    program = (
        "import sys, tuner.cli.main, tuner.app.tune, tuner.cli.render.confirm_tables\n"
        "print(*{'torch', 'stable_baselines3', 'pybullet', 'scipy.stats', 'ray'} & set(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=300)
    assert loaded.stdout.split() == []
