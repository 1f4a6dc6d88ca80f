"""Two regions' story, drawn: commit and read latency by region over time, with the round trip below which no commit can
be, and when a region was cut off."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from eagleray.demo import picture
from eagleray.demo.far_clients import RegionalDay
from eagleray.demo.picture import Panel, Points, Series
from eagleray.workload.measure import quantile

WINDOW_S = 0.5
COLOURS = {"east": "#0f766e", "west": "#1d4ed8"}
FLOOR, CUT = "#b45309", "#fca5a5"
TITLE = "Two regions that both write"


def panels(day: RegionalDay, round_trip_ms: float) -> list[Panel]:
    """From top to bottom, over the same seconds."""
    end = day.second_drawn
    floor = Series(f"a round trip, {round_trip_ms:.0f} ms", FLOOR, [(0.0, round_trip_ms), (end, round_trip_ms)])
    commits = _lines(day.commits, end)
    return [
        _with_cuts(day, Panel("commit, ms (median)", [*commits, floor])),
        _with_cuts(day, Panel("read, ms (median)", _lines(day.reads, end))),
        _with_cuts(day, Panel("commits a second", _rates(day.commits, end))),
    ]


def write_page(day: RegionalDay, round_trip_ms: float, path: Path) -> None:
    """Raises OSError."""
    drawn = panels(day, round_trip_ms)
    picture.write_page(TITLE, _text(day, round_trip_ms), drawn, day.second_drawn, day.marks, path)


def write_png(day: RegionalDay, round_trip_ms: float, path: Path) -> None:
    """Raises OSError, and ImportError without matplotlib."""
    picture.write_png(_text(day, round_trip_ms), panels(day, round_trip_ms), path)


def _text(day: RegionalDay, round_trip_ms: float) -> str:
    told = [f"{round_trip_ms:.0f} ms between the regions, there and back"]
    for what, seen in (("commits", day.commits), ("reads", day.reads)):
        for region in COLOURS:
            ordered = sorted(ms for _, place, ms in seen if place == region)
            if ordered:
                half = f"p50 {quantile(ordered, 0.5):.1f}, p99 {quantile(ordered, 0.99):.1f} ms"
                told.append(f"{len(ordered)} {what} in {region}: {half}")
    return "; ".join(told)


def _windows(seen: list[tuple[float, str, float]], region: str) -> dict[int, list[float]]:
    windows: dict[int, list[float]] = defaultdict(list)
    for second, place, ms in seen:
        if place == region:
            windows[int(second / WINDOW_S)].append(ms)
    return windows


def _lines(seen: list[tuple[float, str, float]], end: float) -> list[Series]:
    """The median of each window in which something was answered; a gap where nothing was."""
    drawn = []
    for region, colour in COLOURS.items():
        windows = _windows(seen, region)
        points: Points = [
            ((number + 0.5) * WINDOW_S, quantile(sorted(windows[number]), 0.5) if windows.get(number) else None)
            for number in range(int(end / WINDOW_S))
        ]
        drawn.append(Series(region, colour, points))
    return drawn


def _rates(seen: list[tuple[float, str, float]], end: float) -> list[Series]:
    drawn = []
    for region, colour in COLOURS.items():
        windows = _windows(seen, region)
        points: Points = [
            (number * WINDOW_S, len(windows.get(number, ())) / WINDOW_S) for number in range(int(end / WINDOW_S))
        ]
        drawn.append(Series(region, colour, points, "step"))
    return drawn


def _with_cuts(day: RegionalDay, panel: Panel) -> Panel:
    areas = [
        Series(f"{region} cut off", CUT, [(begin, panel.peak), (end, panel.peak)], "area")
        for begin, end, region in day.cuts
    ]
    return Panel(panel.title, [*areas, *panel.series])
