"""`adjudicators`: how many decide about commits, each with a journal of its own; one more or one less while the cluster
runs (docs/ranges.md)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from eagleray.command.connect import ask_controller, ask_status, state_of

ADD_S_MAX = 60.0
"""Processes are created, and a journal's replicas."""
REMOVE_S_MAX = 60.0


def show_adjudicators(data: Path) -> None:
    """Raises OneLine where no cluster runs."""
    from rich.console import Console
    from rich.table import Table

    status = ask_status(state_of(data))
    places = {row["name"]: row["az"] for row in status["actors"]}
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("adjudicator", "zone", "state", "ranges"):
        table.add_column(column)
    for row in status["adjudicators"]:
        table.add_row(
            str(row["number"]), places.get(f"adjudicator/{row['number']}", ""), row["state"], str(row["ranges"])
        )
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def add_adjudicator(data: Path) -> None:
    """Raises OneLine where the controller refuses."""
    from actors.common.messages import AddAdjudicator

    state = state_of(data)
    question: Any = AddAdjudicator(ask_status(state)["next_adjudicator"])
    answer = ask_controller(state, question, ADD_S_MAX)
    click.echo(f"adjudicator/{answer.number} is there; it owns no keys yet (eagleray ranges move)")


def remove_adjudicator(data: Path, adjudicator: int) -> None:
    """Raises OneLine where the controller refuses."""
    from actors.common.messages import RemoveAdjudicator

    question: Any = RemoveAdjudicator(adjudicator)
    ask_controller(state_of(data), question, REMOVE_S_MAX)
    click.echo(f"adjudicator/{adjudicator} owns no keys any more; it goes once storage has all of its journal")
