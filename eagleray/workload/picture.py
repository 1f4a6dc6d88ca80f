"""A run in a picture: throughput and latency over time, and latency by percentile. Imports matplotlib (the `bench`
extra)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eagleray.workload.measure import Second
from eagleray.workload.report import Report

OURS = "#0f766e"
MEANT = "#94a3b8"
WORST = "#b45309"
STEPS = (50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99)


def draw(report: Report, path: Path) -> None:
    """Write a PNG (or what `path` is named after). Raises OSError."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (top, middle, bottom) = pyplot.subplots(3, 1, figsize=(9, 9))
    _draw_throughput(top, report)
    _draw_latency(middle, report)
    _draw_percentiles(bottom, report)
    for axis in (top, middle, bottom):
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False, fontsize=8, loc="best")
    title = f"{report.name}, scale {report.scale:g}, {report.clients} clients, {report.loop} loop: {report.server}"
    figure.suptitle(title + (f"\n{report.note}" if report.note else ""), fontsize=10)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    pyplot.close(figure)


def whole_seconds(report: Report) -> list[Second]:
    """Without the end's, in which clients finish one by one, unless there is nothing else."""
    return [second for second in report.timeline if second.length > 0.5] or report.timeline


def _draw_throughput(axis: Any, report: Report) -> None:
    whole = whole_seconds(report)
    seconds = [second.second for second in whole]
    if report.loop == "open":
        axis.plot(seconds, [second.meant for second in whole], color=MEANT, linewidth=3, label="meant")
    axis.plot(seconds, [second.rate for second in whole], color=OURS, label="done")
    axis.plot(
        seconds, [second.retries / second.length for second in whole], color=WORST, linewidth=0.8, label="retries"
    )
    axis.set_ylabel("transactions/s")
    axis.set_ylim(bottom=0)


def _draw_latency(axis: Any, report: Report) -> None:
    ended = [second for second in whole_seconds(report) if second.done]
    for name, color in (("p50_ms", OURS), ("p99_ms", WORST)):
        axis.plot(
            [second.second for second in ended],
            [getattr(second, name) for second in ended],
            color=color,
            label=name[:3],
        )
    _logarithmic(axis)
    axis.set_ylabel("response, ms")
    axis.set_xlabel("seconds")


def _draw_percentiles(axis: Any, report: Report) -> None:
    """HdrHistogram's plot: percentiles by how many nines they have."""
    for name, latencies, color in (
        ("response", report.measurements.response(), WORST),
        ("service", report.measurements.service(), OURS),
    ):
        if latencies.count:
            axis.plot(
                [100 / (100 - step) for step in STEPS],
                [latencies.ms(step) for step in STEPS],
                color=color,
                marker=".",
                label=name,
            )
    axis.set_xscale("log")
    axis.set_xticks([100 / (100 - step) for step in STEPS], [f"{step:g} %" for step in STEPS], fontsize=8)
    _logarithmic(axis)
    axis.set_ylabel("ms")


def _logarithmic(axis: Any) -> None:
    """Milliseconds on a scale of 1, 2, 5, 10 ..."""
    from matplotlib.ticker import LogLocator

    axis.set_yscale("log")
    axis.minorticks_off()
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter("{x:g}")
