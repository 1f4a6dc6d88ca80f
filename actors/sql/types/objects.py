"""Object identifier types (regtype, regclass): a datum is the object's name, as it is shown; its oid is found here
where no catalog is needed for it."""

from __future__ import annotations

from functools import lru_cache

from actors.common.errors import FEATURE_NOT_SUPPORTED, UNDEFINED_OBJECT, DatabaseError
from actors.sql.types.column_type import ColumnType

OBJECTS = frozenset({"regclass", "regtype"})


@lru_cache(maxsize=1)
def _oids() -> dict[str, int]:
    from actors.sql.types import ALL_TYPES, format_type

    return {"character": 1042, **{format_type(ColumnType(type_.name)): type_.oid for type_ in ALL_TYPES}}


def object_oid(name: str | int, kind: str) -> int:
    """Raises 42704 for a type that is none, 0A000 for what only a catalog knows."""
    if isinstance(name, int) or name.isdigit():
        return int(name)
    if kind != "regtype":
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"a {kind} is not looked up by its name here; write it as a cast")
    oid = _oids().get(name)
    if oid is None:
        raise DatabaseError(UNDEFINED_OBJECT, f'type "{name}" does not exist')
    return oid
