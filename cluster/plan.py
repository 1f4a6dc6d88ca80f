"""The plan of a cluster: which roles there are, in which availability zone, and which of them share a process.

A plan is a pure function of the settings. Each `ProcessPlan` becomes one Ray actor, placed on a Ray node whose label `az` is its AZ; by default
every role has an actor of its own. `layout.placement = "az"` puts all of an AZ's roles into one actor: on a machine with few cores a message that wakes a sleeping process costs more
than the work it asks for.

    plan(settings) -> [ProcessPlan("controller", "a", [RolePlan("controller", "controller", {})]), ...,
                       ProcessPlan("journal-1-a", "a", [RolePlan("journal/1/a", "journal", {"journal": 1})]), ...]
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from actors.common.ranges import ShardMap
from actors.common.settings import Settings

MOVABLE = ("adjudicator", "crossbar")
"""Of each of these roles there is one, which holds nothing on disk: when its process dies it goes on in another one."""
HOSTING = ("adjudicator", "crossbar", "journal", "storage")
"""Processes of these layers take in a movable role, the first ones first."""


GATEWAYS = 2
"""In as many AZs: losing one closes no door."""


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

    @property
    def fixed(self) -> list[RolePlan]:
        """What it runs for ever; the others are assigned by the controller, here as long as nothing fails."""
        return [role for role in self.roles if role.kind not in MOVABLE]


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


def controller_az(settings: Settings) -> str:
    """The last one: the first has the crossbar and adjudicators, and who moves them must not be lost with them."""
    return settings.layout.azs[-1]


def journal_replicas(settings: Settings, journal: int) -> list[str]:
    return [f"journal/{journal}/{az}" for az in settings.layout.azs]


def make_plan(settings: Settings) -> list[ProcessPlan]:
    """Every process of a cluster but the controller itself, in the order in which they are started."""
    layout = settings.layout
    azs = layout.azs
    journals = range(1, layout.adjudicators + 1)
    crossbar = RolePlan("crossbar/1", "crossbar", {"number": 1})
    adjudicators = [RolePlan(f"adjudicator/{number}", "adjudicator", {"number": number}) for number in journals]
    processes: list[ProcessPlan] = []
    for number, az in enumerate(azs[:GATEWAYS], 1):
        processes.append(ProcessPlan(f"gateway-{number}", az, (RolePlan(f"gateway/{number}", "gateway", {"number": number}),)))
    if layout.placement == "az":
        return [*processes, *(_whole_az(az, number, settings, crossbar, adjudicators) for number, az in enumerate(azs))]
    for az in azs:
        for role in (*_logs(az, settings), *_stores(az, settings)):
            processes.append(ProcessPlan(role.name.replace("/", "-"), az, (role,)))
    processes.append(ProcessPlan("crossbar-1", azs[0], (crossbar,)))
    for number, role in enumerate(adjudicators):
        processes.append(ProcessPlan(role.name.replace("/", "-"), azs[number % len(azs)], (role,)))
    for az_number, az in enumerate(azs):
        for role in _query_processors(az_number, settings):
            processes.append(ProcessPlan(role.name.replace("/", "-"), az, (role,)))
    return processes


def _logs(az: str, settings: Settings) -> list[RolePlan]:
    journals = range(1, settings.layout.adjudicators + 1)
    return [RolePlan(f"journal/{number}/{az}", "journal", {"journal": number}) for number in journals]


def _stores(az: str, settings: Settings) -> list[RolePlan]:
    shards = range(1, settings.layout.shards + 1)
    return [RolePlan(f"storage/{number}/{az}", "storage", {"shard": number}) for number in shards]


def _query_processors(az_number: int, settings: Settings) -> list[RolePlan]:
    """Query processors go round the AZs."""
    numbers = range(1, settings.layout.query_processors + 1)
    own = [number for number in numbers if (number - 1) % len(settings.layout.azs) == az_number]
    return [RolePlan(f"query_processor/{number}", "query_processor", {"number": number}) for number in own]


def _whole_az(az: str, number: int, settings: Settings, crossbar: RolePlan, adjudicators: list[RolePlan]) -> ProcessPlan:
    """All of an AZ in one process; the crossbar and the adjudicators are in the first: a watermark that its readers demand crosses no process."""
    deciding = [crossbar, *adjudicators] if number == 0 else []
    roles = (*_logs(az, settings), *_stores(az, settings), *deciding, *_query_processors(number, settings))
    return ProcessPlan(f"az-{az}", az, roles)


def homes(plan: list[ProcessPlan]) -> dict[str, list[str]]:
    """Movable role -> the processes that may run it, the best first: its own, then those of other AZs (an AZ that fails takes its own with it), by layer. Each role
    begins at another of these, so that the roles of one AZ do not all go to one process."""
    found: dict[str, list[str]] = {}
    for own in plan:
        others = [process for process in plan if process is not own and _rank(process) < len(HOSTING)]
        others.sort(key=lambda process: (process.az == own.az, _rank(process)))
        for role in own.roles:
            if role.kind in MOVABLE:
                best = [process.name for process in others if process.az != own.az and _rank(process) == _rank(others[0])]
                turn = len(found) % len(best) if best else 0
                rest = [process.name for process in others if process.name not in best]
                found[role.name] = [own.name, *best[turn:], *best[:turn], *rest]
    return found


def _rank(process: ProcessPlan) -> int:
    return min((HOSTING.index(role.kind) for role in process.roles if role.kind in HOSTING), default=len(HOSTING))
