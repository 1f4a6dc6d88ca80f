"""Shards end, and others take their place: the states in between, as pure functions (docs/shards.md says what each is for).

    begun       the children's replicas are there, and follow their columns; their parents own them
    handed_on   the children own them, and the parents follow
    ended       the parents are gone

A shard's number is never used again, and its columns never change: a split or a merge makes new ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from actors.common import ranges
from actors.common.errors import INVALID_PARAMETER_VALUE, OBJECT_NOT_IN_PREREQUISITE_STATE, DatabaseError
from actors.common.ranges import ShardMap, Span, followed, joined_spans, parted
from cluster.state import ClusterState, ProcessState, Reshape, RoleState


def begun(state: ClusterState, parents: Sequence[int], cut: bytes | None, *, by_load: bool = False) -> ClusterState:
    """`parents` are to end: parted at `cut`, or as one. Raises 22023 where that cannot be, 55000 while others are on their way."""
    if state.reshape is not None:
        raise DatabaseError(OBJECT_NOT_IN_PREREQUISITE_STATE, "other shards are on their way")
    _check_transfer(state)
    _check(state.shard_map, parents, cut)
    first = max(state.shards_ever, *state.shard_map.all_shards()) + 1
    children = (first,) if cut is None else (first, first + 1)
    reshape = Reshape(tuple(parents), children, cut, by_load=by_load)
    processes = state.processes
    for child in children:
        processes = _with_replicas(processes, child, reshape.parents)
    shard_map = followed(state.shard_map, _spans_of(state.shard_map, reshape))
    return replace(state, processes=processes, shard_map=shard_map, reshape=reshape, shards_ever=children[-1])


def handed_on(state: ClusterState, reshape: Reshape) -> ClusterState:
    """The children have what they need. Nothing changes where that was so before. Raises 55000 while a range is on its way: its end is bound to the next map."""
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
    processes = without_roles(state.processes, (role.name for role in state.roles.values() if _is_replica(role, reshape.parents)))
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
    """With a replica of `shard` in each zone where the first of its parents has one: in the same process where that has other roles too, else in one of its own."""
    placed: list[ProcessState] = []
    added: list[ProcessState] = []
    for process in processes:
        own = next((role for role in process.roles if _is_replica(role, parents[:1])), None)
        if own is not None:
            name = f"storage/{shard}/{process.az}"
            role = RoleState(name, "storage", {**own.arguments, "shard": shard, "parents": list(parents)})
            if len(process.roles) > 1:
                process = replace(process, roles=(*process.roles, role))
            else:
                added.append(ProcessState(name.replace("/", "-"), process.az, (role,)))
        placed.append(process)
    return (*placed, *added)
