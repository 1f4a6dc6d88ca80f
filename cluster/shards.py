"""Shards end, and others take their place: the states in between, as pure functions (docs/shards.md says what each is
for).

    begun       the children's replicas are there, and follow their columns; their parents own them
    handed_on   the children own them, and the parents follow
    ended       the parents are gone

A shard's number is never used again, and its columns never change: a split or a merge makes new ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from actors.common import ranges
from actors.common.errors import INVALID_PARAMETER_VALUE, OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.ranges import ShardMap, Span, followed, joined_spans, parted
from cluster.state import ClusterState, ProcessState, Reshape, RoleState

REPLICAS_MAX = 15
"""Of a shard: each is sent all that is committed there."""


def begun(state: ClusterState, parents: Sequence[int], cut: bytes | None) -> ClusterState:
    """`parents` are to end: parted at `cut`, or as one. Raises 22023 where that cannot be, 55000 while others are on
    their way."""
    if state.reshape is not None:
        raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, "other shards are on their way")
    _check_transfer(state)
    _check(state.shard_map, parents, cut)
    first = max(state.shards_ever, *state.shard_map.all_shards()) + 1
    children = (first,) if cut is None else (first, first + 1)
    reshape = Reshape(tuple(parents), children, cut)
    processes = state.processes
    for child in children:
        processes = _with_replicas(processes, child, reshape.parents)
    shard_map = followed(state.shard_map, _spans_of(state.shard_map, reshape))
    return replace(state, processes=processes, shard_map=shard_map, reshape=reshape, shards_ever=children[-1])


def handed_on(state: ClusterState, reshape: Reshape) -> ClusterState:
    """The children have what they need. Nothing changes where that was so before. Raises 55000 while a range is on its
    way: its end is bound to the next map."""
    if state.reshape != reshape or reshape.is_handed_on:
        return state
    _check_transfer(state)
    shard_map = ranges.handed_on(state.shard_map, _spans_of(state.shard_map, reshape))
    return replace(state, shard_map=shard_map, reshape=replace(reshape, is_handed_on=True))


def ended(state: ClusterState, reshape: Reshape) -> ClusterState:
    """Nobody reads from the parents any more. As `handed_on`."""
    if state.reshape != reshape or not reshape.is_handed_on:
        return state
    _check_transfer(state)
    processes = without_roles(
        state.processes, (role.name for role in state.roles.values() if _is_replica(role, reshape.parents))
    )
    return replace(state, processes=processes, shard_map=followed(state.shard_map, {}), reshape=None)


def replicas(state: ClusterState, shards: Sequence[int]) -> list[str]:
    """Of these shards, by name."""
    return sorted(role.name for role in state.roles.values() if _is_replica(role, shards))


def without_roles(processes: Iterable[ProcessState], names: Iterable[str]) -> tuple[ProcessState, ...]:
    """A process that has lost its last role goes with it."""
    gone = set(names)
    left = [
        replace(process, roles=tuple(role for role in process.roles if role.name not in gone))
        if any(role.name in gone for role in process.roles)
        else process
        for process in processes
    ]
    return tuple(process for process in left if process.roles)


def _spans_of(shard_map: ShardMap, reshape: Reshape) -> dict[int, tuple[Span, ...]]:
    """What each child will hold. Of the map before its columns are handed on."""
    spans = joined_spans(span for parent in reshape.parents for span in shard_map.spans(parent))
    parts = (spans,) if reshape.cut is None else parted(spans, reshape.cut)
    return dict(zip(reshape.children, parts, strict=True))


def _check(shard_map: ShardMap, parents: Sequence[int], cut: bytes | None) -> None:
    unknown = [shard for shard in parents if shard not in shard_map.shards]
    if unknown:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"there is no shard {unknown[0]}")
    if not parents or len(set(parents)) != len(parents):
        raise DatabaseError(INVALID_PARAMETER_VALUE, "shards that are to end are named once each")
    spans = [span for parent in parents for span in shard_map.spans(parent)]
    if cut is not None:
        if not all(parted(joined_spans(spans), cut)):
            raise DatabaseError(INVALID_PARAMETER_VALUE, f"the cut does not lie inside of shard {parents[0]}")
    elif len(parents) > 1 and len(joined_spans(spans)) == len(spans):
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"shards {' and '.join(map(str, parents))} are no neighbours")


def _check_transfer(state: ClusterState) -> None:
    if state.transfer is not None:
        raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, "a range is on its way from one adjudicator to another")


def _is_replica(role: RoleState, shards: Sequence[int]) -> bool:
    return role.kind == "storage" and role.arguments["shard"] in shards


def _with_replicas(processes: tuple[ProcessState, ...], shard: int, parents: Sequence[int]) -> tuple[ProcessState, ...]:
    """With a replica of `shard` wherever the first of its parents has one."""
    for process in processes:
        for own in process.roles:
            if _is_replica(own, parents[:1]):
                name = f"storage/{shard}/{own.name.rpartition('/')[2]}"
                role = RoleState(name, "storage", {**own.arguments, "shard": shard, "parents": list(parents)})
                processes = _placed_beside(processes, process.name, role)
    return processes


def _placed_beside(processes: tuple[ProcessState, ...], beside: str, role: RoleState) -> tuple[ProcessState, ...]:
    """In the process named `beside` where that has other roles than replicas of storage, too; else in one of its own in
    the same zone."""
    process = next(one for one in processes if one.name == beside)
    if all(one.kind == "storage" for one in process.roles):
        return (*processes, ProcessState(role.name.replace("/", "-"), process.az, (role,)))
    more = replace(process, roles=(*process.roles, role))
    return tuple(more if one is process else one for one in processes)


def resized(state: ClusterState, shard: int, count: int) -> ClusterState:
    """With `count` replicas of a shard: those beyond one a zone only serve reads. They come where the fewest are, each
    with a number that none has had before, and the last to come goes first. Raises 22023, and 55000 while the shard is
    on its way."""
    _check(state.shard_map, [shard], None)
    if state.reshape is not None and shard in (*state.reshape.parents, *state.reshape.children):
        raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, f"shard {shard} is on its way")
    there = [(process, role) for process in state.processes for role in process.roles if _is_replica(role, [shard])]
    zones = sorted({process.az for process, _ in there})
    if not len(zones) <= count <= REPLICAS_MAX:
        raise DatabaseError(
            INVALID_PARAMETER_VALUE, f"a shard has {len(zones)} replicas, one in each zone, to {REPLICAS_MAX}"
        )
    ranks = sorted(
        ((_rank(role, process.az), process.az, process, role) for process, role in there), key=lambda one: one[:2]
    )
    gone = [role.name for _, _, _, role in ranks[count:]]
    processes = without_roles(state.processes, gone)
    members = Counter(az for _, az, _, _ in ranks)
    number = max(state.readers_ever, *(rank for rank, _, _, _ in ranks))
    for _ in range(count - len(there)):
        number += 1
        az = min(zones, key=lambda zone: (members[zone], zone))
        members[az] += 1
        beside, own = next((process, role) for _, zone, process, role in ranks if zone == az)
        role = RoleState(f"storage/{shard}/{az}{number}", "storage", {**own.arguments, "parents": [shard]})
        processes = _placed_beside(processes, beside.name, role)
    return replace(state, processes=processes, readers_ever=number)


def _rank(role: RoleState, az: str) -> int:
    """When a replica came: storage/4/b was there from the beginning, storage/4/b7 after storage/4/a6."""
    return int(role.name.rpartition("/")[2].removeprefix(az) or 1)
