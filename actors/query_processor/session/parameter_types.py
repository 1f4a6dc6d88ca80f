"""Types of parameters, as Parse names them and PREPARE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.common.errors import FEATURE_NOT_SUPPORTED, DatabaseError
from actors.query_processor.session.sight import with_catalog
from actors.sql.binding.stored_names import find_domain
from actors.sql.binding.type_names import cast_type
from actors.sql.types import by_name, by_oid
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.session.session import Session
    from actors.sql.catalog.snapshot import Catalog


def type_of_oid(oid: int) -> ColumnType | None:
    """The type of a parameter that Parse names; None (to be inferred) for 0 and unknown (705). Raises 0A000 for others'
    types."""
    if oid in (0, 705):
        return None
    known = by_oid.get(oid)
    if known is None:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"parameters of the type with OID {oid} are not supported")
    return ColumnType(known.name)


async def prepared_oids(session: Session, statement: Any) -> list[int]:
    """Of the types that PREPARE names; of a domain it is that of the type below. Raises 42704, 0A000."""

    def oids(catalog: Catalog) -> list[int]:
        found = []
        for node in statement.argtypes:
            domain = None if node.arrayBounds else find_domain(catalog, node.names)
            type_ = domain.type if domain is not None else cast_type(node)
            found.append(by_name[type_.name].oid)
        return found

    return await with_catalog(session, oids) if statement.argtypes else []
