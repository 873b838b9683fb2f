"""Learning curves of runs: as a picture for model cards and the dashboard, and as a table."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from tuner.statistics.answer_records import Measure

SAME: dict[Any, Any] = {"svg.hashsalt": "tuner", "svg.fonttype": "none"}  # the same curves give the same file


def picture(
    results: Sequence[Mapping[str, Any]], measure: Measure, form: Literal["svg", "png"] = "svg"
) -> bytes | None:
    """One line per run; None if there is no evaluation to draw."""
    curves = [curve for one in results if (curve := one.get("curve"))]
    if not curves:
        return None
    import matplotlib as mpl  # takes half a second
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter, StrMethodFormatter

    with mpl.rc_context(SAME):
        figure = Figure(figsize=(6.4, 3.2), layout="constrained")
        axes = figure.add_subplot()
        for curve in curves:
            steps, values = zip(*((point["step"], point[measure]) for point in curve), strict=True)
            axes.plot(steps, values, marker="o", markersize=3, linewidth=1.4, color="#3b82c4", alpha=0.8)
        axes.set_xlim(left=0)
        axes.set_xlabel("environment steps")
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set_ylabel(f"{'mean return' if measure == 'return' else measure} at the checkpoints")
        if measure == "success":
            axes.set_ylim(-0.03, 1.03)
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes.grid(alpha=0.3)
        drawn = io.BytesIO()
        figure.savefig(drawn, format=form, metadata={"Date": None} if form == "svg" else {})
    return drawn.getvalue()


def curve_table(curve: Sequence[Mapping[str, Any]]) -> bytes:
    """A learning curve as CSV: a line per evaluation, shares of milestones in columns of their own."""
    flat = [{**point, **point.get("milestones", {})} for point in curve]
    names = dict.fromkeys(name for point in flat for name in point if name != "milestones")
    written = io.StringIO()
    table = csv.DictWriter(written, [*names], extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows(flat)
    return written.getvalue().encode()
