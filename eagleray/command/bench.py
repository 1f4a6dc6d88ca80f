"""`bench`: how long a cluster at zero needs to wake, and what sessions that sleep meanwhile cost.

    eagleray bench wake --cold --json wakes.json      each wake's steps, where the processes are gone, too
    eagleray bench park --sessions 10000              bytes a session, and how soon each goes on

Each makes a cluster of its own (eagleray/bench_wake.py, bench_park.py) and ends it. Both are imported when they are
asked for: this module is read by every command.
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
