"""`eagleray region recover`, the last resort of a cluster that has lost most of its regions, and `region rebuild`, for
one that others can do without (docs/regions.md).

    found = look(folder, "west")       what west has, and what may be lost; nothing is changed. Raises NotRecoverable
    recover(folder, found)             west goes on from what it has, once `eagleray up` starts the cluster
    rebuild(folder, "east")            east begins anew with empty disks, and is filled from the others. Raises
                                       NotRecoverable where these are no majority

The cluster is down. A journal goes on where a majority of its replicas' disks is; so nothing is done where a majority
of the regions still has its own. Else the replicas of the region that is left are told to go on alone
(actors/journal/recovering.py), and the zones of the others get new seats: they begin with empty disks, and are filled
from what is left. What their old disks hold of roles is set aside, in DATA/lost, and counts for nobody any more. What
was done, and what the journals had, is a line of DATA/recoveries.jsonl.

Every step may be taken again: seats are noted first, then the journals are told, and the old disks go last. A region
that is rebuilt needs no more than new seats: the others, which are a majority, let it vote once it has everything.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from actors.common.errors import DatabaseError
from actors.common.settings import Settings
from actors.journal.log import JournalLog, read_promise
from actors.journal.record import STATE, MappedHeader, decode_header, encode_record, payload_of
from actors.journal.recovering import Survivor, stand_alone
from actors.runtime.local_disk import LocalDisk
from cluster.data_folder import DataFolder
from cluster.keeping import JOURNAL
from cluster.membership import journals_of
from cluster.regions import Regions, majority_of, regions_of
from cluster.state import ClusterState, decode_state, encode_state

LOST = "lost"
RECOVERIES = "recoveries.jsonl"


class NotRecoverable(Exception):
    """Why nothing was done, in one line."""


@dataclass(frozen=True)
class Found:
    """`site`: the zone with the region's journals; `lost`: the zones of all others. `companions`: sites that must have
    been filled before a majority decides again. `journals`: what each has."""

    region: str
    site: str
    lost: tuple[str, ...]
    companions: tuple[str, ...]
    journals: dict[int, Survivor]
    state: ClusterState


def look(folder: DataFolder, settings: Settings, region: str) -> Found:
    """Raises NotRecoverable."""
    regions, azs = regions_of(settings), settings.layout.azs
    serving = sorted({regions.of(az) for az in regions.serving(azs)})
    _require(region, regions.zones.values(), regions)
    if region not in serving:
        raise NotRecoverable(f"no region {region!r} has rows to go on with: {', '.join(serving)}")
    sites = regions.sites(azs)
    site = next(az for az in sites if regions.of(az) == region)
    voting = _voting(folder, sites)
    if len(voting) >= majority_of(settings):
        there = ", ".join(regions.of(az) for az in voting)
        raise NotRecoverable(f"a majority of the regions has its disks: {there}; `eagleray up` starts the cluster")
    if site not in voting:
        raise NotRecoverable(f"region {region} has no journal that may go on: its disk is missing, new or damaged")
    lost = tuple(az for az in azs if regions.of(az) != region)
    state = _newest_state(folder, settings, site)
    numbers = [JOURNAL, *(term.number for term in journals_of(state).terms)]
    try:
        journals = {number: _stand_alone(folder, settings, number, site, (), {}, check=True) for number in numbers}
    except DatabaseError as error:
        raise NotRecoverable(f"region {region}: {error.message}") from None
    known = journals_of(state).version
    for number, has in journals.items():
        if has.set_version > known:
            raise NotRecoverable(
                f"journal {number} goes by version {has.set_version} of the set of journals, of which region {region} "
                f"has version {known}: an adjudicator was coming or going"
            )
    return Found(region, site, lost, _companions(regions, sites, site), journals, state)


def _companions(regions: Regions, sites: Sequence[str], site: str) -> tuple[str, ...]:
    """With the site they are a majority: those that serve first."""
    others = sorted((az for az in sites if az != site), key=lambda az: not regions.serves(az))
    return tuple(others[: len(sites) // 2])


def recover(folder: DataFolder, settings: Settings, found: Found) -> Path | None:
    """Where the old disks' files lie now, None where there were none. Raises DataFolderError, DatabaseError."""
    seats = _take_seats(folder, found.lost)
    _raise_map(folder, settings, found)
    for number in found.journals:
        names = {f"journal/{number}/{az}": seats[az] for az in found.lost}
        companions = [f"journal/{number}/{az}" for az in found.companions]
        _stand_alone(folder, settings, number, found.site, companions, names)
    aside = _set_aside(folder, found.state, found.lost)
    journals = {number: asdict(has) for number, has in found.journals.items()}
    _note(folder, {"region": found.region, "lost_zones": found.lost, "journals": journals})
    return aside


def rebuild(folder: DataFolder, settings: Settings, region: str) -> Path | None:
    """As `recover`. Raises NotRecoverable, and nothing is changed; DataFolderError."""
    regions, azs = regions_of(settings), settings.layout.azs
    _require(region, regions.zones.values(), regions)
    voting = [az for az in _voting(folder, regions.sites(azs)) if regions.of(az) != region]
    if len(voting) < majority_of(settings):
        there = ", ".join(regions.of(az) for az in voting) or "none"
        raise NotRecoverable(f"without region {region} no majority has its disks: {there}")
    state = _newest_state(folder, settings, voting[0])
    zones = tuple(az for az in azs if regions.of(az) == region)
    _take_seats(folder, zones)
    aside = _set_aside(folder, state, zones)
    _note(folder, {"rebuilt": region, "zones": zones})
    return aside


def _raise_map(folder: DataFolder, settings: Settings, found: Found) -> None:
    """A range was moving, and the journals know of a newer map than the state that is left: no adjudicator would go by
    an older one. The state's map counts again, under a version that nobody has had. That is as good as any: each key
    has one owner, whose epoch is yet to begin, above all that was committed or promised."""
    newest = max(has.map_version for has in found.journals.values())
    state = found.state
    if newest <= state.shard_map.version:
        return
    shard_map = replace(state.shard_map, version=newest + 1)
    state = replace(state, version=state.version + 1, shard_map=shard_map, transfer=None)
    asyncio.run(_append_state(_disk(folder, f"journal/{JOURNAL}/{found.site}"), settings, state))


async def _append_state(disk: LocalDisk, settings: Settings, state: ClusterState) -> None:
    """As a writer's last record, of which nobody knows whether it was committed: its successor finds it."""
    log = JournalLog.open(disk, settings.journaling)
    try:
        last = decode_header(log.read(log.last_lsn, 1, log.last_lsn)[0])
        at = last.commit_ts + 1
        header = MappedHeader(
            last.lsn + 1,
            last.epoch,
            STATE,
            at,
            at,
            max(at, last.epoch_end),
            map_version=state.shard_map.version,
            set_version=journals_of(state).version,
        )
        log.append([encode_record(header, encode_state(state))])
        synced: asyncio.Future[DatabaseError | None] = asyncio.get_running_loop().create_future()
        log.sync(synced.set_result)
        if (error := await synced) is not None:
            raise error
    finally:
        log.close()


def _require(region: str, there: Iterable[str], regions: Regions) -> None:
    if not regions:
        raise NotRecoverable("this cluster has one region (docs/regions.md)")
    if region not in there:
        raise NotRecoverable(f"there is no region {region!r}: {', '.join(sorted(set(there)))}")


def _voting(folder: DataFolder, sites: Iterable[str]) -> list[str]:
    """Where a disk of the journal that has the state may vote."""
    return [az for az in sites if _votes(folder, JOURNAL, az)]


def _take_seats(folder: DataFolder, zones: Iterable[str]) -> dict[str, int]:
    cluster = folder.read_cluster() or {}
    known: dict[str, int] = cluster.get("seats", {})
    seats = {az: known.get(az, 0) + 1 for az in zones}
    folder.write_cluster({**cluster, "seats": {**known, **seats}})
    return seats


def _stand_alone(
    folder: DataFolder,
    settings: Settings,
    number: int,
    site: str,
    companions: Sequence[str],
    seats: dict[str, int],
    *,
    check: bool = False,
) -> Survivor:
    disk = _disk(folder, f"journal/{number}/{site}")
    standing = stand_alone(disk, settings.journaling, companions=companions, seats=seats, check=check)
    return asyncio.run(standing)


def _disk(folder: DataFolder, role: str) -> LocalDisk:
    return LocalDisk(folder.roles / role)


def _votes(folder: DataFolder, journal: int, az: str) -> bool:
    role = f"journal/{journal}/{az}"
    if not (folder.roles / role).is_dir():
        return False
    try:
        return read_promise(_disk(folder, role)).voter
    except DatabaseError:
        return False


def _newest_state(folder: DataFolder, settings: Settings, site: str) -> ClusterState:
    """Raises NotRecoverable."""
    try:
        log = JournalLog.open(_disk(folder, f"journal/{JOURNAL}/{site}"), settings.journaling)
        try:
            for lsn in range(log.last_lsn, log.first_lsn - 1, -1):
                [record] = log.read(lsn, 1, lsn)
                if decode_header(record).kind == STATE:
                    return decode_state(payload_of(record))
        finally:
            log.close()
    except (DatabaseError, ValueError) as error:
        raise NotRecoverable(f"the state of the cluster cannot be read: {error}") from None
    raise NotRecoverable("the region that is left knows no state of the cluster")


def _set_aside(folder: DataFolder, state: ClusterState, zones: Collection[str]) -> Path | None:
    old = [
        role.name
        for process in state.processes
        for role in process.roles
        if process.az in zones and (folder.roles / role.name).is_dir()
    ]
    if not old:
        return None
    aside = folder.root / LOST / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"
    for name in sorted(old):
        (aside / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.move(folder.roles / name, aside / name)
    return aside


def _note(folder: DataFolder, told: dict[str, Any]) -> None:
    told = {"at": datetime.now(UTC).isoformat(), **told}
    with open(os.open(folder.root / RECOVERIES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as file:
        file.write(json.dumps(told) + "\n")
        file.flush()
        os.fsync(file.fileno())
