"""`ranges`: which adjudicator decides about which keys, a move by hand, and which region leads what (ranges.py)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from eagleray.command.options import data_option


def _range_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--type",
            "kind",
            default="",
            help="The type of those keys, as int8 or uuid (default: they are bytes in hexadecimal).",
        ),
        click.option("--to", "high", default="", help="The first key above it (default: all others)."),
        click.option("--from", "low", default="", help="The first key of the range (default: the first of all)."),
    ):
        command = option(command)
    return command


@click.group(invoke_without_command=True)
@data_option
@click.pass_context
def ranges(context: click.Context, data: Path) -> None:
    """Show which adjudicator decides about which keys; with `move`, `pin` and `unpin`, change it."""
    from eagleray.command.ranges import show_ranges

    if context.invoked_subcommand is None:
        show_ranges(data)


@ranges.command("move")
@data_option
@_range_options
@click.argument("adjudicator", type=click.IntRange(1))
def move(data: Path, low: str, high: str, kind: str, adjudicator: int) -> None:
    """Have ADJUDICATOR decide about the keys of a range, in all tables, while the cluster runs."""
    from eagleray.command.ranges import move_range

    move_range(data, low, high, adjudicator, kind)


@ranges.command("pin")
@data_option
@_range_options
@click.argument("region")
def pin(data: Path, low: str, high: str, kind: str, region: str) -> None:
    """Have the keys of a range, in all tables, led in REGION, whoever writes them."""
    from eagleray.command.ranges import pin_range

    pin_range(data, low, high, region, kind)


@ranges.command("unpin")
@data_option
@_range_options
def unpin(data: Path, low: str, high: str, kind: str) -> None:
    """Have the keys of a range follow their writers again."""
    from eagleray.command.ranges import pin_range

    pin_range(data, low, high, "", kind)
