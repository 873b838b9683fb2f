"""The service runs installed packages and what it is told to allow; nothing is imported to find that out."""

from pathlib import Path
from typing import Any

import pytest
from conftest import Tuner, write_study
from use_cases import INLINE, Told

from tuner.app import allowed_code, serve, service_events
from tuner.app.allowed_code import refuse_code, refused_code, told_code
from tuner.app.confirm import ConfirmRequest, confirm
from tuner.app.episode_videos import record_episode
from tuner.app.submit import SubmitRequest, submit
from tuner.config.load import find, load_study
from tuner.config.model import StudySpec
from tuner.errors import UsageProblem

EVIL = "import os\n\nos.mkdir('ran')\n"


@pytest.fixture
def made(tmp_path: Path) -> Any:
    """A study whose environment is given as in a study file."""

    def made(environment: dict[str, Any], **changes: Any) -> StudySpec:
        return load_study(find("studies", str(write_study(tmp_path, environment=environment, **changes))))

    return made


INSTALLED = [
    {"id": "CartPole-v1"},
    {"id": "roarm_envs:RoArmReach-v0"},
    {"id": "gymnasium_robotics.envs:FetchReach", "wrappers": ["gymnasium.wrappers.TimeAwareObservation"]},
    {"id": "gymnasium:CartPole-v1"},
]


@pytest.mark.parametrize("environment", INSTALLED, ids=lambda one: str(one["id"]))
def test_installed_packages_run(made: Any, environment: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowed_code, "_installed", lambda: {"gymnasium", "gymnasium_robotics"})
    assert refused_code(made(environment), ()) == []


def test_what_is_installed_is_told_by_distributions_and_is_not_all_of_this_package() -> None:
    found = allowed_code._installed()
    assert {"gymnasium", "stable_baselines3"} <= found
    assert not {"tuner", "os", "subprocess", "builtins"} & found


OTHERS = [
    ({"id": "arm.py:Arm"}, {}, "/arm.py"),
    ({"id": "/elsewhere/arm.py:Arm"}, {}, "/elsewhere/arm.py"),
    ({"id": "my_robot.arm:Arm"}, {}, "my_robot.arm"),
    ({"id": "my_robot:Arm-v0"}, {}, "my_robot"),
    ({"id": "CartPole-v1", "wrappers": ["my_wrappers.Scaled"]}, {}, "my_wrappers"),
    ({"id": "CartPole-v1", "wrappers": [{"subprocess.Popen": {"shell": True}}]}, {}, "subprocess"),
    ({"id": "CartPole-v1", "vec_wrappers": ["os.system"]}, {}, "os"),
    (
        {"id": "CartPole-v1"},
        {"policy_kwargs": {"features_extractor_class": "builtins:exec", "normalize_images": False}},
        "builtins",
    ),
    ({"id": "tuner.training.importing:import_module", "kwargs": {"name": "evil"}}, {}, "tuner.training.importing"),
]


@pytest.mark.parametrize(("environment", "changes", "name"), OTHERS, ids=[name for _, _, name in OTHERS])
def test_other_code_is_named_and_refused_unless_allowed(
    made: Any, environment: dict[str, Any], changes: dict[str, Any], name: str
) -> None:
    spec = made(environment, **changes)
    (found,) = told_code(spec)
    assert found.endswith(name)
    with pytest.raises(UsageProblem, match=rf"would import {found}, which is no installed package"):
        refuse_code(spec, ("other", "my", "*_robots"))
    refuse_code(spec, (found,))
    refuse_code(spec, ("other", f"{found[:-1]}*"))


@pytest.mark.parametrize("name", ["evil.py:Evil", "evil:Evil"])
@pytest.mark.parametrize("folder", ["srv/envs/../../evil", "srv/envs/link", "evil"])
def test_a_pattern_is_not_passed_by_another_way_to_write_a_path(
    made: Any, tmp_path: Path, name: str, folder: str
) -> None:
    (tmp_path / "srv" / "envs").mkdir(parents=True)
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "evil.py").touch()
    (tmp_path / "srv" / "envs" / "link").symlink_to(tmp_path / "evil")
    spec = made({"id": name, "folder": str(tmp_path / folder)})
    with pytest.raises(UsageProblem, match="evil/evil"):
        refuse_code(spec, (f"{tmp_path}/srv/envs/*", "srv/*", "evil"))
    refuse_code(spec, (f"{tmp_path}/evil/*",))


def test_a_folder_without_the_module_allows_no_other_of_that_name(made: Any) -> None:
    """It would be taken from the current folder, or from what is installed."""
    spec = made({"id": "evil:Evil", "folder": "/srv/envs"})
    with pytest.raises(UsageProblem, match="would import evil, which"):
        refuse_code(spec, ("/srv/envs/*",))
    refuse_code(spec, ("/srv/envs/*", "evil"))
    refuse_code(made({"id": "gymnasium:CartPole-v1", "folder": "/srv/envs"}), ("/srv/envs/*",))


def test_a_page_of_the_service_records_no_video_with_code_that_it_was_not_told_to_run(
    finished: Path, tmp_path: Path
) -> None:
    address = f"sqlite:///{tmp_path}/studies/tuner.db"
    with pytest.raises(UsageProblem, match="would import tuner_toys"):
        record_episode(address, "toy", 3, str(tmp_path / "video.mp4"), ())
    with pytest.raises(UsageProblem, match="would import tuner_toys"):
        confirm(ConfirmRequest(study="toy", engine=INLINE, allowed=()), Told())


class UntilOne(Told):
    """Stops the service after one submission."""

    def notify(self, event: Any) -> None:
        """Something happened."""
        super().notify(event)
        if isinstance(event, service_events.SubmissionEnded):
            raise KeyboardInterrupt


@pytest.mark.parametrize("environment", ["evil.py:Evil", "evil:Evil"])
def test_the_service_imports_nothing_that_it_was_not_told_to(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: str
) -> None:
    (tmp_path / "evil.py").write_text("from tuner_toys import Line\n\n\nclass Evil(Line):\n    pass\n")
    monkeypatch.setattr(serve, "PAUSE", 0.0)
    submit(SubmitRequest(study=str(write_study(tmp_path, environment={"id": environment}))), told)
    (named,) = told.of(service_events.CodeNamed)
    (tmp_path / "evil.py").write_text(EVIL)
    hearing = UntilOne()
    serve.serve(serve.ServeRequest(port=0, engine=INLINE), hearing)
    (ended,) = hearing.of(service_events.SubmissionEnded)
    assert ended.state == "failed"
    assert f"would import {named.names[0]}" in ended.reason
    assert "--allow-env" in ended.reason
    assert not (tmp_path / "ran").exists()


def test_a_submission_says_what_it_would_import(tuner: Tuner, toy_study: Path) -> None:
    said = tuner(f"submit {toy_study}")
    assert said.code == 0
    assert "The service will import tuner_toys: installed where it runs, or allowed by `tuner serve" in said.err
    assert "import" not in tuner("submit smoke").err
