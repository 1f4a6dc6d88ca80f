"""Which types the columns of a keyspace's rows have, as far as a store knows: what segments are written with.

    of(keyspace)    the table's descriptor, where the catalog's row of it lies in this store
                    else what a scan's program has said of it
                    else what a segment's section says
                    else None: then the rows' own bytes tell (row_columns.py)

A shard holds a part of the catalog, as of every table. Nothing depends on what is found here but the shape of the
columns: a column says its type in the segment, and a scan asks for the type that it wants.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from actors.common.errors import DatabaseError
from actors.sql.catalog.encoding import decode, table_key
from actors.sql.catalog.schema import Table
from actors.sql.encoding.keys import keyspace
from actors.sql.types.column_type import ColumnType

LEARNED_MAX = 4096
"""Keyspaces that scans have told of; the least recently used makes room."""

Types = Sequence[ColumnType]


class KnownTypes:
    """`newest(key)`: the newest row of a key in the store, None where there is none. `told(keyspace)`: by a segment."""

    def __init__(self, newest: Callable[[bytes], bytes | None], told: Callable[[bytes], Types | None]) -> None:
        self._newest = newest
        self._told = told
        self._learned: OrderedDict[bytes, Types] = OrderedDict()

    def learn(self, space: bytes, types: Types) -> None:
        """What a program that reads its rows takes them for."""
        if self._learned.get(space) is not types:
            self._learned[space] = types
            if len(self._learned) > LEARNED_MAX:
                self._learned.popitem(last=False)

    def of(self, space: bytes) -> Types | None:
        """By position, dropped columns included. None where nothing tells, or the keyspace holds no rows."""
        table = self._table(int.from_bytes(space[:4], "big"))
        if table is None:
            return self._learned.get(space) or self._told(space)
        if keyspace(table.id, table.primary.id) != space:
            return None  # entries of an index
        return tuple(column.type for column in sorted(table.columns, key=lambda column: column.position))

    def _table(self, table: int) -> Table | None:
        key = table_key(table)
        try:
            row = self._newest(key)
            found = None if row is None else decode(key, row)
        except (DatabaseError, ValueError):  # a damaged block: whoever reads it next says so
            return None
        return found if isinstance(found, Table) else None
