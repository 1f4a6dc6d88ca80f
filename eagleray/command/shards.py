"""`shards`: which keys lie on which storage shard, and a split, merge or move by hand (docs/shards.md)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from eagleray.command.connect import ask_controller, ask_status, state_of
from eagleray.command.main import OneLine
from eagleray.command.ranges import place_of, place_text

RESHAPE_S_MAX = 3600.0
"""All of a shard's rows are copied."""


def show_shards(data: Path) -> None:
    """Raises OneLine where no cluster runs."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("shard", "from", "to", "replicas", "rows", "bytes", ""):
        table.add_column(column)
    status = ask_status(state_of(data))
    loads = {actor["name"]: actor.get("load", {}) for actor in status["actors"]}
    for row in status["shards"]:
        most: dict[str, int] = max(
            (loads.get(name, {}) for name in row["replicas"]), key=lambda load: load.get("rows", 0), default={}
        )
        for place, (low, high) in enumerate(row["spans"]):
            ends = place_text(low, "the first key"), place_text(high, "the last key")
            rest = (str(len(row["replicas"])), f"{most.get('rows', 0):,}", f"{most.get('bytes', 0):,}", row["state"])
            table.add_row(str(row["shard"]) if not place else "", *ends, *(rest if not place else ()))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def split(data: Path, shard: int, cut: str, type_name: str) -> None:
    """`cut`: "": in the middle. Raises OneLine where the controller refuses."""
    if type_name and not cut:
        raise OneLine("--type says how to read --at, which is not given")
    reshape(data, [shard], place_of(cut, type_name) if cut else b"")


def reshape(data: Path, shards: list[int], cut: bytes | None = None) -> None:
    """Raises OneLine where the controller refuses."""
    from actors.common.messages import ReshapeShards

    state = state_of(data)
    before = {row["shard"] for row in ask_status(state)["shards"]}
    question: Any = ReshapeShards(shards, cut)
    ask_controller(state, question, RESHAPE_S_MAX)
    new = [str(row["shard"]) for row in ask_status(state)["shards"] if row["shard"] not in before]
    former = f"shard {shards[0]}" if len(shards) == 1 else f"shards {' and '.join(map(str, shards))}"
    click.echo(f"{former} ended; in place of {'it' if len(shards) == 1 else 'them'}: {', '.join(new) or 'others'}")


def set_replicas(data: Path, shard: int, count: int) -> None:
    """Raises OneLine where the controller refuses."""
    from actors.common.messages import SetReplicas

    question: Any = SetReplicas(shard, count)
    ask_controller(state_of(data), question)
    click.echo(f"shard {shard} has {count} replicas; new ones serve once they are filled")
