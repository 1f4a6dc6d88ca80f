"""`bench`: how long a cluster at zero needs to wake, what sessions that sleep meanwhile cost, and what distance costs.

    eagleray bench wake --cold --json wakes.json      each wake's steps, where the processes are gone, too
    eagleray bench park --sessions 10000              bytes a session, and how soon each goes on
    eagleray bench regions                            commits and reads of regions that are far from each other

Each makes clusters of its own (eagleray/bench_wake.py, bench_park.py, bench_regions.py) and ends them. They are
imported when they are asked for: this module is read by every command.
"""

from __future__ import annotations

from pathlib import Path

import click

from eagleray.command.options import OneLine


@click.group()
def bench() -> None:
    """Measurements of this machine."""


@bench.command("wake")
@click.option("--wakes", type=click.IntRange(1), default=20, show_default=True)
@click.option("--rows", type=click.IntRange(1), default=1_000_000, show_default=True, help="In the database.")
@click.option(
    "--warm/--cold", default=True, show_default=True, help="Whether Ray keeps spare workers at zero, or none."
)
@click.option("--parked", is_flag=True, help="A session that was parked goes on; else a new connection is made.")
@click.option(
    "--json",
    "out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Where to write every wake's times.",
)
def bench_wake(wakes: int, rows: int, warm: bool, parked: bool, out: Path | None) -> None:
    """How long a client of a cluster at zero waits for its first row, and where the time goes."""
    from eagleray.bench_wake import WakeFailed, main

    try:
        main(wakes, rows, warm, parked, out)
    except WakeFailed as error:
        raise OneLine(str(error)) from None


@bench.command("park")
@click.option("--sessions", type=click.IntRange(2), default=1000, show_default=True)
@click.option(
    "--json",
    "out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Where to write every session's time.",
)
def bench_park(sessions: int, out: Path | None) -> None:
    """What sessions that sleep at zero cost, and how soon each goes on."""
    from eagleray.bench_park import main
    from eagleray.bench_wake import WakeFailed

    try:
        main(sessions, out)
    except WakeFailed as error:
        raise OneLine(str(error)) from None


@bench.command("regions")
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    type=click.Choice(["one", "two", "three", "five"]),
    help="One region, two and a witness, three, or five (default: the first three).",
)
@click.option("--clients", type=click.IntRange(1), default=2, show_default=True, help="Writers, and readers, a region.")
@click.option("--seconds", type=click.FloatRange(1), default=8.0, show_default=True, help="Each step takes.")
@click.option("--round-trip-ms", type=click.FloatRange(2), default=75.0, show_default=True, help="Between two regions.")
@click.option(
    "--json", "out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Where to write the figures."
)
def bench_regions(
    shapes: tuple[str, ...], clients: int, seconds: float, round_trip_ms: float, out: Path | None
) -> None:
    """What commits and reads take where regions are far from each other, in multiples of the round trip."""
    from eagleray.bench_regions import USUAL, RegionsFailed, main

    try:
        main(shapes or USUAL, clients, seconds, round_trip_ms, out)
    except RegionsFailed as error:
        raise OneLine(str(error)) from None
