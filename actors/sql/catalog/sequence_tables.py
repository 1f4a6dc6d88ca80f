"""A sequence as a table of one row, which SELECT * FROM the sequence reads. Its state is that row
(query_processor/sequences)."""

from __future__ import annotations

from functools import lru_cache

from actors.sql.catalog.schema import Column, Index, Sequence, Table
from actors.sql.types.column_type import ColumnType

SEQUENCES_MAX = 1024
INT8, BOOL = ColumnType("int8"), ColumnType("bool")
COLUMNS = (Column("last_value", 0, INT8, True), Column("log_cnt", 1, INT8, True), Column("is_called", 2, BOOL, True))


@lru_cache(maxsize=SEQUENCES_MAX)
def sequence_table(sequence: Sequence) -> Table:
    return Table(sequence.id, sequence.schema, sequence.name, COLUMNS, Index(1, 0, "", ()), owner_oid=sequence.owner)
