"""The JSON schemas of study and space files: as committed, and as strict as the models for what can be said there."""

import json
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
import yaml
from conftest import ROOT, SPACE, STUDY, Tuner

import schemas
from tuner.config.algorithms import ALGORITHMS
from tuner.config.arguments import Argument
from tuner.config.load import validate
from tuner.config.model import StudyFile
from tuner.config.space import SpaceSpec
from tuner.config.yaml import read_yaml
from tuner.errors import SpecInvalid

MADE = schemas.schemas()
MODELS: dict[str, Any] = {"study": StudyFile, "space": SpaceSpec}
STUDIES = [*(ROOT / "studies").glob("*.yaml"), *(ROOT / "tests" / "suites" / "studies").glob("*.yaml")]
STUDIES += [*(ROOT / "tests" / "suites" / "learned").glob("*.yaml"), ROOT / "tests/fixtures/earlier/earlier.yaml"]
FILES = {
    "study": [path for path in STUDIES if "space" in read_yaml(path)],
    "space": [*(ROOT / "search_spaces").glob("*.yaml"), ROOT / "tests/fixtures/earlier/toy_space.yaml"],
}


def validator(kind: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(MADE[kind])


@pytest.mark.parametrize("kind", MADE)
def test_the_committed_schema_is_the_made_one(kind: str, tuner: Tuner) -> None:
    jsonschema.Draft202012Validator.check_schema(MADE[kind])
    committed = (ROOT / "schemas" / f"{kind}.json").read_text(encoding="utf-8")
    assert committed == schemas.as_text(MADE[kind]), "run tools/schemas.py"
    said = tuner(f"list schema {kind}")
    assert (said.code, json.loads(said.out)) == (0, MADE[kind])


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, paths in FILES.items() for path in paths], ids=str)
def test_every_file_is_valid(kind: str, path: Path) -> None:
    assert not [error.message for error in validator(kind).iter_errors(read_yaml(path))]


@pytest.mark.parametrize("kind", MADE)
def test_packaged_files_name_their_schema(kind: str) -> None:
    folder = {"study": "studies", "space": "search_spaces"}[kind]
    for path in (ROOT / folder).glob("*.yaml"):
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        named = first.removeprefix("# yaml-language-server: $schema=")
        assert (path.parent / named).resolve() == ROOT / "schemas" / f"{kind}.json"


def test_every_key_is_described_in_plain_text() -> None:
    parts = [*MADE.values(), *MADE["study"]["$defs"].values(), *MADE["space"]["$defs"].values()]
    said = [key["description"] for part in parts for key in part.get("properties", {}).values()]
    assert len(said) > 60
    assert all(words and "](" not in words for words in said)


def space(**parameters: Any) -> dict[str, Any]:
    return {"parameters": {**SPACE["parameters"], **parameters}}


FLOAT = {"type": "float", "low": 0.1, "high": 0.3}
RIGHT: list[tuple[str, dict[str, Any]]] = [
    ("study", STUDY),
    ("study", {**STUDY, "finals": False, "track": "mlflow", "normalize": True, "curriculum": {"start": 0.2}}),
    ("study", {**STUDY, "objective": {"metric": "info:energy", "direction": "minimize", "quantile": 0.1}}),
    ("study", {**STUDY, "evaluation": {"deterministic": False, "episodes": 5, "environment": {"reach": 0.1}}}),
    ("study", {**STUDY, "evaluation": "stochastic", "finals": 0.2, "on_trial_end": "./tell.sh"}),
    ("study", {**STUDY, "environment": {"id": "a:B", "wrappers": ["m.A", {"m.B": {"k": 1}}], "vec_wrappers": "m.V"}}),
    ("study", {**STUDY, "stages": [{"parameters": {"learning_rate": {**FLOAT, "scale": "log"}}, "trials": 3}]}),
    ("study", {**STUDY, "baselines": {"\ub3d9\ud300": {"learning_rate": "lin_3e-4_1e-5", "n_steps": 32}}}),
    ("space", {**space(clip_range=FLOAT), "fixed": {"net_arch": {"pi": [64], "vf": [64, 64]}}}),
    ("space", space(reward_scale={**FLOAT, "target": "environment"})),
    (
        "space",
        space(target_kl={"type": "choice", "choices": [None, 0.02]}, gamma={**FLOAT, "when": {"target_kl": None}}),
    ),
    ("space", {"algorithm": "sac", "parameters": {"tau": FLOAT}, "fixed": {"ent_coef": "auto_0.1"}}),
]
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("study", {**STUDY, "timestep": 384}),
    ("study", {key: value for key, value in STUDY.items() if key != "space"}),
    ("study", {**STUDY, "timesteps": "many"}),
    ("study", {**STUDY, "checkpoints": 0}),
    ("study", {**STUDY, "finals": 0.9}),
    ("study", {**STUDY, "objective": "sucess"}),
    ("study", {**STUDY, "objective": {"metric": "return", "quantile": 1.5}}),
    ("study", {**STUDY, "environment": {"id": "a:B", "n_envs": 0}}),
    ("study", {**STUDY, "environment": {"id": "a:B", "wrappers": [3]}}),
    ("study", {**STUDY, "evaluation": {"episodes": 0}}),
    ("study", {**STUDY, "curriculum": {"start": 1.5}}),
    ("study", {**STUDY, "goals": {"early": 3, "soon": 4}}),
    ("study", {**STUDY, "track": "tensorbord"}),
    ("study", {**STUDY, "sampler": "cma"}),
    ("space", {"parameters": {}}),
    ("space", space(learning_rat=FLOAT)),
    ("space", space(gamma={"type": "real", "low": 0.1, "high": 0.3})),
    ("space", space(gamma={**FLOAT, "scale": "power_of_two"})),
    ("space", space(gamma={"type": "choice", "choices": [0.9]})),
    ("space", {**space(), "fixed": {"gamma": 1.5}}),
    ("space", {**space(), "fixed": {"activation_fn": "sigmoid"}}),
    ("space", {**space(), "fixed": {"learning_rate": "line_3e-4"}}),
    ("space", {"algorithm": "sac", "parameters": {"tau": FLOAT}, "fixed": {"clip_range": 0.2}}),
]


@pytest.mark.parametrize(("kind", "data"), RIGHT)
def test_what_the_product_takes_is_valid(kind: str, data: dict[str, Any]) -> None:
    assert validate(MODELS[kind], data, "file")
    assert not [error.message for error in validator(kind).iter_errors(data)]


@pytest.mark.parametrize(("kind", "data"), WRONG)
def test_what_the_schema_refuses_the_product_refuses_as_well(kind: str, data: dict[str, Any]) -> None:
    with pytest.raises(SpecInvalid):
        validate(MODELS[kind], data, "file")
    assert not validator(kind).is_valid(yaml.safe_load(yaml.safe_dump(data)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_bounds_of_arguments_are_those_of_the_algorithms(algorithm: str) -> None:
    for name, kind in ALGORITHMS[algorithm].arguments.items():
        made = schemas._of_kind(kind)
        for value in (-2, -1, 0, 0.5, 1, 2, 10**9, "auto", "tanh", "lin_3e-4", "64x64", [64, 64], True, None, "?"):
            whole = isinstance(kind, Argument) and kind.kind is int and isinstance(value, float)
            valid = jsonschema.Draft202012Validator(made).is_valid(value)
            assert valid == (kind.fault(value) is None) or whole, (name, value)
    assert set(get_args(StudyFile.model_fields["algorithm"].annotation)[0].__args__) == ALGORITHMS.keys()
