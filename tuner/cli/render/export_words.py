"""What is said around an export, on standard error."""

import shlex
from collections.abc import Iterator

from tuner.app.export import Exported, ExportRequest
from tuner.output.zoo_yaml import zoo_command


def before(exported: Exported) -> Iterator[str]:
    """Which trial was taken and why, where none was named."""
    row, reading = exported.row, exported.reading
    if exported.asked:
        return
    if reading is None or reading.recommended is None:
        unfinished = reading is not None and not reading.confirmation.complete
        why = "its confirmation is not complete" if unfinished else "one training seed, not yet confirmed"
        yield f"Taking {row.label}, the best of the study: {why} (`tuner confirm` settles it)"
        return
    why = "confirmed" if row.role is None else "no tuned trial is shown to be better"
    yield f"Taking {row.label}, what the confirmation says to train with: {why} (another: --trial N)"
    if reading.newer:
        more = f"{reading.newer} completed trial{'s' * (reading.newer > 1)}"
        yield f"Note: the study has {more} since; `tuner confirm` again takes them in."


def wrote(request: ExportRequest, exported: Exported) -> Iterator[str]:
    """What was written, and what to do with it."""
    if request.model is not None:
        yield from (f"Wrote {file}" for file in exported.files)
        return
    if request.output is None:
        return
    spec, output = exported.reader.spec, shlex.quote(str(request.output))
    yield f"Wrote {exported.row.label} of study {spec.name!r} to {request.output}"
    if request.form == "sb3":
        yield f"Train with it: python {output}"
    if request.form == "zoo":
        yield f"Train with it: tuner train {output}"
        yield f"Or by rl_zoo3: {zoo_command(spec, str(request.output))}"
        yield from (f"Note: {line}" for line in exported.notes)
