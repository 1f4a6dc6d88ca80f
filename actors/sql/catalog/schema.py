"""What the catalog says of a table: immutable descriptors, stored as msgpack rows in the system table 1 and cached by every QP.

Ids. `table` ids and `index` ids are never used twice. Keyspace (table, index) holds an index's entries; the rows themselves live
in the primary key's index (`primary.id`). TRUNCATE and table rewrites give the indexes new ids and drop the old keyspaces with one
DROP_RANGE each. Table ids below 100 are the system's: 1 holds descriptors, 2 the names, 3 sequences of ids.
"""

from __future__ import annotations

import msgspec

from actors.sql.types.column_type import ColumnType

CATALOG_TABLE = 1
NAMES_TABLE = 2
FIRST_USER_TABLE = 16384


class Column(msgspec.Struct, frozen=True, array_like=True):
    """`position` is the place in the encoded row, 0-based, never reused; `default` is SQL text or None, parsed once per plan."""

    name: str
    position: int
    type: ColumnType
    not_null: bool = False
    default: str | None = None
    dropped: bool = False


class IndexColumn(msgspec.Struct, frozen=True, array_like=True):
    position: int
    descending: bool = False
    nulls_first: bool = False
    """PostgreSQL's default: NULLS LAST ascending, NULLS FIRST descending."""


class Index(msgspec.Struct, frozen=True, array_like=True):
    """A primary key or a secondary index. A hidden primary key has no columns: its key is 16 time-ordered bytes made at insert and kept
    nowhere but in the key.

    Entry of the primary index: key = columns (or the 16 bytes), value = the row (rows.py).
    Entry of a secondary index: key = columns, then the primary key's columns (or its 16 bytes) unless the index is unique and no column is
    NULL; value = the bytes of the row's primary key (the full key with its keyspace).
    `constraint`: made by a UNIQUE or PRIMARY KEY clause (named as such in errors and in \\d).
    """

    id: int
    oid: int
    name: str
    columns: tuple[IndexColumn, ...]
    unique: bool = False
    primary: bool = False
    constraint: bool = False
    nulls_distinct: bool = True


class Check(msgspec.Struct, frozen=True, array_like=True):
    name: str
    expression: str
    """SQL text, as pg_get_constraintdef would show it inside CHECK (...)."""
    validated: bool = True
    """False: rows from before it was added were not looked at (NOT VALID)."""


class Comment(msgspec.Struct, frozen=True, array_like=True):
    """COMMENT ON's text. `kind` is table, column, index or constraint; `number` a column's position or an index's oid (also of the constraint that it is
    behind); `name` a CHECK's."""

    kind: str
    number: int
    name: str
    text: str


class Table(msgspec.Struct, frozen=True):
    """`id` doubles as the table's pg_class oid. `version` is the commit time of the last change, filled in when loaded."""

    id: int
    schema: str
    name: str
    columns: tuple[Column, ...]
    primary: Index
    indexes: tuple[Index, ...] = ()
    checks: tuple[Check, ...] = ()
    owner: str = "admin"
    next_index: int = 1
    comments: tuple[Comment, ...] = ()

    def live_columns(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if not column.dropped)
