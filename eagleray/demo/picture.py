"""A demo's story, drawn: panels below each other over the same seconds. A page of HTML with the picture in it (SVG,
nothing else is needed), and a PNG (needs matplotlib, the `bench` extra)."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path
from textwrap import fill

Points = Sequence[tuple[float, float | None]]
"""(second, value); None: there is none, and the line has a gap."""
TITLE_WIDTH = 170
"""Of a PNG, in characters."""
WIDTH, PANEL, LEFT, GAP, TOP = 960, 150, 52, 46, 24


@dataclass(frozen=True)
class Series:
    """`kind`: "line", "step" (each value holds until the next), or "area" (such steps, filled)."""

    label: str
    colour: str
    points: Points
    kind: str = "line"


@dataclass(frozen=True)
class Panel:
    title: str
    series: list[Series]

    @property
    def peak(self) -> float:
        values = (value for series in self.series for _, value in series.points if value is not None)
        return max(values, default=0.0) or 1.0


# -- SVG ---------------------------------------------------------------------------------------------------------------


def svg(drawn: Sequence[Panel], seconds: float) -> str:
    """Panels below each other over `seconds`."""
    height = TOP + len(drawn) * (PANEL + GAP)
    body = "".join(_panel(panel, TOP + number * (PANEL + GAP), seconds) for number, panel in enumerate(drawn))
    ticks = "".join(
        f'<text x="{_x(second, seconds):.1f}" y="{height - GAP + 16}" text-anchor="middle">{second:.0f} s</text>'
        for second in _ticks(seconds)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, '
        f'sans-serif" font-size="12" fill="#44403c">'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>{body}{ticks}</svg>'
    )


def _panel(panel: Panel, top: float, seconds: float) -> str:
    peak = panel.peak
    parts = [
        f'<line x1="{LEFT}" y1="{top + PANEL}" x2="{WIDTH - 8}" y2="{top + PANEL}" stroke="#d6d3d1"/>',
        f'<text x="{LEFT - 6}" y="{top + 10}" text-anchor="end">{_number(peak)}</text>',
        f'<text x="{LEFT - 6}" y="{top + PANEL}" text-anchor="end">0</text>',
    ]
    labels = [f'<tspan fill="#78716c">{html.escape(panel.title)}:</tspan>']
    for series in panel.series:
        parts.append(_drawn(series, top, peak, seconds))
        labels.append(f'<tspan fill="{series.colour}" font-weight="600"> ■ {html.escape(series.label)} </tspan>')
    parts.append(f'<text x="{LEFT}" y="{top - 8}">{"".join(labels)}</text>')
    return "".join(parts)


def _drawn(series: Series, top: float, peak: float, seconds: float) -> str:
    path, first_x, is_gap = "", 0.0, True
    for second, value in series.points:
        if value is None:
            is_gap = True
            continue
        x, y = _x(second, seconds), top + PANEL - value / peak * (PANEL - 4)
        first_x = first_x if path else x
        path += f"M{x:.1f} {y:.1f}" if is_gap else f"L{x:.1f} {y:.1f}" if series.kind == "line" else f"H{x:.1f}V{y:.1f}"
        is_gap = False
    if not path:
        return ""
    if series.kind == "area":
        return f'<path d="{path}V{top + PANEL:.1f}H{first_x:.1f}Z" fill="{series.colour}" fill-opacity="0.45"/>'
    return f'<path d="{path}" fill="none" stroke="{series.colour}" stroke-width="2" stroke-linejoin="round"/>'


def _x(second: float, seconds: float) -> float:
    return LEFT + second / max(seconds, 1e-9) * (WIDTH - 8 - LEFT)


def _ticks(seconds: float) -> list[float]:
    step = next(step for step in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 3600) if seconds / step <= 12 or step == 3600)
    return [float(second) for second in range(0, int(seconds) + 1, step)]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


# -- files -------------------------------------------------------------------------------------------------------------

Marks = Sequence[tuple[float, str]]
"""(second, what happened)."""


def write_page(title: str, text: str, drawn: Sequence[Panel], seconds: float, marks: Marks, path: Path) -> None:
    """`text`: in a line below the title. Raises OSError."""
    story = "".join(f"<tr><td>{second:.1f} s</td><td>{html.escape(told)}</td></tr>" for second, told in marks)
    path.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Eagleray: {html.escape(title.lower())}</title>'
        "<style>body{font:15px/1.45 system-ui;margin:2rem auto;max-width:62rem;padding:0 1rem;color:#292524}"
        "td{padding:.1rem .9rem .1rem "
        "0;vertical-align:top}td:first-child{white-space:nowrap;text-align:right;color:#78716c}svg{width:100%}</style>"
        f"<h1>{html.escape(title)}</h1><p>{html.escape(text)}</p>{svg(drawn, seconds)}"
        f"<table>{story}</table></html>\n"
    )


def write_png(text: str, drawn: Sequence[Panel], path: Path) -> None:
    """Raises OSError, and ImportError without matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(drawn), 1, figsize=(10, 2.4 * len(drawn)), sharex=True)
    for panel, axis in zip(drawn, axes, strict=True):
        for series in panel.series:
            seconds = [second for second, _ in series.points]
            values = [nan if value is None else value for _, value in series.points]
            if series.kind == "area":
                axis.fill_between(seconds, values, step="post", color=series.colour, alpha=0.45, label=series.label)
            else:
                axis.plot(
                    seconds,
                    values,
                    color=series.colour,
                    label=series.label,
                    drawstyle="default" if series.kind == "line" else "steps-post",
                )
        axis.set_ylabel(panel.title)
        axis.set_ylim(bottom=0)
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False, fontsize=8, loc="upper left")
    axes[-1].set_xlabel("seconds")
    figure.suptitle(fill(text, TITLE_WIDTH), fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
