"""What a cluster consists of: its processes, the roles in them, and which adjudicator and shard own which key.

A `ClusterState` is a value. The controller keeps the newest version where a majority of zones holds it
(cluster/keeping.py), and changes it by writing a successor; nothing else says what there is. Settings say how a cluster
begins (cluster/initial.py) and within which bounds it changes.

    RoleState("journal/1/a", "journal", {"journal": 1})
    ProcessState("journal-1-a", "a", (RoleState(...),))       one Ray actor, on a node of availability zone a
    ClusterState(7, (ProcessState(...), ...), ShardMap(...))

A role's `arguments` are all that its constructor needs to know besides its Context (cluster/roles.py): whoever starts a
role passes them on as they are, and computes nothing from settings.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from actors.common.errors import INVALID_PARAMETER_VALUE, OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.journal_set import JournalSet
from actors.common.ranges import ShardMap, moved, same_owners
from actors.common.timestamps import Timestamp
from cluster.pins import Pins, check_pin, pinned
from cluster.policies.placement import Placement
from cluster.regions import Regions

MOVABLE = frozenset({"adjudicator", "crossbar"})
"""Kinds of which each role runs once in the cluster and holds nothing on disk: when its process dies it goes on in
another one."""


class RoleState(msgspec.Struct, frozen=True):
    """`kind` is the layer: query_processor, adjudicator, journal, crossbar, storage or gateway."""

    name: str
    kind: str
    arguments: dict[str, Any] = {}

    @property
    def movable(self) -> bool:
        return self.kind in MOVABLE


class ProcessState(msgspec.Struct, frozen=True):
    """One Ray actor. Its movable roles are those that it runs as long as nothing fails."""

    name: str
    az: str
    roles: tuple[RoleState, ...] = ()

    @property
    def fixed(self) -> list[RoleState]:
        """Roles that run in this process or nowhere: their disk is its own, or their clients are."""
        return [role for role in self.roles if not role.movable]


class Transfer(msgspec.Struct, frozen=True):
    """All columns in [low, high) (None: to the end) go from adjudicator `source` to adjudicator `target`
    (docs/ranges.md)."""

    low: bytes
    high: bytes | None
    source: int
    target: int
    by_load: bool = False
    """Nobody has asked for it: when the load has gone, the range goes back."""


class Reshape(msgspec.Struct, frozen=True):
    """Shards `parents` end, and `children` take over what they hold: two, parted at the columns `cut`, or one
    (docs/shards.md)."""

    parents: tuple[int, ...]
    children: tuple[int, ...]
    cut: bytes | None = None
    is_handed_on: bool = False
    """The children own the columns, and the parents are still there for whoever does not know that."""


class ClusterState(msgspec.Struct, frozen=True):
    """`version` rises with every change, from 1 on. `processes`: all but the controller's own, in the order in which
    they are started."""

    version: int
    processes: tuple[ProcessState, ...]
    shard_map: ShardMap
    placement: Placement = Placement()
    """Which roles share a process, and why."""
    transfer: Transfer | None = None
    """It is decided, and ends with the next version of the map."""
    rest: ShardMap | None = None
    """The map as it would be if no load had moved ranges; None where none has."""
    journals: JournalSet = JournalSet()
    """Version 0: those of the adjudicators that there are (cluster/membership.py)."""
    reshape: Reshape | None = None
    """It is decided, and goes on until it has ended."""
    shards_ever: int = 0
    """The highest number that a shard has had, where that is none of the first map's."""
    readers_ever: int = 1
    """The highest number that one of a shard's further replicas has had. None is given again: who has asked one for
    what it holds must not take the next one's for it."""
    regions: Regions = Regions()
    """Of the zones."""
    pins: Pins = ()
    """Which region leads what, whoever writes it."""

    @property
    def roles(self) -> dict[str, RoleState]:
        return {role.name: role for process in self.processes for role in process.roles}

    def process(self, name: str) -> ProcessState:
        """KeyError where there is none of this name."""
        for process in self.processes:
            if process.name == name:
                return process
        raise KeyError(name)


def with_query_processor(state: ClusterState, az: str) -> ClusterState:
    """One more query processor, in a process of its own. Its number is the lowest that none has."""
    taken = {role.arguments["number"] for role in state.roles.values() if role.kind == "query_processor"}
    number = next(number for number in range(1, len(taken) + 2) if number not in taken)
    role = RoleState(f"query_processor/{number}", "query_processor", {"number": number})
    return replace(state, processes=(*state.processes, ProcessState(f"query_processor-{number}", az, (role,))))


def without_process(state: ClusterState, name: str) -> ClusterState:
    return replace(state, processes=tuple(process for process in state.processes if process.name != name))


def with_transfer(
    state: ClusterState, low: bytes, high: bytes | None, target: int, *, by_load: bool = False
) -> ClusterState:
    """The columns in [low, high) are to go to adjudicator `target`. Raises 22023 where they are not one adjudicator's,
    or `target` is none; 55000 while another transfer is under way."""
    if state.transfer is not None:
        raise DatabaseError(
            OBJECT_NOT_IN_PREREQUISITE_STATE, "another range is on its way from one adjudicator to another"
        )
    if high is not None and high <= low:
        raise DatabaseError(INVALID_PARAMETER_VALUE, "a range ends above its beginning")
    term = state.journals.term(target)
    if f"adjudicator/{target}" not in state.roles or (term is not None and (term.since is None or term.leaving)):
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"there is no adjudicator/{target}")
    owners = state.shard_map.owners_of(low, high)
    if len(owners) != 1:
        raise DatabaseError(
            INVALID_PARAMETER_VALUE, f"the range is of several adjudicators: {', '.join(map(str, owners))}"
        )
    if owners == [target]:
        return state
    return replace(state, transfer=Transfer(low, high, owners[0], target, by_load))


def with_pin(state: ClusterState, low: bytes, high: bytes | None, region: str) -> ClusterState:
    """The columns in [low, high) are to be led in `region` ("": where they are written). Raises 22023."""
    check_pin(state.regions, low, high, region)
    return replace(state, pins=pinned(state.pins, low, high, region))


def map_after(state: ClusterState, since: Timestamp) -> ShardMap:
    """The map with which the transfer ends. `since`: what its source has answered. A target that was born lately
    decides nothing at or below the time from which its journal counts (I5)."""
    transfer = state.transfer
    assert transfer is not None
    term = state.journals.term(transfer.target)
    born = term.since if term is not None else None
    return moved(state.shard_map, transfer.low, transfer.high, transfer.target, max(since, born or since))


def transferred(state: ClusterState, transfer: Transfer, since: Timestamp) -> ClusterState:
    """The transfer is over. Nothing changes where it was before."""
    if state.transfer != transfer:
        return state
    shard_map, rest = map_after(state, since), state.rest or state.shard_map
    if not transfer.by_load:
        rest = moved(rest, transfer.low, transfer.high, transfer.target, 0)
    return replace(state, shard_map=shard_map, transfer=None, rest=None if same_owners(shard_map, rest) else rest)


def stays_at_zero(process: ProcessState) -> bool:
    """At zero: gateways take connections in, and wake the cluster."""
    return all(role.kind == "gateway" for role in process.roles)


def resting(state: ClusterState) -> ClusterState:
    """What is there of it at zero."""
    return replace(state, processes=tuple(process for process in state.processes if stays_at_zero(process)))


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(ClusterState)


def encode_state(state: ClusterState) -> bytes:
    return _encoder.encode(state)


def decode_state(data: bytes) -> ClusterState:
    """Raises msgspec.DecodeError where `data` is none."""
    return _decoder.decode(data)
