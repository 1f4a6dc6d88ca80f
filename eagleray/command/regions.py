"""`region`: what each region has and leads, and, where regions stand on one machine with delays between them, which
of them are cut off from each other (docs/regions.md).

    eagleray region status
    eagleray region cut east             from all others
    eagleray region cut east west        these two from each other
    eagleray region heal
    eagleray region rebuild east         while the cluster is down: east begins anew, and is filled from the others
    eagleray region recover west         the last resort: most regions are lost, west goes on from what it has
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from actors.runtime.region_cuts import Pairs, cut_off, cuts_path, read_cuts, write_cuts
from eagleray.command.options import OneLine, data_option

if TYPE_CHECKING:
    from actors.common.settings import Settings
    from cluster.data_folder import DataFolder
    from cluster.recovering import Found


@click.group()
def region() -> None:
    """Regions of a cluster that has several."""


@region.command("status")
@data_option
def region_status(data: Path) -> None:
    """What each region has, which ranges it leads, and how its clients connect."""
    from rich.console import Console
    from rich.table import Table

    from eagleray.command.show import status_of

    rows = status_of(data)["regions"]
    if not rows:
        raise OneLine("this cluster has one region (docs/regions.md)")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("region", "zones", "leads", "cut off from", "clients connect to"):
        table.add_column(column)
    for row in rows:
        leads = f"{row['ranges']} of {row['ranges_all']} ranges" if row["serves"] else "a witness"
        table.add_row(row["region"], " ".join(row["zones"]), leads, " ".join(row["cut_from"]), row["url"])
    Console(width=None if sys.stdout.isatty() else 200).print(table)


@region.command("cut")
@data_option
@click.argument("name")
@click.argument("other", required=False, default="")
def region_cut(data: Path, name: str, other: str) -> None:
    """Cut region NAME off from all others, or from OTHER alone, as a network that has lost its way. Where the settings
    say how far regions are (regions.delay_ms), and so only on one machine."""
    sockets, regions = _injected(data)
    for wanted in (name, *([other] if other else [])):
        if wanted not in regions:
            raise OneLine(f"there is no region {wanted!r}: {', '.join(regions)}")
    if name == other:
        raise OneLine("a region cannot be cut off from itself")
    cuts = frozenset({frozenset((name, other))}) if other else cut_off(name, regions)
    write_cuts(cuts_path(sockets), read_cuts(cuts_path(sockets)) | cuts)
    click.echo(f"{name} is cut off from {other or 'all others'} (eagleray region heal ends that)")


@region.command("heal")
@data_option
def region_heal(data: Path) -> None:
    """All regions hear each other again."""
    sockets, _ = _injected(data)
    write_cuts(cuts_path(sockets), frozenset())
    click.echo("no region is cut off")


@region.command("recover")
@data_option
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def region_recover(data: Path, name: str, yes: bool) -> None:
    """The last resort, where most regions are lost with their disks, and the cluster is down: NAME goes on from what it
    has, and the others are filled from it. What NAME had not heard of is lost. Refused where a majority has its
    disks."""
    from cluster.recovering import look, recover

    with _stopped(data) as (folder, settings):
        found = look(folder, settings, name)
        for line in recovery_lines(found):
            click.echo(line)
        if not yes:
            click.confirm(f"{name} goes on alone. Are the other regions lost for good?", abort=True)
        aside = recover(folder, settings, found)
    if aside is not None:
        click.echo(f"what was left of the other regions lies in {aside}")
    click.echo(f"{name} goes on; start the cluster with: eagleray up --data {data}")


@region.command("rebuild")
@data_option
@click.argument("name")
def region_rebuild(data: Path, name: str) -> None:
    """While the cluster is down: NAME begins anew with empty disks at the next `up`, and is filled from the others. Its
    old disks, wherever they turn up, count no more. Refused where the others are no majority."""
    from cluster.recovering import rebuild

    with _stopped(data) as (folder, settings):
        aside = rebuild(folder, settings, name)
    if aside is not None:
        click.echo(f"what {name} had lies in {aside}")
    click.echo(f"{name} begins anew; start the cluster with: eagleray up --data {data}")


@contextmanager
def _stopped(data: Path) -> Iterator[tuple[DataFolder, Settings]]:
    """A cluster of this machine that is down, and stays so for as long as this process lives. Raises OneLine."""
    from actors.common.errors import DatabaseError
    from actors.common.settings_file import SettingsError
    from cluster.data_folder import DataFolder, DataFolderError
    from cluster.recovering import NotRecoverable
    from cluster.remembered import resolve

    folder = DataFolder(data)
    try:
        cluster = folder.read_cluster()
        if cluster is None:
            raise OneLine(f"{folder.root} holds no cluster")
        if "address" in cluster:
            raise OneLine("this cluster lies on the nodes of a Ray that it has joined: its regions' disks are not here")
        folder.lock()
        yield folder, resolve(cluster, None, None, None).settings
    except (DataFolderError, DatabaseError, NotRecoverable, SettingsError) as error:
        raise OneLine(str(error)) from None


def recovery_lines(found: Found) -> list[str]:
    """What goes on, and from where on commits may be lost; for people."""
    lines = [f"region {found.region} has, of the cluster's state, version {found.state.version}, and of"]
    for number, has in found.journals.items():
        if number:
            lines.append(f"  journal {number}: records up to {has.last_lsn}, commits up to {moment(has.last_ts)}")
    lines.append("What was committed later, and only in the other regions, is lost.")
    return lines


def moment(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp / 1e6, UTC).isoformat(sep=" ", timespec="microseconds")


def _injected(data: Path) -> tuple[Path, list[str]]:
    """Where its sockets are, and its regions. Raises OneLine where no cluster runs, or nothing can be cut."""
    from eagleray.command.connect import state_of

    state = state_of(data)
    if not (regions := state.get("far_regions")):
        raise OneLine("only regions of one machine can be cut off, those with regions.delay_ms (docs/regions.md)")
    return Path(state["sockets"]), list(regions)


def described(answer: dict[str, Any], urls: dict[str, str], cuts: Pairs) -> list[dict[str, Any]]:
    """The rows of a status's `regions`, with what their adjudicators lead: `leads` (names), `ranges` of `ranges_all`;
    `cut_from` (other regions), and the `url` of their clients ("": a witness)."""
    homes = {actor["name"]: actor["az"] for actor in answer["actors"]}
    rows = []
    for row in answer["regions"]:
        owned = [f"adjudicator/{piece['adjudicator']}" for piece in answer["ranges"]]
        leads = sorted({name for name in owned if homes.get(name) in row["zones"]})
        cut_from = sorted(next(iter(pair - {row["region"]})) for pair in cuts if row["region"] in pair)
        rows.append(
            {
                **row,
                "leads": leads,
                "ranges": sum(name in leads for name in owned),
                "ranges_all": len(owned),
                "cut_from": cut_from,
                "url": urls.get(row["region"], ""),
            }
        )
    return rows


def region_lines(rows: list[dict[str, Any]]) -> list[str]:
    """For people, one for each of `described`."""
    lines = []
    for row in rows:
        leads = f"leads {row['ranges']} of {row['ranges_all']} ranges" if row["serves"] else "a witness"
        cut = f", cut off from {' and '.join(row['cut_from'])}" if row["cut_from"] else ""
        lines.append(f"region {row['region']}: {leads}{cut}{'   ' + row['url'] if row['url'] else ''}")
    return lines
