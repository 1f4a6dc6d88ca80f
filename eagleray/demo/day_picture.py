"""The demo's day, drawn: what came and what was done, how late, what ran, what was used."""

from __future__ import annotations

from pathlib import Path

from eagleray.demo import picture
from eagleray.demo.day import Day, cost
from eagleray.demo.picture import Panel, Series

OURS, MEANT, LATE, PROCESSES = "#0f766e", "#94a3b8", "#b45309", "#99c9c4"
COLOURS = {
    "node": "#dc2626",
    "query_processor": "#0f766e",
    "adjudicator": "#b45309",
    "shard": "#1d4ed8",
    "range": "#a21caf",
    "storage": "#0369a1",
    "gateway": "#4d7c0f",
}
NAMES = {
    "node": "Ray nodes",
    "query_processor": "query processors",
    "adjudicator": "adjudicators",
    "shard": "shards",
    "range": "key ranges",
    "storage": "storage replicas",
}


def panels(day: Day) -> list[Panel]:
    """What is drawn, from top to bottom, over the same seconds."""
    counts = [
        Series(
            NAMES.get(kind, kind),
            COLOURS.get(kind, "#57534e"),
            [(sample.second, sample.counts.get(kind, 0)) for sample in day.samples],
            "step",
        )
        for kind in day.changing()
    ]
    processes = Series(
        "processes that hold roles", PROCESSES, [(sample.second, sample.processes) for sample in day.samples], "area"
    )
    used = Series("DPU so far", LATE, [(sample.second, sample.dpu["total"]) for sample in day.samples], "step")
    return [
        Panel(
            "a second",
            [
                Series("customers who come", MEANT, [(rate[0], rate[1]) for rate in day.rates]),
                Series("orders", OURS, [(rate[0], rate[2]) for rate in day.rates]),
            ],
        ),
        Panel(
            "milliseconds",
            [
                Series(
                    "99th percentile of each second's orders",
                    LATE,
                    [(rate[0], rate[3]) for rate in day.rates if rate[3] is not None],
                )
            ],
        ),
        Panel("how many", [processes, *counts]),
        Panel("units", [used]),
    ]


def write_page(day: Day, path: Path) -> None:
    """Raises OSError."""
    picture.write_page("A day from zero to zero", cost(day), panels(day), _seconds(day), day.marks, path)


def write_svg(day: Day, path: Path) -> None:
    """The picture alone. Raises OSError."""
    path.write_text(picture.svg(panels(day), _seconds(day)) + "\n")


def write_png(day: Day, path: Path) -> None:
    """Raises OSError, and ImportError without matplotlib."""
    picture.write_png(cost(day), panels(day), path)


def _seconds(day: Day) -> float:
    return day.samples[-1].second
