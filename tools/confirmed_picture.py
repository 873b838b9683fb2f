"""Draws the picture of docs/explanation/confirmed.md: seeds, intervals and the verdicts that follow from them.

`python tools/confirmed_picture.py` reads the values by seed from docs/tutorials/arm.md, draws with the report's plots
and has Chromium write `docs/explanation/confirmed.png`.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from tuner.output.palette import SOFT, TUNED, styled
from tuner.output.plots import arms
from tuner.results.report_data import ArmLine
from tuner.statistics.answer_records import PairedTest
from tuner.statistics.verdict import answer

DOCS = Path(__file__).parent.parent / "docs"
TARGET = DOCS / "explanation" / "confirmed.png"
EPISODES = 100  # of each seed's test
FEW = 3  # seeds
SIZE = 800, 700  # pixels
WORSE = "#c92a2a"


def values() -> dict[str, list[float]]:
    """Success by test seed, as the tutorial has it printed."""
    page = (DOCS / "tutorials" / "arm.md").read_text().partition("success, test    by seed")[2]
    rows = re.findall(r"^(winner|current|proposed|guide-0\.95).*?((?: +\d+%){10})  ", page, flags=re.MULTILINE)
    return {name: [int(one) / 100 for one in re.findall(r"\d+", row)] for name, row in rows}


def compared(found: Mapping[str, Sequence[float]], first: str, second: str, seeds: int | None = None) -> PairedTest:
    """One comparison, of the first seeds alone where their number is given."""
    cut = {name: list(row)[:seeds] for name, row in found.items()}
    tests = answer(cut, EPISODES, np.random.default_rng(0)).comparisons
    return next(one for one in tests if (one.first, one.second) == (first, second))


def differences(rows: dict[str, PairedTest]) -> go.Figure:
    """A row a comparison: the difference of the IQMs with its interval, and the verdict in words."""
    figure = go.Figure()
    for place, test in enumerate(reversed([*rows.values()])):
        colour = TUNED if "better" in test.verdict else WORSE if "worse" in test.verdict else SOFT
        middle, span = test.difference or 0.0, test.interval
        error = span and {"array": [span.high - middle], "arrayminus": [middle - span.low], "symmetric": False}
        marker = {"symbol": "diamond", "size": 11, "color": colour}
        figure.add_scatter(
            x=[middle], y=[place], mode="markers", marker=marker, error_x={**(error or {}), "color": colour}
        )
        figure.add_annotation(
            x=1.04, y=place, text=test.verdict, showarrow=False, xanchor="left", font={"color": colour}
        )
    ticks = {"tickvals": [*range(len(rows))], "ticktext": [*rows][::-1], "range": [-0.6, len(rows) - 0.4]}
    across = {"title": {"text": "difference of the IQMs, 95 %"}, "tickvals": [-0.5, 0, 0.5, 1], "tickformat": "+.0%"}
    across["range"] = [-0.7, 1.5]
    styled(figure, 320, showlegend=False, xaxis=across, yaxis=ticks)
    return figure.add_vline(x=0, line={"color": SOFT, "dash": "dot"})


def main() -> int:
    """Writes the picture."""
    found = values()
    lines = [
        ArmLine(**{**vars(arm), "winner": arm.name == "winner"})
        for arm in answer(found, EPISODES, np.random.default_rng(0)).arms
    ]
    rows = {
        "winner - current": compared(found, "winner", "current"),
        "winner - proposed": compared(found, "winner", "proposed"),
        "winner - guide-0.95": compared(found, "winner", "guide-0.95"),
        f"winner - current,<br>first {FEW} seeds alone": compared(found, "winner", "current", FEW),
    }
    upper, lower = arms(lines, "success"), differences(rows)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        parts = [one.to_html(full_html=False, config={"displayModeBar": False}) for one in (upper, lower)]
        page.write_text(f"<body style='margin:0'>{''.join(parts)}</body>")
        browser = shutil.which("chromium") or "chromium"
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--virtual-time-budget=5000"]
        size = ",".join(map(str, SIZE))
        command = [browser, *options, f"--window-size={size}", f"--screenshot={TARGET}", page.as_uri()]
        return subprocess.run(command, check=True, capture_output=True).returncode  # noqa: S603 - a list, no shell


if __name__ == "__main__":
    sys.exit(main())
