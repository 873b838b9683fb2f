"""Learning curves of runs as an SVG picture, for model cards."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from tuner.statistics.answer_records import Measure

SAME: dict[Any, Any] = {"svg.hashsalt": "tuner", "svg.fonttype": "none"}  # the same curves give the same file


def picture(results: Sequence[Mapping[str, Any]], measure: Measure) -> bytes | None:
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
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()
