"""`status`: a table for people, one JSON object for programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from actors.runtime.region_cuts import cuts_path, read_cuts
from eagleray.command.connect import ask_status, state_of
from eagleray.command.regions import described, region_lines
from eagleray.top.history import LAYERS

PLACEMENTS = {"role": "an actor a role", "az": "an actor an availability zone"}


def status_of(data: Path, timeout_s: float = 10.0) -> dict[str, Any]:
    """What `status --json` prints. Raises OneLine where no cluster runs."""
    from cluster.data_folder import DataFolder
    from cluster.loop_watch import read_replacements

    answer = ask_status(state_of(data), timeout_s)
    answer["supervised"] = DataFolder(data).is_locked()
    state = DataFolder(data).read_state() or {}
    answer["certificate_authority"] = state.get("certificate_authority", "")
    cuts = read_cuts(cuts_path(DataFolder(data).sockets))
    answer["regions"] = described(answer, state.get("regions", {}), cuts)
    replaced = read_replacements(DataFolder(data).replacements_path)
    for actor in answer["actors"]:
        actor["replaced"] = replaced.get(actor["actor"])
    return answer


def show_status(data: Path, as_json: bool) -> None:
    """Raises OneLine where no cluster runs. Exit status 3 when the cluster is not wholly up."""
    answer = status_of(data)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        _print_table(answer)
    if answer["state"] != "running":
        sys.exit(3)


def _print_table(answer: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    regions = "".join(f"\n{line}" for line in region_lines(answer["regions"]))
    placement = f"placement: {PLACEMENTS[answer['placement']['kind']]} ({answer['placement']['why']})"
    table = Table(
        title=f"{answer['url']}   "
        f"{answer['state']}{_unsupervised(answer)}{regions}\n{_activity(answer)}\n{placement}{_authority(answer)}\n{metering_line(answer['metering'])}{store_lines(answer['actors'])}",
        title_justify="left",
        box=None,
        header_style="bold",
        pad_edge=False,
    )
    zones = {zone: row["region"] for row in answer["regions"] for zone in row["zones"]}
    for column in (
        "layer",
        "name",
        *(["region"] if zones else []),
        "az",
        "node",
        "pid",
        "state",
        "epoch",
        "watermark",
        "range",
        "load",
    ):
        table.add_column(column, overflow="fold")
    order = {layer: number for number, layer in enumerate(LAYERS)}
    for actor in sorted(answer["actors"], key=lambda actor: (order.get(actor["layer"], 99), actor["name"])):
        load = " ".join(f"{key}={value}" for key, value in sorted(load_of(actor).items()))
        style = None if actor["state"] == "running" else "red"
        state = actor["state"]
        if actor["replaced"] is not None:
            state += f" (replaced at {actor['replaced']['at']}: {actor['replaced']['why']})"
        stands = [zones.get(actor["az"]), actor["az"]] if zones else [actor["az"]]
        cells = [actor["layer"], actor["name"], *stands, (actor["node"] or "")[:8], actor["pid"], state]
        cells += [actor["epoch"], _time(actor["watermark"]), actor["range"], load]
        table.add_row(*["" if cell is None else str(cell) for cell in cells], style=style)
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _unsupervised(answer: dict[str, Any]) -> str:
    return (
        ""
        if answer["supervised"]
        else "\nits supervisor has ended: nobody replaces processes whose event loop is held (down, then up, "
        "begins one)"
    )


def _authority(answer: dict[str, Any]) -> str:
    """By which clients know that it is this cluster (sslrootcert)."""
    return f"\ncertificate authority: {answer['certificate_authority']}" if answer["certificate_authority"] else ""


def load_of(actor: dict[str, Any]) -> dict[str, Any]:
    """What counts and loads an actor tells of."""
    counts = {
        key: actor[key] for key in ("sessions", "parked", "statements", "transactions", "conflicts") if key in actor
    }
    return counts | (actor.get("load") or {})


def metering_line(metering: dict[str, Any]) -> str:
    dpu = metering["dpu"]
    parts = ", ".join(f"{name} {dpu[name]:,.3f}" for name in ("compute", "read", "write"))
    return (
        f"used since {metering['since']}: {dpu['total']:,.3f} DPU ({parts}) in {metering['transactions']:,} "
        f"transactions"
    )


def store_lines(actors: list[dict[str, Any]]) -> str:
    """What an object store refuses, and to whom, and what checkpoints wait for; journals keep what it lacks
    meanwhile."""
    lines = ""
    for kind, why in (("refused", "is uploaded"), ("waits", "is uploaded before the store has")):
        lacking = [
            (actor["name"], actor["object_store"])
            for actor in actors
            if f"{kind}_since" in actor.get("object_store", {})
        ]
        if lacking:
            name, told = min(lacking, key=lambda one: one[1][f"{kind}_since"])
            others = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            reason = f": {told['refused']}" if kind == "refused" else f" {told['waits_for']}"
            lines += f"\nobject store: since {told[f'{kind}_since']} nothing of {name}{others} {why}{reason}"
    return lines


def _activity(answer: dict[str, Any]) -> str:
    """Why the cluster is awake, and what woke it."""
    activity = answer["activity"]
    parts = [activity["awake_because"]] if activity["awake_because"] else []
    if activity["last_wake"] is not None:
        parts.append(f"woken at {activity['last_wake']['at']} by {activity['last_wake']['by']}")
    return "; ".join(parts)


def _time(watermark: int | None) -> str:
    from datetime import UTC, datetime, timedelta

    if not watermark:
        return ""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=watermark)).strftime("%H:%M:%S.%f")
