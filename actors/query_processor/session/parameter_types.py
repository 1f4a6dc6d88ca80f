"""Types of parameters, as Parse names them."""

from __future__ import annotations

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.sql.types import by_oid
from actors.sql.types.column_type import ColumnType


def type_of_oid(oid: int) -> ColumnType | None:
    """The type of a parameter that Parse names; None (to be inferred) for 0 and unknown (705). Raises 0A000 for others'
    types."""
    if oid in (0, 705):
        return None
    known = by_oid.get(oid)
    if known is None:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"parameters of the type with OID {oid} are not supported")
    return ColumnType(known.name)
