"""How a cluster begins: its first state, a pure function of the settings.

Either every role has a process of its own, or all of an availability zone's roles share one: policies/placement.py says
which, and the state holds what it said (settings that processes are handed hold it, too: `placed`).
"""

from __future__ import annotations

import dataclasses

from msgspec.structs import replace

from actors.common.ranges import ShardMap
from actors.common.settings import Settings
from cluster.keeping import keeper_role
from cluster.membership import populated, with_journals
from cluster.policies.placement import Placement
from cluster.regions import doors, regions_of
from cluster.shards import without_roles
from cluster.state import ClusterState, ProcessState, RoleState


def placed(settings: Settings, placement: Placement) -> Settings:
    return dataclasses.replace(settings, layout=dataclasses.replace(settings.layout, placement=placement.kind))


def initial_state(settings: Settings, placement: Placement) -> ClusterState:
    assert placement.kind in ("role", "az"), placement
    processes = tuple(_processes(settings, placement))
    return ClusterState(1, processes, initial_map(settings), placement, regions=regions_of(settings))


def with_keepers(state: ClusterState) -> ClusterState:
    """Journal 0 (keeping.py) stands beside journal 1: the same zones, and in the same processes, one of its replicas in
    each."""
    processes = [
        replace(process, roles=(keeper_role(process.az), *process.roles)) if _has_first_journal(process) else process
        for process in state.processes
    ]
    return replace(state, processes=tuple(processes))


def arranged(kept: ClusterState | None, initial: ClusterState) -> ClusterState:
    """The state with which a cluster starts that was down: the processes as the settings have them now, with the
    adjudicators that were born since the cluster was, and without those that were retired; the keys and the shards'
    replicas where they lie."""
    if kept is None:
        return initial
    stores = [(role, process.az) for process in kept.processes for role in process.roles if role.kind == "storage"]
    state = replace(kept, processes=_with_stores(initial, stores), placement=initial.placement)
    if kept.journals.version:
        state = with_journals(populated(state, kept.journals), kept.journals)
    if state == kept:
        return kept
    return replace(state, version=kept.version + 1)


def _with_stores(state: ClusterState, stores: list[tuple[RoleState, str]]) -> tuple[ProcessState, ...]:
    """With these storage replicas, and the zone of each, in place of those that the settings have."""
    own = {role.name: role for process in state.processes for role in process.roles if role.kind == "storage"}
    if own == {role.name: role for role, _ in stores}:
        return state.processes
    processes = without_roles(state.processes, own)
    if state.placement.kind == "role":
        return (*processes, *(_own_process(role, az) for role, az in stores))
    return tuple(
        replace(process, roles=(*process.roles, *(role for role, az in stores if process.name == f"az-{az}")))
        for process in processes
    )


def _has_first_journal(process: ProcessState) -> bool:
    return any(role.kind == "journal" and role.arguments["journal"] == 1 for role in process.roles)


def initial_map(settings: Settings) -> ShardMap:
    """The first byte of each keyspace's columns is cut into as many even pieces as there are owners."""
    layout = settings.layout
    pieces = max(layout.adjudicators, layout.shards)
    cuts = tuple(bytes([256 * number // pieces]) for number in range(1, pieces))
    return ShardMap(
        version=1,
        cuts=cuts,
        adjudicators=tuple(number % layout.adjudicators + 1 for number in range(pieces)),
        shards=tuple(number % layout.shards + 1 for number in range(pieces)),
    )


def _processes(settings: Settings, placement: Placement) -> list[ProcessState]:
    azs, regions = settings.layout.azs, regions_of(settings)
    serving = regions.serving(azs)
    open_doors = enumerate(doors(settings).items(), 1)
    gateways = [_own_process(_gateway(number, port, settings), az) for number, (az, port) in open_doors]
    if placement.kind == "az":
        return [*gateways, *(_whole_az(az, settings) for az in azs)]
    disks = [_own_process(role, az) for az in azs for role in (*_logs(az, settings), *_stores(az, settings))]
    crossbars = [_own_process(role, az) for az in serving for role in _crossbars(az, settings)]
    deciding = [
        _own_process(role, serving[number % len(serving)]) for number, role in enumerate(_adjudicators(settings))
    ]
    answering = [_own_process(role, az) for az in serving for role in _query_processors(az, settings)]
    return [*gateways, *disks, *crossbars, *deciding, *answering]


def _own_process(role: RoleState, az: str) -> ProcessState:
    return ProcessState(role.name.replace("/", "-"), az, (role,))


def _whole_az(az: str, settings: Settings) -> ProcessState:
    """All of an AZ in one process; of one region, the crossbar and the adjudicators are in the first: a watermark that
    its readers demand crosses no process. Of several, each has its own crossbar, and they go round."""
    desks = regions_of(settings).desks(settings.layout.azs)
    deciding = [
        *_crossbars(az, settings),
        *(role for number, role in enumerate(_adjudicators(settings)) if desks[number % len(desks)] == az),
    ]
    return ProcessState(
        f"az-{az}", az, (*_logs(az, settings), *_stores(az, settings), *deciding, *_query_processors(az, settings))
    )


def _journals(settings: Settings) -> range:
    return range(1, settings.layout.adjudicators + 1)


def _replicas(journal: int, settings: Settings) -> list[str]:
    return [f"journal/{journal}/{az}" for az in regions_of(settings).sites(settings.layout.azs)]


def _logs(az: str, settings: Settings) -> list[RoleState]:
    if az not in regions_of(settings).sites(settings.layout.azs):
        return []
    return [RoleState(f"journal/{number}/{az}", "journal", {"journal": number}) for number in _journals(settings)]


def _stores(az: str, settings: Settings) -> list[RoleState]:
    regions = regions_of(settings)
    if not regions.serves(az):
        return []
    desks = enumerate(regions.desks(settings.layout.azs), 1)
    crossbars = [f"crossbar/{number}" for number, desk in desks if regions.of(desk) == regions.of(az)]
    shards = range(1, settings.layout.shards + 1)
    return [
        RoleState(f"storage/{number}/{az}", "storage", {"shard": number, "crossbars": crossbars}) for number in shards
    ]


def _adjudicators(settings: Settings) -> list[RoleState]:
    return [
        RoleState(f"adjudicator/{number}", "adjudicator", {"number": number, "replicas": _replicas(number, settings)})
        for number in _journals(settings)
    ]


def _crossbars(az: str, settings: Settings) -> list[RoleState]:
    """The one whose desk is in this zone."""
    journals = [[number, f"adjudicator/{number}", _replicas(number, settings)] for number in _journals(settings)]
    return [
        RoleState(f"crossbar/{number}", "crossbar", {"number": number, "journals": journals})
        for number, desk in enumerate(regions_of(settings).desks(settings.layout.azs), 1)
        if desk == az
    ]


def _query_processors(az: str, settings: Settings) -> list[RoleState]:
    """Query processors go round the AZs, in each region in turn."""
    regions = regions_of(settings)
    serving = regions.in_turn(regions.serving(settings.layout.azs))
    numbers = range(1, settings.layout.query_processors + 1)
    own = [number for number in numbers if serving[(number - 1) % len(serving)] == az]
    return [RoleState(f"query_processor/{number}", "query_processor", {"number": number}) for number in own]


def _gateway(number: int, port: int, settings: Settings) -> RoleState:
    return RoleState(f"gateway/{number}", "gateway", {"number": number, "host": settings.layout.host, "port": port})
