"""From a role's state to the role: the one place that knows every role's constructor."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from importlib import import_module
from typing import Any

import msgspec

from actors.common.journal_set import JournalSet
from actors.runtime.host import RoleSpec
from actors.runtime.interfaces import Context, Role
from actors.runtime.without_pandas import import_arrow
from cluster.state import RoleState


def clients_socket(sockets: str, number: int) -> str:
    """Where query processor `number` receives client sockets from its host's gateway."""
    return f"{sockets}/clients-{number}.sock"


def parking_socket(sockets: str, number: int) -> str:
    """Where gateway `number` receives sessions to park from its host's query processors."""
    return f"{sockets}/parking-{number}.sock"


def role_spec(role: RoleState, az: str, sockets: str, *, measured: bool = True) -> RoleSpec:
    """`sockets`: the folder of the sockets by which clients are passed on. `measured`: adjudicators and storage tell
    how busy their thread is. KeyError where `role` is
    of no known kind."""
    make = _MAKERS[role.kind]
    given = role.arguments if measured else {**role.arguments, "unmeasured": True}
    return RoleSpec(role.name, az, lambda context: make(context, given, sockets))


def load(kinds: Collection[str]) -> None:
    """Import what roles of these kinds need, so that no event loop is held by an import when they are started."""
    if set(kinds) - {"gateway"}:
        import_arrow()
    for kind in sorted(set(kinds)):
        for module in _MODULES[kind]:
            import_module(module)


_MODULES = {
    "journal": ("actors.journal.replica",),
    "adjudicator": ("actors.adjudicator.adjudicator",),
    "crossbar": ("actors.crossbar.crossbar",),
    "storage": ("actors.storage.replica",),
    "query_processor": (
        "actors.query_processor.role",
        "actors.query_processor.session.session",
        "actors.query_processor.planner",
        "duckdb",
    ),
    "gateway": ("actors.gateway.gateway",),
}


KINDS = frozenset(_MODULES)


def _journal(context: Context, given: dict[str, Any], sockets: str) -> Role:
    from actors.journal.replica import JournalReplica

    return JournalReplica(
        context,
        given["journal"],
        context.az,
        given.get("writer", ""),
        given.get("seat", 0),
        given.get("restoring", False),
    )


def _adjudicator(context: Context, given: dict[str, Any], sockets: str) -> Role:
    from actors.adjudicator.adjudicator import Adjudicator

    return Adjudicator(
        context, given["number"], given["replicas"], None if given.get("unmeasured") else time.thread_time
    )


def _crossbar(context: Context, given: dict[str, Any], sockets: str) -> Role:
    from actors.crossbar.crossbar import Crossbar

    journals = {number: replicas for number, _, replicas in given["journals"]}
    adjudicators = {number: adjudicator for number, adjudicator, _ in given["journals"]}
    known = msgspec.convert(given["known"], JournalSet) if "known" in given else None
    return Crossbar(context, given["number"], journals, adjudicators, known)


def _storage(context: Context, given: dict[str, Any], sockets: str) -> Role:
    from actors.storage.replica import StorageReplica

    return StorageReplica(
        context,
        given["shard"],
        context.az,
        given["crossbars"],
        given.get("parents", ()),
        None if given.get("unmeasured") else time.thread_time,
    )


def _query_processor(context: Context, given: dict[str, Any], sockets: str) -> Role:
    from actors.query_processor import metering
    from actors.query_processor.role import QueryProcessor

    number = given["number"]
    return QueryProcessor(
        context,
        number,
        clients_path=clients_socket(sockets, number),
        parking_path=lambda gateway: parking_socket(sockets, _number(gateway)),
        computed_s=time.thread_time,
        computed_ns=metering.process.take,
    )


def _gateway(context: Context, given: dict[str, Any], sockets: str) -> Role:
    from actors.gateway.gateway import Gateway
    from actors.runtime.socket_bus import SocketBus

    number = given["number"]
    return Gateway(
        context,
        number,
        given["host"],
        given["port"],
        lambda name: clients_socket(sockets, _number(name)),
        parking_path=parking_socket(sockets, number),
        streams=context.bus if isinstance(context.bus, SocketBus) else None,
    )


def _number(role: str) -> int:
    return int(role.rpartition("/")[2])


_MAKERS: dict[str, Callable[[Context, dict[str, Any], str], Role]] = {
    "journal": _journal,
    "adjudicator": _adjudicator,
    "crossbar": _crossbar,
    "storage": _storage,
    "query_processor": _query_processor,
    "gateway": _gateway,
}
