"""From a plan to roles: the one place that knows every role's constructor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.common.settings import Settings
from actors.runtime.host import RoleSpec
from actors.runtime.interfaces import Context, Role
from cluster.plan import ProcessPlan, RolePlan, journal_replicas, make_plan


def clients_socket(sockets: str, number: int) -> str:
    """Where query processor `number` receives client sockets from its host's gateway."""
    return f"{sockets}/clients-{number}.sock"


def role_specs(process: ProcessPlan, settings: Settings, sockets: str) -> list[RoleSpec]:
    """The roles that one process always runs, ready for a Host."""
    return [RoleSpec(role.name, process.az, _maker(role, process.az, settings, sockets)) for role in process.fixed]


def role_spec(name: str, az: str, settings: Settings, sockets: str) -> RoleSpec:
    """A movable role, by its name. KeyError where the plan has none of this name."""
    roles = {role.name: role for process in make_plan(settings) for role in process.roles}
    return RoleSpec(name, az, _maker(roles[name], az, settings, sockets))


def _maker(role: RolePlan, az: str, settings: Settings, sockets: str) -> Callable[[Context], Role]:
    arguments = role.arguments
    makers: dict[str, Callable[[Context, dict[str, Any]], Role]] = {
        "journal": lambda context, given: _journal(context, given["journal"], az),
        "adjudicator": lambda context, given: _adjudicator(context, given["number"], settings),
        "crossbar": lambda context, given: _crossbar(context, given["number"], settings),
        "storage": lambda context, given: _storage(context, given["shard"], az),
        "query_processor": lambda context, given: _query_processor(context, given["number"], sockets),
        "gateway": lambda context, given: _gateway(context, given["number"], settings, sockets),
    }
    return lambda context: makers[role.kind](context, arguments)


def _journal(context: Context, journal: int, az: str) -> Role:
    from actors.journal.replica import JournalReplica

    return JournalReplica(context, journal, az)


def _adjudicator(context: Context, number: int, settings: Settings) -> Role:
    from actors.adjudicator.adjudicator import Adjudicator

    return Adjudicator(context, number, journal_replicas(settings, number))


def _crossbar(context: Context, number: int, settings: Settings) -> Role:
    from actors.crossbar.crossbar import Crossbar

    numbers = range(1, settings.layout.adjudicators + 1)
    journals = {journal: journal_replicas(settings, journal) for journal in numbers}
    return Crossbar(context, number, journals, {journal: f"adjudicator/{journal}" for journal in numbers})


def _storage(context: Context, shard: int, az: str) -> Role:
    from actors.storage.replica import StorageReplica

    return StorageReplica(context, shard, az, ["crossbar/1"])


def _query_processor(context: Context, number: int, sockets: str) -> Role:
    from actors.query_processor.role import QueryProcessor

    return QueryProcessor(context, number, clients_path=clients_socket(sockets, number))


def _gateway(context: Context, number: int, settings: Settings, sockets: str) -> Role:
    from cluster.gateway import Gateway

    layout = settings.layout
    paths = {f"query_processor/{other}": clients_socket(sockets, other) for other in range(1, layout.query_processors + 1)}
    return Gateway(context, number, layout.host, layout.port, paths)
