"""The commands of tutorials and how-to guides run, in their order, page by page.

Each page starts in a copy of one folder: `examples/my_env.py`, small studies and spaces under the names of the packaged
ones (the current folder goes before the package), the study `reach` finished, `best.yml` exported from it. `smaller` is
the one rule by which commands are made short. What cannot run here stands in `NOT_RUN`, with its reason.
"""

import contextlib
import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from conftest import SPACE, STUDY, Tuner
from pages import ROOT, lines_to_type

from tuner import open_study
from tuner.cli.main import call

ENGLISH, KOREAN = (ROOT / "docs" / "tutorials" / name for name in ("arm.md", "arm-ko.md"))
PAGES = [
    page for kind in ("tutorials", "howto") for page in sorted((ROOT / "docs" / kind).glob("*.md")) if page != KOREAN
]
MOST = {"trials": 8, "timesteps": 512, "seeds": 1, "minutes": 0.01, "episodes": 2, "n_steps": 32, "batch_size": 8}
INLINE = ("run", "confirm", "compare", "train")  # what may train in this process
STUDIES = ("reach", "reach_fast", "reach_reward", "smoke")
OFF_POLICY = {
    "parameters": {"learning_rate": {"type": "float", "low": 1e-5, "high": 1e-2, "scale": "log"}},
    "fixed": {"train_freq": 32, "gradient_steps": 1, "learning_starts": 32, "batch_size": 8},
}
SPACES = {
    **dict.fromkeys(("ppo_guide", "ppo_schedules"), SPACE),
    **{f"{name}_robot": {"algorithm": name, **OFF_POLICY} for name in ("sac", "td3")},
    "dqn_control": {"algorithm": "dqn", **OFF_POLICY},
}
SHORT = {"trials": 3, "checkpoints": 2, "goals": {"early": 1, "late": 2, "longest": 50}}
BASELINES = {name: {"learning_rate": 1e-3, "n_steps": 32, "batch_size": 8} for name in ("current", "proposed")}

OTHERS = "installs, starts or asks other programs"
CLUSTER = "needs a Ray cluster; tests/contract and tests/faults run on one"
SERVES = "serves until Ctrl-C; tests/dashboard and tests/app/test_serve_use_case.py do it"
PYGAME = "a window of pygame, which the tests do not install"
FIRST_STEPS = {
    "git clone ADDRESS tuner": OTHERS,
    "cd tuner": OTHERS,
    "make tune STUDY=smoke TRIALS=6": OTHERS,
    "source .venv/bin/activate": OTHERS,
    "tuner dashboard": SERVES,
}
NOT_RUN = {
    "arm.md": FIRST_STEPS,
    "algorithms.md": {"tuner run --space tqc_her --env panda_gym:PandaReach-v3 --name reach": "`make suites` does it"},
    "cluster.md": {
        "python3.11 -m venv venv": OTHERS,
        "source venv/bin/activate": OTHERS,
        "pip install -r requirements.lock": OTHERS,
        "pip install -c constraints.txt ray": OTHERS,
        "ray get-auth-token --generate": OTHERS,
        "export RAY_AUTH_MODE=token": OTHERS,
        "ray start --head --port 6379 --num-cpus 0 --object-store-memory 200000000 --disable-usage-stats "
        "--temp-dir /home/me/r": OTHERS,
        "ray start --address HEAD:6379 --object-store-memory 200000000 --disable-usage-stats": OTHERS,
        "ray status": OTHERS,
        "tuner run reach --trials 2000 --engine ray": CLUSTER,
        "helm install kuberay-operator kuberay/kuberay-operator": OTHERS,
        "kubectl apply -f tuner-cluster.yaml": OTHERS,
        "kubectl exec -it $(kubectl get pod -l ray.io/cluster=tuner,ray.io/node-type=head -o name) -- "
        "tuner run reach --trials 2000 --engine ray --workers 64 --storage sqlite:////studies/tuner.db": CLUSTER,
    },
    "dashboard.md": {
        "tuner dashboard": SERVES,
        "tuner dashboard --port 0 --storage postgresql://tuner@HOST/tuner": SERVES,
        "tuner dashboard --host 0.0.0.0": SERVES,
    },
    "diagnosis.md": {"pip install 'roarm-tuner[tensorboard]'": OTHERS, "tensorboard --logdir curves": OTHERS},
    "installation.md": {
        "make tune": OTHERS,
        "make test": OTHERS,
        ".venv/bin/pip install -c constraints.txt "
        "'psycopg[binary]' ray tensorboard sb3-contrib mlflow-skinny wandb": OTHERS,
        "python3.11 -m venv venv": OTHERS,
        "venv/bin/pip install .": OTHERS,
        "uv venv --python 3.11": OTHERS,
        "uv pip install --torch-backend=cpu .": OTHERS,
    },
    "play.md": {
        "tuner play --model model.zip --env CartPole-v1 -o video.mp4": PYGAME,
        "tuner play --expert -o docs/howto/reach.png": "the small study has no expert; the next line asks for one",
        "tuner play --versus proposed,current,guide-0.95 --episodes 3 -o docs/before_after.gif": (
            "the small study has no such baseline; other lines show two"
        ),
    },
    "postgres.md": {
        "pip install 'roarm-tuner[postgres]'": OTHERS,
        "sudo -u postgres createuser tuner --pwprompt": OTHERS,
        "sudo -u postgres createdb --owner tuner tuner": OTHERS,
        "export PGPASSWORD=…": OTHERS,
        "export TUNER_STORAGE=postgresql://tuner@HOST/tuner": OTHERS,
    },
    "reward-search.md": {"python benchmarks/bench_reward_search.py FOLDER": "trains for twenty minutes"},
    "tracking.md": {"chmod +x notify.sh": "files are written so"},
    "run.md": {
        "tuner run reach --staged --trials 20": "stages of full length; tests/app/test_stages_use_case.py runs some"
    },
    "service.md": {
        "tuner serve": SERVES,
        "tuner status reach --watch": SERVES,
        "systemctl --user enable --now tuner": OTHERS,
        "journalctl --user --unit tuner --follow": OTHERS,
        "loginctl enable-linger": OTHERS,
    },
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The folder that pages start from, and the number of the best trial of its study `reach`."""
    folder = tmp_path_factory.mktemp("pages")
    environment = (ROOT / "examples" / "my_env.py").read_text()
    assert "self._time >= 40" in environment
    (folder / "my_env.py").write_text(environment.replace("self._time >= 40", "self._time >= 5"))
    for kind in ("studies", "search_spaces", "docs/howto"):
        (folder / kind).mkdir(parents=True)
    for name, space in SPACES.items():
        (folder / "search_spaces" / f"{name}.yaml").write_text(yaml.safe_dump(space))
    for name in STUDIES:
        study = {
            **STUDY,
            "environment": {"id": "my_env.py:Line"},
            "space": "ppo_guide",
            "baselines": BASELINES,
            **SHORT,
        }
        (folder / "studies" / f"{name}.yaml").write_text(yaml.safe_dump(study))
    with contextlib.chdir(folder):
        for name, trials in (("reach", 8), ("smoke", 2)):
            assert call(["run", name, "--trials", str(trials), "--engine", "inline", "--skip-check"]) == 0
        assert call(["export", "reach", "-o", "best.yml"]) == 0
        return folder, open_study("reach").best.number


def smaller(line: str, best: int) -> list[str]:
    """The words after `tuner`: numbers no larger than in MOST, trial 12 is the best one, training in this process."""
    words = shlex.split(re.sub(r"--([a-z]+) (\d+)\b", lambda one: f"--{one[1]} {_least(*one.groups())}", line))[1:]
    words = [str(best) if word == "12" else word for word in words]
    if words[0] in INLINE and "--engine" not in words:
        words += ["--engine", "inline"]
    for command, option, value in (("confirm", "--seeds", "1"), ("play", "--episodes", "1")):
        words += [option, value] if words[0] == command and option not in words else []
    return words


def smaller_file(text: str) -> str:
    """A study or a space with numbers no larger than in MOST."""
    return re.sub(r"\b([a-z_]+): (\d+)\b", lambda one: f"{one[1]}: {_least(*one.groups())}", text)


def _least(name: str, number: str) -> str:
    return str(min(int(number), MOST.get(name, int(number))))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_run_in_their_order(
    page: Path, prepared: tuple[Path, int], tuner: Tuner, tmp_path: Path
) -> None:
    folder, best = prepared
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    listed = NOT_RUN.get(page.name, {})
    met = set()
    for name, text in lines_to_type(page):
        if name:
            (tmp_path / name).write_text(smaller_file(text))
            (tmp_path / name).chmod(0o755)
        elif text in listed:
            met.add(text)
        else:
            assert text.startswith("tuner "), f"{text}: neither a command of tuner nor in NOT_RUN"
            said = tuner(shlex.join(smaller(text, best)))
            assert said.code == 0, f"{text}: {said.err}"
    assert met == listed.keys(), "NOT_RUN lists what the page no longer has"


def test_the_korean_tutorial_has_the_commands_of_the_english_one() -> None:
    assert [*lines_to_type(KOREAN)] == [*lines_to_type(ENGLISH)]


def test_lines_that_cannot_run_are_of_pages_that_there_are() -> None:
    assert NOT_RUN.keys() <= {page.name for page in PAGES}


@pytest.mark.parametrize(
    ("line", "typed"),
    [
        ("tuner run --trials 200 --dry-run", "run --trials 8 --dry-run --engine inline"),
        ("tuner confirm reach", "confirm reach --engine inline --seeds 1"),
        ("tuner show 12 --study reach", "show 3 --study reach"),
        ("tuner train best.yml --timesteps 100 --seeds 10", "train best.yml --timesteps 100 --seeds 1 --engine inline"),
    ],
)
def test_a_command_is_made_short_by_one_rule(line: str, typed: str) -> None:
    assert shlex.join(smaller(line, 3)) == typed


def test_a_page_is_read_as_files_and_lines(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- output: tuner check -->\n```\n$ tuner check\n```\n\n"
        "```yaml\n# a.yaml\ntrials: 4\n```\n\n```yaml\ntrials: 5\n```\n\n"
        "```\ntuner run a.yaml # comment\nmake && tuner show \\\n  --json\n```\n"
    )
    wanted = [("a.yaml", "# a.yaml\ntrials: 4\n"), ("", "tuner run a.yaml"), ("", "make"), ("", "tuner show --json")]
    assert [*lines_to_type(page)] == wanted
