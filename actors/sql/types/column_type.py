"""`ColumnType`: what a column, a parameter or an expression is of."""

from __future__ import annotations

import msgspec


class ColumnType(msgspec.Struct, frozen=True, array_like=True):
    """`name` is a key of sql/types (bool int2 int4 int8 float4 float8 numeric text varchar bpchar bytea uuid date time
    timestamp timestamptz interval); `modifier` is PostgreSQL's typmod (-1: none): length + 4 for varchar/bpchar,
    ((precision << 16) | scale) + 4 for numeric, fractional digits for times."""

    name: str
    modifier: int = -1
