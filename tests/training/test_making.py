"""Environment names: how they are resolved, and the errors for invalid ones."""

from pathlib import Path

import gymnasium as gym
import pytest

from tuner.errors import EnvironmentUnusable
from tuner.records import EnvironmentRef
from tuner.training.making import find_environment, full_id, make_bare, offered

ENVIRONMENT = """
import gymnasium
import numpy
from tuner_toys import Line
{imports}

class Arm(Line):
    reach = {value}

class Derived(gymnasium.Wrapper):
    pass

NUMBER = 3

class Robot:
    pass
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with packages named `envs` and `tests`, and scripts beside them."""
    write(tmp_path / "envs" / "__init__.py")
    write(tmp_path / "tests" / "__init__.py")
    write(tmp_path / "tests" / "figures.py", "REACH = 0.5")
    write(tmp_path / "envs" / "parts.py", "REACH = 0.4")
    imports = "from .parts import REACH as near\nfrom envs.parts import REACH\nfrom tests.figures import REACH as far"
    write(tmp_path / "envs" / "arm.py", ENVIRONMENT.format(imports=imports, value="REACH"))
    write(tmp_path / "scripts" / "help.py", "REACH = 0.3")
    write(tmp_path / "scripts" / "arm.py", ENVIRONMENT.format(imports="import help", value="help.REACH"))
    write(tmp_path / "my-arm.v2.py", ENVIRONMENT.format(imports="from envs.parts import REACH", value="REACH"))
    write(tmp_path / "broken.py", "import no_such_robot")
    write(tmp_path / "wrong.py", "class Arm(:\n")
    write(tmp_path / "leaving.py", "raise SystemExit(2)")
    write(tmp_path / "empty.py")
    return tmp_path


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_the_arm_is_offered() -> None:
    assert offered()["RoArmReach-v0"] == "roarm_envs"


@pytest.mark.parametrize(
    ("name", "full"),
    [
        pytest.param("RoArmReach-v0", "roarm_envs:RoArmReach-v0", id="bare id that a package offers"),
        pytest.param("roarm_envs:RoArmReach-v0", "roarm_envs:RoArmReach-v0", id="module and id"),
        pytest.param("tuner_toys:ToyLine-v0", "tuner_toys:ToyLine-v0", id="a module on the path"),
        pytest.param("CartPole-v1", "CartPole-v1", id="one of Gymnasium's own"),
    ],
)
def test_a_known_id_becomes_what_gymnasium_takes(name: str, full: str) -> None:
    bare = full.rpartition(":")[2]
    assert full_id(name) in (full, bare if bare == name else full)  # bare where its package is imported already
    assert bare in gym.registry


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param(
            "RoArmReech-v0", ["'RoArmReech-v0'", "did you mean 'RoArmReach-v0'", "tuner list envs"], id="typo"
        ),
        pytest.param("roarm_envs:RoArmReach-v9", ["RoArmReach-v9", "did you mean"], id="version"),
        pytest.param("tuner_toys:Nothing-v0", ["tuner_toys:Nothing-v0"], id="not in its module"),
        pytest.param("not an id at all", ["not an id at all"], id="malformed"),
        pytest.param("no_such_module:Thing-v0", ["cannot import 'no_such_module'", "install its package"], id="module"),
    ],
)
def test_an_unknown_id_is_refused_with_the_way_out(name: str, words: list[str]) -> None:
    with pytest.raises(EnvironmentUnusable) as caught:
        full_id(name)
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("name", "spelling", "reach"),
    [
        pytest.param("envs/arm.py:Arm", "envs/arm.py:Arm", 0.4, id="a file in a package"),
        pytest.param("./envs/../envs/arm.py:Arm", "envs/arm.py:Arm", 0.4, id="spelt oddly"),
        pytest.param("envs.arm:Arm", "envs.arm:Arm", 0.4, id="module and class"),
        pytest.param("scripts/arm.py:Arm", "scripts/arm.py:Arm", 0.3, id="a lone file, others beside it"),
        pytest.param("my-arm.v2.py:Arm", "my-arm.v2.py:Arm", 0.4, id="a file that no import could name"),
    ],
)
def test_a_class_is_registered_under_an_id_of_its_own(project: Path, name: str, spelling: str, reach: float) -> None:
    found = find_environment(name)
    assert found.spelling == spelling
    assert find_environment(spelling) == found
    assert gym.make(found.id).unwrapped.reach == reach  # type: ignore[attr-defined]


def test_two_files_of_one_name_are_two_environments(project: Path) -> None:
    ids = [find_environment(name).id for name in ("scripts/arm.py:Arm", "envs/arm.py:Arm")]
    assert len(set(ids)) == 2
    (project / "arm.py").write_text(ENVIRONMENT.format(imports="", value=0.9))
    assert gym.make(find_environment("arm.py:Arm").id).unwrapped.reach == 0.9  # type: ignore[attr-defined]


def test_a_file_elsewhere_keeps_its_whole_path(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "below").mkdir()
    monkeypatch.chdir(project / "below")
    assert full_id("../scripts/arm.py:Arm") == f"{project.resolve()}/scripts/arm.py:Arm"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        pytest.param("nowhere.py:Arm", "no such file, nowhere.py", id="no file"),
        pytest.param("envs/arm.py:Arn", "no 'Arn' in envs/arm.py; there is: Arm", id="no class"),
        pytest.param("empty.py:Arm", "no 'Arm' in empty.py and no environment at all", id="nothing in it"),
        pytest.param("envs.arm:Arn", "no environment called 'envs.arm:Arn', did you mean 'Arm'", id="not in module"),
        pytest.param("envs/arm.py:NUMBER", "'NUMBER' is not an environment but of type int", id="a number"),
        pytest.param("envs/arm.py:Robot", "'Robot' is not an environment but a class", id="another class"),
        pytest.param(
            "envs/arm.py:Derived", "must be a class derived from gymnasium.Env, and no wrapper", id="a wrapper"
        ),
        pytest.param("envs.arm:Robot", "'Robot' is not an environment but a class", id="another class of a module"),
        pytest.param("envs/arm.py", "name the class as well, envs/arm.py:Class", id="no class named"),
        pytest.param("broken.py:Arm", "cannot import 'broken.py' (ModuleNotFoundError", id="import"),
        pytest.param("wrong.py:Arm", "cannot import 'wrong.py' (SyntaxError", id="syntax"),
        pytest.param("leaving.py:Arm", "cannot import 'leaving.py' (SystemExit", id="a script that leaves"),
    ],
)
def test_an_invalid_name_is_one_line(project: Path, name: str, words: str) -> None:
    with pytest.raises(EnvironmentUnusable) as caught:
        find_environment(name)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_registered_class_is_made_by_its_registration() -> None:
    name = "gymnasium.envs.classic_control.cartpole:CartPoleEnv"
    found = find_environment(name)
    assert (found.spelling, found.id) == (name, "CartPole-v1")
    env = make_bare(EnvironmentRef(id=name))
    assert env.spec is not None
    assert env.spec.max_episode_steps == 500
    env.close()


def test_a_class_of_several_tasks_is_none_of_them() -> None:
    assert find_environment("tuner_toys:Own").id == "tuner_toys.Own-v0"
