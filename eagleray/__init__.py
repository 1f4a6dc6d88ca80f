"""Eagleray for Python programs: `connect`, `transaction`, `Workload`.

    import eagleray

    with eagleray.connect() as connection:
        def transfer(cursor):
            cursor.execute("UPDATE accounts SET balance = balance - 10 WHERE id = %s", (1,))
            cursor.execute("UPDATE accounts SET balance = balance + 10 WHERE id = %s", (2,))
        eagleray.transaction(connection, transfer)      # retried on 40001, as optimistic concurrency control asks

`connect()` is psycopg 3's; any PostgreSQL driver will do as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eagleray.client import UnknownOutcome, connect, transaction
    from eagleray.workload import Workload

__all__ = ["UnknownOutcome", "Workload", "connect", "transaction"]

_HOMES = {
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
