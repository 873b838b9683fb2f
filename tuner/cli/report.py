"""`tuner report`: a study as one page, as Markdown or as JSON."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuner.cli.options import DEFAULT_STUDY, StorageOption, StudyArgument, one_of

if TYPE_CHECKING:
    from optuna import Study

    from tuner.report.records import Report

FORMATS = ("html", "md", "json")
IMPORTANCE_SEED = 0  # of the resamples: the same study gives the same report


def report(
    study: StudyArgument = DEFAULT_STUDY,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Where to. Default: STUDY-report.html; md and json: standard output."
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="|".join(FORMATS), help="Default: by the file's ending, else html, one page by itself."
        ),
    ] = None,
    films: Annotated[
        bool,
        typer.Option("--films", help="Put films of the best tuned trial and the current configuration into the page."),
    ] = False,
    storage: StorageOption = None,
) -> None:
    """Write a study as one page: the answer, its uncertainty, how it came about, how to have it again."""
    import numpy as np

    from tuner.cli.filming import film
    from tuner.cli.opening import open_study
    from tuner.report.build import build_report

    wanted = _format(form, output)
    if films and wanted != "html":
        raise _usage(f"--films: go into a page alone; leave them out for --format {wanted}")
    if output is not None:
        _check_target(output)
    stored, spec = open_study(study, storage)
    target = output or (Path(f"{spec.name}-report.html") if wanted == "html" else None)
    if target is not None:
        _check_target(target)
    shown = film(stored, spec, storage) if films else {}
    words = ["--storage", storage] if storage else []
    lines = [line for line, _ in shown.values()]
    made = build_report(stored, spec, np.random.default_rng(IMPORTANCE_SEED), storage=words, films=lines)
    text = _render(wanted, stored, made, {label: content for label, (_, content) in shown.items() if content})
    _write(text, target)


def _format(form: str | None, output: Path | None) -> str:
    one_of(form, FORMATS, "--format")
    if form is not None:
        return form
    endings = {".md": "md", ".json": "json"}
    return endings.get(output.suffix, "html") if output is not None else "html"


def _render(wanted: str, stored: "Study", made: "Report", films: dict[str, bytes]) -> str:
    from tuner.report import markdown
    from tuner.report.sections import sections

    if wanted == "json":
        return json.dumps(made.data(), indent=2) + "\n"
    if wanted == "md":
        return markdown.render(made, sections(made))
    from tuner.report import page
    from tuner.report.pictures import draw

    return page.render(made, sections(made), draw(stored, made), films)


def _check_target(path: Path) -> None:
    if path.is_dir():
        raise _usage(f"-o {path}: is a folder; give a file, such as {path / 'report.html'}")
    if not path.parent.is_dir():
        raise _usage(f"-o {path}: there is no folder {path.parent}")


def _usage(message: str) -> Exception:
    from tuner.errors import UsageProblem

    return UsageProblem(message)


def _write(text: str, path: Path | None) -> None:
    from tuner.writing import write_whole

    if path is None:
        sys.stdout.write(text)
        return
    write_whole(path, text.encode(), "-o")
    sys.stderr.write(f"Wrote {path} ({len(text.encode()) / 1e6:.1f} MB)\n")
