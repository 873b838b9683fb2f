"""`tuner list`: what there is to name, and one space in a table."""

from pathlib import Path

import pytest
import yaml
from conftest import SPACE, Tuner


def rows(text: str) -> dict[str, str]:
    """The table's lines, by their first word."""
    return {line.split()[0]: " ".join(line.split()[1:]) for line in text.splitlines() if line.strip()}


def test_a_packaged_space_is_shown_with_the_guides_defaults(tuner: Tuner) -> None:
    said = tuner("list spaces --show ppo_guide")
    assert said.code == 0
    assert said.out.startswith("Space 'ppo_guide' of PPO (")
    found = rows(said.out)
    assert found["learning_rate"] == "float 1e-05 … 0.001 log 0.0003"
    assert found["batch_size"] == "int 32 … 512 powers of two below n_steps 64"
    assert found["gamma"] == "fixed 0.99 0.99"


def test_conditions_choices_and_stand_ins_are_shown(tuner: Tuner, tmp_path: Path) -> None:
    parameters = {
        **SPACE["parameters"],
        "net_arch": {"type": "choice", "choices": ["64x64", "256x256"]},
        "target_kl": {"type": "choice", "choices": [None, 0.02], "when": {"net_arch": ["64x64", "256x256"]}},
        "gamma": {"type": "float", "low": 0.9, "high": 0.99, "when": {"net_arch": "64x64"}},
    }
    fixed = {"gamma": 0.5, "clip_range": "lin_0.2_0.1234567", "ortho_init": False}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump({"parameters": parameters, "fixed": fixed}, sort_keys=False))
    said = tuner("list spaces --show own.yaml")
    assert said.code == 0
    assert "gamma float 0.9 … 0.99 linear net_arch = 64x64 0.99" in " ".join(said.out.split())
    found = rows(said.out)
    assert found["target_kl"] == "choice null, 0.02 net_arch = 64x64 or 256x256"
    assert found["gamma"] == "fixed 0.5 where it is not searched 0.99"
    assert found["clip_range"] == "fixed lin_0.2_0.1235 0.2"
    assert found["ortho_init"] == "fixed false"


def test_the_guide_says_nothing_of_other_algorithms(tuner: Tuner) -> None:
    said = tuner("list spaces --show a2c_robot")
    assert said.code == 0
    assert said.out.startswith("Space 'a2c_robot' of A2C (")
    assert rows(said.out)["learning_rate"] == "float 0.0001 … 0.002 log"


def test_schemas_are_named_with_their_commands(tuner: Tuner) -> None:
    assert tuner("list schema").out.splitlines() == [
        "study                        JSON schema of study files: `tuner list schema study > study.json`",
        "space                        JSON schema of space files: `tuner list schema space > space.json`",
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("list spaces --show ppo_gide", "no search space called 'ppo_gide', did you mean 'ppo_guide'?"),
        ("list spaces --show nowhere.yaml", "no search space file 'nowhere.yaml'"),
        ("list schema spaces", "tuner list schema 'spaces': must be one of study, space"),
        ("list spaces ppo_guide", "tuner list spaces ppo_guide: takes no second word; schema alone does"),
        ("list schema --show study", "--show study: shows spaces alone"),
        ("list studies --show reach", "--show reach: shows spaces alone; type `tuner list spaces --show NAME`"),
    ],
)
def test_what_cannot_be_shown_is_refused(tuner: Tuner, line: str, words: str) -> None:
    said = tuner(line)
    assert said.code == 2
    assert words in said.err
