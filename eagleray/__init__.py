"""Eagleray for Python programs: `Session`, `connect`, `transaction`, `Workload`.

    import eagleray

    with eagleray.connect() as connection:
        def transfer(cursor):
            cursor.execute("UPDATE accounts SET balance = balance - 10 WHERE id = %s", (1,))
            cursor.execute("UPDATE accounts SET balance = balance + 10 WHERE id = %s", (2,))
        eagleray.transaction(connection, transfer)      # retried on 40001, as optimistic concurrency control asks

    with eagleray.Session() as session:
        session.transaction(transfer)                   # and reconnected, where a process dies on the other side

`connect()` is psycopg 3's; any PostgreSQL driver will do as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eagleray.client import Session, UnknownOutcome, connect, transaction
    from eagleray.workload import Workload

__all__ = ["Session", "UnknownOutcome", "Workload", "connect", "transaction"]

_HOMES = {
    "Session": "eagleray.client",
    "connect": "eagleray.client",
    "transaction": "eagleray.client",
    "UnknownOutcome": "eagleray.client",
    "Workload": "eagleray.workload",
}


def __getattr__(name: str) -> Any:
    """The names above, imported when first used: the command line must start fast."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'eagleray' has no attribute {name!r}")
