"""Colours and layout shared by all plots."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

INK, SOFT, LINE = "#1f2933", "#7b8794", "#e4e7eb"
TUNED, CURRENT, PROPOSED = "#0b7285", "#d9480f", "#7048e8"
OTHERS = ("#5c940d", "#c2255c", "#1864ab", "#846300")
STATES = {"complete": TUNED, "pruned": "#adb5bd", "fail": "#c92a2a", "running": "#f08c00", "waiting": LINE}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
SCALE = [[0.0, "#e3f2f5"], [0.5, "#5ab1bf"], [1.0, "#0b4f5c"]]


def colours(names: Sequence[str]) -> dict[str, str]:
    """A colour for each configuration; `current` and `proposed` always have the same."""
    known = {"current": CURRENT, "sb3-defaults": CURRENT, "proposed": PROPOSED}
    tuned = [name for name in names if name.startswith("trial ")]
    rest = iter([*([TUNED] if tuned else []), *(OTHERS * (len(names) // len(OTHERS) + 1))])
    return {name: known[name] if name in known else next(rest) for name in dict.fromkeys([*tuned, *names])}


def faded(colour: str, opacity: float) -> str:
    """`#rrggbb` as a transparent colour."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def styled(figure: go.Figure, height: int, **layout: Any) -> go.Figure:
    """The figure in the report's layout, without a title: the page has a caption."""
    axis = {"gridcolor": LINE, "zeroline": False, "linecolor": SOFT, "ticks": "outside", "tickcolor": LINE}
    figure.update_layout(template="none", title=None, height=height, autosize=True)
    figure.update_layout(
        font={"family": FONT, "size": 12, "color": INK},
        margin={"l": 56, "r": 14, "t": 14, "b": 48},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "xanchor": "left", "title": None},
        plot_bgcolor="white",
        paper_bgcolor="white",
        hoverlabel={"font": {"family": FONT}},
    )
    figure.update_xaxes(automargin=True, title_standoff=8, **axis)
    figure.update_yaxes(automargin=True, title_standoff=8, **axis)
    return figure.update_layout(**layout)
