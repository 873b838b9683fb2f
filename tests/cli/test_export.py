"""`tuner export`: what is said of what was taken and written, and what is refused."""

from pathlib import Path

import pytest
from conftest import Tuner
from use_cases import StandIn

from tuner.app.export import Exported, ExportRequest, export
from tuner.app.resolve import open_study


def test_the_text_goes_to_standard_output_and_what_was_taken_is_said_beside_it(tuner: Tuner, finished: Path) -> None:
    said = tuner("export toy")
    assert said.code == 0
    assert said.out == export(ExportRequest(study="toy")).text
    assert said.err == (
        "Exporting trial 3, the study's best: one training seed, not confirmed (test it with `tuner confirm`)\n"
    )
    assert tuner("export toy --trial 0").err == ""


def test_a_model_is_written_with_what_belongs_to_it(tuner: Tuner, finished: Path, stand_in: StandIn) -> None:
    first, *written = tuner("export toy --model model.zip").err.splitlines()
    assert first.startswith("Exporting ")
    assert written == ["Wrote model.zip"]
    reader = open_study("toy", None)
    files = (Path("model-vecnormalize.pkl"), Path("model.zip"))
    stand_in(
        "tuner.app.export.export", Exported(reader=reader, row=reader.rows[3], reading=None, asked=False, files=files)
    )
    first, *written = tuner("export toy --model model.zip").err.splitlines()
    assert first.startswith("Exporting ")
    assert written == ["Wrote model-vecnormalize.pkl", "Wrote model.zip"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("export toy --model model.pt", "--model model.pt: must end in .zip"),
        ("export toy --model model.zip -o best.yml", "--model model.zip: is written alone"),
        (
            "export toy --model nowhere/model.zip",
            "nowhere/model.zip: No such file or directory (choose another file with --model)",
        ),
        ("play --study toy --stats some.pkl -o video.mp4", "--stats some.pkl: name the model that they belong to"),
    ],
)
def test_what_cannot_be_written_or_played_is_said(tuner: Tuner, finished: Path, line: str, said: str) -> None:
    found = tuner(line)
    assert found.code in (1, 2)
    assert said in found.err
    assert len([line for line in found.err.splitlines() if not line.startswith("Exporting ")]) == 1
