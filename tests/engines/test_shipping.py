"""The code of an environment that nodes are sent."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from conftest import ROOT
from driving import write_arm

from tuner.engines.processes import run_once
from tuner.engines.ray.shipping import Sources, local_sources, to_send
from tuner.errors import EnvironmentUnusable, UsageProblem
from tuner.records import EnvironmentRef


def sources(name: str) -> Sources:
    found = run_once(local_sources, EnvironmentRef(id=name))
    assert str(ROOT / "tuner") in found.places
    return found


def beside_tuner(found: Sources) -> set[str]:
    return set(found.places) - {str(ROOT / "tuner")}


def test_nothing_is_sent_that_is_installed() -> None:
    found = sources("Pendulum-v1")
    assert found.id == "Pendulum-v1"
    assert beside_tuner(found) <= {
        str(ROOT / "envs" / "roarm_envs")
    }  # loaded as every package that offers environments


def test_the_arm_is_sent_from_a_checkout() -> None:
    found = sources("roarm_envs:RoArmReach-v0")
    assert (found.id, beside_tuner(found)) == ("roarm_envs:RoArmReach-v0", {str(ROOT / "envs" / "roarm_envs")})


def test_a_package_is_sent_whole_and_what_it_imports_from_beside_it_too(tmp_path: Path) -> None:
    write_arm(tmp_path / "robots" / "arms" / "one.py", "import metal")
    for package in ("robots", "robots/arms"):
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "metal.py").touch()
    wanted = {str(tmp_path / "robots"), str(tmp_path / "metal.py")}
    found = sources("robots.arms.one:Arm")
    assert (found.id, beside_tuner(found)) == ("robots.arms.one:Arm", wanted)
    found = sources(str(tmp_path / "robots" / "arms" / "one.py") + ":Arm")
    assert (found.id, beside_tuner(found)) == ("robots.arms.one:Arm", wanted)


def test_a_file_is_sent_as_the_module_of_its_name_with_what_it_imports(tmp_path: Path) -> None:
    path = write_arm(tmp_path / "elsewhere" / "arm.py", "import metal")
    (path.parent / "metal.py").touch()
    found = sources(f"{path}:Arm")
    assert (found.id, beside_tuner(found)) == ("arm:Arm", {str(path), str(path.parent / "metal.py")})


@pytest.mark.parametrize("name", ["json.py", "my-arm.py"])
def test_a_file_whose_name_is_no_modules_or_anothers_gets_another(name: str, tmp_path: Path) -> None:
    path = write_arm(tmp_path / "elsewhere" / name)
    found = sources(f"{path}:Arm")
    module = "environment_" + name.removesuffix(".py").replace("-", "_")
    assert found.id == f"{module}:Arm"
    sent = to_send(found, tmp_path)
    assert (tmp_path / f"{module}.py").read_text() == path.read_text()
    assert str(tmp_path / f"{module}.py") in sent


def test_an_environment_that_is_not_there_is_refused() -> None:
    with pytest.raises(EnvironmentUnusable, match="tuner_nothing"):
        run_once(local_sources, EnvironmentRef(id="tuner_nothing:Arm-v0"))


def test_too_much_to_send_is_refused_with_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.engines.ray.shipping.LARGEST", 5_000_000)
    package = tmp_path / "arm"
    (package / ".git").mkdir(parents=True)
    (package / ".git" / "pack").write_bytes(bytes(9_000_000))
    (package / "mesh.stl").write_bytes(bytes(3_000_000))
    one = Sources(id="arm:Arm", places=(str(package),))
    assert to_send(one, tmp_path) == [str(package)]
    (package / "more.stl").write_bytes(bytes(3_000_000))
    with pytest.raises(UsageProblem, match=rf"to send is 6 MB, over the limit of 5 MB; {package} is the largest part"):
        to_send(one, tmp_path)


def test_looking_loads_no_learning_library() -> None:
    code = (
        "import json, sys; from dataclasses import asdict; from tuner.records import EnvironmentRef\n"
        "from tuner.engines.ray.shipping import local_sources\n"
        "found = local_sources(EnvironmentRef(id='tuner_toys:ToyLine-v0'))\n"
        "print(json.dumps([asdict(found), sorted({'torch', 'ray', 'optuna'} & set(sys.modules))]))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found, loaded = json.loads(result.stdout)
    assert loaded == []
    assert found == json.loads(json.dumps(asdict(sources("tuner_toys:ToyLine-v0"))))
