"""The demo's day, drawn: what came and what was done, how late, how many processes there were and which sessions slept. Imports matplotlib (the `bench` extra)."""

from __future__ import annotations

import base64
import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eagleray.demo.scale_to_zero import Day

OURS, MEANT, WORST = "#0f766e", "#94a3b8", "#b45309"


def draw(day: Day, path: Path, caption: str) -> None:
    """Writes `path` (PNG) and a page beside it with the same picture and the story in words. Raises OSError."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(3, 1, figsize=(10, 8), sharex=True)
    _draw_load(axes[0], day)
    _draw_latency(axes[1], day)
    _draw_processes(axes[2], day)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_ylim(bottom=0)
        axis.legend(frameon=False, fontsize=8, loc="upper left")
    axes[-1].set_xlabel("seconds")
    figure.suptitle(caption, fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
    path.with_suffix(".html").write_text(_page(day, path, caption))


def _draw_load(axis: Any, day: Day) -> None:
    seconds = [rate[0] for rate in day.rates]
    axis.plot(seconds, [rate[1] for rate in day.rates], color=MEANT, linewidth=3, label="customers a second")
    axis.plot(seconds, [rate[2] for rate in day.rates], color=OURS, label="orders a second")


def _draw_latency(axis: Any, day: Day) -> None:
    told = [(rate[0], rate[3]) for rate in day.rates if rate[3] is not None]
    axis.plot([second for second, _ in told], [ms for _, ms in told], color=WORST, label="99th percentile of a second, ms")


def _draw_processes(axis: Any, day: Day) -> None:
    seconds = [sample.second for sample in day.samples]
    axis.fill_between(
        seconds, [sample.processes for sample in day.samples], step="post", color=OURS, alpha=0.25, label="processes that hold roles"
    )
    axis.step(seconds, [sample.query_processors for sample in day.samples], where="post", color=OURS, label="query processors")
    axis.step(seconds, [sample.boundaries for sample in day.samples], where="post", color=WORST, label="boundaries between key ranges")


def _page(day: Day, path: Path, caption: str) -> str:
    image = base64.b64encode(path.read_bytes()).decode()
    story = "".join(f"<tr><td>{second:.1f} s</td><td>{html.escape(text)}</td></tr>" for second, text in day.marks)
    return (
        '<!doctype html><meta charset="utf-8"><title>Eagleray: a day from zero to zero</title>'
        "<style>body{font:15px system-ui;margin:2rem auto;max-width:60rem}td{padding:.15rem .8rem .15rem 0;vertical-align:top}"
        "img{max-width:100%}</style><h1>A day from zero to zero</h1>"
        f'<p>{html.escape(caption)}</p><img alt="the day" src="data:image/png;base64,{image}"><table>{story}</table>'
    )
