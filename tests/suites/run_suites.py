"""`make suites`: runs the suites in this Python's environment, writes their results and docs/reference/suites.md."""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from suite_steps import STEPS, run_suite, versions
from suite_table import FOLDER, SUITES, Suite
from suites_page import PAGE, page

RESULTS = FOLDER / "results.json"
NAMES = ", ".join(suite.name for suite in SUITES)


def main(arguments: list[str]) -> int:
    """Runs the suites that are named, else all; returns 1 where a step failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", nargs="*", type=_named, help=f"default: all of {NAMES}")
    parser.add_argument("--step", action="append", choices=STEPS, help="repeatable; default: all; writes no results")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the projects stay; default: nowhere")
    asked = parser.parse_args(arguments)
    chosen, failed = asked.suite or SUITES, 0
    for suite in chosen:
        found = _one(suite, tuple(asked.step or STEPS), asked.keep)
        failed += any(not step["ok"] for step in found["steps"].values())
        if not asked.step:
            _store(suite, found)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _named(name: str) -> Suite:
    for suite in SUITES:
        if suite.name == name:
            return suite
    raise argparse.ArgumentTypeError(f"no suite {name!r}; there is: {NAMES}")


def _store(suite: Suite, found: dict[str, Any]) -> None:
    """Puts a suite's results beside those of the others, and writes the page anew."""
    stored: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    stored[suite.name] = found
    ordered = {one.name: stored[one.name] for one in SUITES if one.name in stored}
    RESULTS.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(ordered), encoding="utf-8")


def _one(suite: Suite, steps: tuple[str, ...], keep: Path | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix=f"{suite.name}-") as scratch:
        folder = Path(scratch) if keep is None else keep / suite.name
        outcomes = run_suite(suite, folder, steps)
    for name, step in outcomes.items():
        print(f"{suite.name:18}{name:9}{'ok' if step.ok else 'FAILED':8}{step.seconds:6.1f} s  {step.said}", flush=True)
    return {"versions": versions(suite), "steps": {name: asdict(step) for name, step in outcomes.items()}}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
