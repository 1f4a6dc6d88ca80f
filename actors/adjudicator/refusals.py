"""What an adjudicator answers when it does not decide: none of these transactions is committed, and each may be sent
again; but for the one `unresolved`."""

from __future__ import annotations

from actors.common.errors import (
    CONNECTION_FAILURE,
    DISK_FULL,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    SERIALIZATION_FAILURE,
    TRANSACTION_RESOLUTION_UNKNOWN,
    DatabaseError,
)
from actors.common.refusals import NotCommitted, StaleCatalog
from actors.common.timestamps import Timestamp


def not_committed(why: str) -> DatabaseError:
    """08006; the refusal tells it from a peer that could not be asked whether it had acted."""
    return DatabaseError(
        CONNECTION_FAILURE,
        f"the adjudicator is unavailable: {why}",
        detail=f"not committed: {why}",
        refusal=NotCommitted(),
    )


def unresolved(why: str) -> DatabaseError:
    """08007: it may be committed."""
    return DatabaseError(TRANSACTION_RESOLUTION_UNKNOWN, "transaction resolution unknown", detail=why)


def stale_catalog(begin: Timestamp) -> DatabaseError:
    """55000: this epoch does not know the schema changes of those before it."""
    return DatabaseError(
        OBJECT_NOT_IN_PREREQUISITE_STATE, f"catalog must be revalidated at {begin}", refusal=StaleCatalog(begin)
    )


def disk_full() -> DatabaseError:
    """53100, as PostgreSQL says it. Certain: nothing was appended."""
    why = "the disks of the journal are full"
    return DatabaseError(DISK_FULL, f"could not commit: {why}", detail=f"not committed: {why}", refusal=NotCommitted())


def overloaded() -> DatabaseError:
    """40001: the client's own retry loop is where waiting belongs."""
    return DatabaseError(SERIALIZATION_FAILURE, "too many commits wait for the journal (OC000)")
