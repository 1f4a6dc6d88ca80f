"""`ranges`: which adjudicator decides about which keys, a move by hand, and ranges that a region leads whoever writes
them.

A range is cut at the bytes of a primary key's first columns, in every table and index alike. A person names such a
place by a value and its type, or by its bytes in hexadecimal.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from eagleray.command.connect import ask_controller, ask_status, state_of
from eagleray.command.main import OneLine

MOVE_S_MAX = 15.0


def show_ranges(data: Path) -> None:
    """Raises OneLine where no cluster runs."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    status = ask_status(state_of(data))
    regions = {zone: row["region"] for row in status["regions"] for zone in row["zones"]}
    zones = {actor["name"]: actor["az"] for actor in status["actors"]}
    for column in ("from", "to", "adjudicator", *(["led in"] if regions else []), "shard"):
        table.add_column(column)
    for row in status["ranges"]:
        owner = f"{row['adjudicator']}" + (f" -> {row['to']}" if "to" in row else "")
        led_in = [regions.get(zones.get(f"adjudicator/{row['adjudicator']}", ""), "")] if regions else []
        ends = place_text(row["low"], "the first key"), place_text(row["high"], "the last key")
        table.add_row(*ends, owner, *led_in, str(row["shard"]))
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(table)
    for pin in status["pins"]:
        low, high = place_text(pin["low"], "the first key"), place_text(pin["high"], "the last key")
        console.print(f"pinned: from {low} to {high}, led in {pin['region']}")


def place_text(place: str, end: str) -> str:
    """A cut in hexadecimal, with the integer that it stands for, if it does for one."""
    if not place:
        return end
    data = bytes.fromhex(place)
    if len(data) not in (2, 4, 8):
        return place
    return f"{place} ({int.from_bytes(data, 'big') - (1 << (8 * len(data) - 1))} as int{len(data)})"


def place_of(text: str, type_name: str) -> bytes:
    """`text` as a value of the type, as keys are encoded; as hexadecimal digits for "". Raises OneLine."""
    from actors.common.errors import DatabaseError
    from actors.sql.encoding.keys import KeyCodec
    from actors.sql.types import ColumnType, by_name

    try:
        if not type_name:
            return bytes.fromhex(text)
        if type_name not in by_name:
            raise OneLine(f"there is no type {type_name}")
        kind = by_name[type_name]
        return bytes(KeyCodec([ColumnType(type_name)]).encode([kind.parse_text(text, -1)]))
    except ValueError:
        raise OneLine(f"{text} is no row of hexadecimal digits (name the type of a value by --type)") from None
    except DatabaseError as error:
        raise OneLine(error.message) from None


def move_range(data: Path, low: str, high: str, adjudicator: int, type_name: str) -> None:
    """Raises OneLine where the controller refuses."""
    from actors.common.messages import MoveRange

    state = state_of(data)
    question: Any = MoveRange(*_bounds(low, high, type_name), adjudicator)
    ask_controller(state, question, MOVE_S_MAX)
    click.echo(f"adjudicator/{adjudicator} owns the range")


def pin_range(data: Path, low: str, high: str, region: str, type_name: str) -> None:
    """`region` "": the range is to be led where it is written. Raises OneLine where the controller refuses."""
    from actors.common.messages import PinRange

    state = state_of(data)
    question: Any = PinRange(*_bounds(low, high, type_name), region)
    ask_controller(state, question, MOVE_S_MAX)
    click.echo(f"the range is pinned to {region}" if region else "the range is pinned nowhere")


def _bounds(low: str, high: str, type_name: str) -> tuple[bytes, bytes | None]:
    return place_of(low, type_name) if low else b"", place_of(high, type_name) if high else None
