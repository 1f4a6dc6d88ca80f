"""Eagleray for Python programs.

    import eagleray

    @eagleray.transaction                                       # runs again on 40001, as optimistic concurrency control
                                                                asks
    def transfer(cursor, source, target, amount):
        cursor.execute("UPDATE accounts SET balance = balance - %s WHERE id = %s", (amount, source))
        cursor.execute("UPDATE accounts SET balance = balance + %s WHERE id = %s", (amount, target))

    with eagleray.Session() as session:                         # connects again, where a process dies on the other side
        transfer(session, 1, 2, 10)

`connect()` is psycopg 3's; any PostgreSQL driver will do as well. docs/python.md shows all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eagleray.arrow import arrow_reader, load, read_arrow
    from eagleray.client import AsyncSession, Session, connect, connect_async
    from eagleray.ray_data import ray_dataset, sink
    from eagleray.transactions import UnknownOutcome, transaction
    from eagleray.workload import Workload

__all__ = [
    "AsyncSession",
    "Session",
    "UnknownOutcome",
    "Workload",
    "arrow_reader",
    "connect",
    "connect_async",
    "load",
    "ray_dataset",
    "read_arrow",
    "sink",
    "transaction",
]

_HOMES = {
    "AsyncSession": "eagleray.client",
    "Session": "eagleray.client",
    "UnknownOutcome": "eagleray.transactions",
    "Workload": "eagleray.workload",
    "arrow_reader": "eagleray.arrow",
    "connect": "eagleray.client",
    "connect_async": "eagleray.client",
    "load": "eagleray.arrow",
    "ray_dataset": "eagleray.ray_data",
    "read_arrow": "eagleray.arrow",
    "sink": "eagleray.ray_data",
    "transaction": "eagleray.transactions",
}


def __getattr__(name: str) -> Any:
    """The names above, imported when first used: the command line must start fast."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'eagleray' has no attribute {name!r}")
