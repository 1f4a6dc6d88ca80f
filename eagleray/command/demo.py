"""`demo`: stories in a new cluster of their own, each figure of them measured as they are told."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import click

from eagleray.command.options import OneLine

written = click.Path(path_type=Path, dir_okay=False)
html_option = click.option("--html", type=written, default=None, help="Draw it here.")
png_option = click.option("--png", type=written, default=None, help="Draw it here (needs matplotlib).")


@click.group()
def demo() -> None:
    """What there is to see, in a new cluster of its own."""


@demo.command("scale-to-zero")
@html_option
@png_option
def demo_scale_to_zero(html: Path | None, png: Path | None) -> None:
    """A day from nothing to nothing: waking, following the load, sessions that sleep. Exit status 0 only if all of it
    held."""
    from eagleray.demo.scale_to_zero import main

    _require_matplotlib(png)
    sys.exit(main(html, png))


@demo.command("two-regions")
@html_option
@png_option
def demo_two_regions(html: Path | None, png: Path | None) -> None:
    """Two regions that both write, 75 ms apart: a conflict, and a region that is cut off and comes back. Exit status 0
    only if nothing was lost."""
    from eagleray.demo.two_regions import main

    _require_matplotlib(png)
    sys.exit(main(html, png))


def _require_matplotlib(png: Path | None) -> None:
    if png is not None and find_spec("matplotlib") is None:
        raise OneLine("--png needs matplotlib: pip install 'eagleray[bench]'")
