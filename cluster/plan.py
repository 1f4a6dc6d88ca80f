"""The plan of a cluster: which roles there are, in which availability zone, and which of them share a process.

A plan is a pure function of the settings. Each `ProcessPlan` becomes one Ray actor, placed on a Ray node whose label `az` is its AZ; by default
every role has an actor of its own. `layout.placement = "az"` puts an AZ's journal replicas and storage replicas into one actor each, which
costs fewer wake-ups where cores are few.

    plan(settings) -> [ProcessPlan("controller", "a", [RolePlan("controller", "controller", {})]), ...,
                       ProcessPlan("journal-1-a", "a", [RolePlan("journal/1/a", "journal", {"journal": 1})]), ...]
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from actors.common.ranges import ShardMap
from actors.common.settings import Settings


@dataclass(frozen=True)
class RolePlan:
    """`kind` is the layer: query_processor, adjudicator, journal, crossbar, storage, controller, gateway."""

    name: str
    kind: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ProcessPlan:
    name: str
    az: str
    roles: tuple[RolePlan, ...]


def shard_map(settings: Settings) -> ShardMap:
    """The map of a new cluster: the first byte of each keyspace's columns is cut into as many even pieces as there are owners."""
    layout = settings.layout
    pieces = max(layout.adjudicators, layout.shards)
    cuts = tuple(bytes([256 * number // pieces]) for number in range(1, pieces))
    return ShardMap(
        version=1,
        cuts=cuts,
        adjudicators=tuple(number % layout.adjudicators + 1 for number in range(pieces)),
        shards=tuple(number % layout.shards + 1 for number in range(pieces)),
    )


def journal_replicas(settings: Settings, journal: int) -> list[str]:
    return [f"journal/{journal}/{az}" for az in settings.layout.azs]


def make_plan(settings: Settings) -> list[ProcessPlan]:
    """Every process of a cluster but the controller itself, in the order in which they are started."""
    layout = settings.layout
    azs = layout.azs
    journals = range(1, layout.adjudicators + 1)
    shards = range(1, layout.shards + 1)
    processes: list[ProcessPlan] = []

    def one(name: str, az: str, *roles: RolePlan) -> None:
        processes.append(ProcessPlan(name, az, roles))

    one("gateway-1", azs[0], RolePlan("gateway/1", "gateway", {"number": 1}))
    for az in azs:
        logs = [RolePlan(f"journal/{number}/{az}", "journal", {"journal": number}) for number in journals]
        stores = [RolePlan(f"storage/{number}/{az}", "storage", {"shard": number}) for number in shards]
        if layout.placement == "az":
            one(f"journal-{az}", az, *logs)
            one(f"storage-{az}", az, *stores)
        else:
            for role in [*logs, *stores]:
                one(role.name.replace("/", "-"), az, role)
    one("crossbar-1", azs[0], RolePlan("crossbar/1", "crossbar", {"number": 1}))
    for number in journals:
        az = azs[(number - 1) % len(azs)]
        one(f"adjudicator-{number}", az, RolePlan(f"adjudicator/{number}", "adjudicator", {"number": number}))
    for number in range(1, layout.query_processors + 1):
        az = azs[(number - 1) % len(azs)]
        one(f"query_processor-{number}", az, RolePlan(f"query_processor/{number}", "query_processor", {"number": number}))
    return processes
