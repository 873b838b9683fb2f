"""The learning curves of runs as an SVG picture that needs nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

from tuner.comparison.chart import Curve, draw, make_axis
from tuner.final.summary import Measure

STYLE = (
    "<style>svg{background:#fff;font-family:system-ui,sans-serif}text{font-size:11px;fill:#333}"
    ".grid{stroke:#8884}.curve{fill:none;stroke:#3b82c4;stroke-width:1.6;stroke-opacity:.8}"
    ".dot{fill:#fff;stroke:#3b82c4;stroke-width:1.2}</style>"
)
OPENING = '<svg class="chart"'


def picture(results: Sequence[Mapping[str, Any]], measure: Measure) -> str | None:
    """A line a run, None where there is no evaluation to draw."""
    runs = [[(float(point["step"]), point[measure]) for point in one.get("curve", [])] for one in results]
    curves = [Curve(style="run", points=tuple(points)) for points in runs if points]
    if not curves:
        return None
    across = make_axis("environment steps", [x for one in curves for x, _ in one.points], say=lambda x: f"{x:,.0f}")
    values = [y for one in curves for _, y in one.points]
    if measure == "success":
        up = make_axis("success at the checkpoints", [*values, 1.0], say=lambda y: f"{y:.0%}")
    else:
        up = make_axis("mean return at the checkpoints", values, say=lambda y: f"{y:.4g}")
    drawn = draw(curves, across, up)
    first, _, rest = drawn.partition(">")
    return first.replace(OPENING, '<svg xmlns="http://www.w3.org/2000/svg"', 1) + ">" + STYLE + rest + "\n"
