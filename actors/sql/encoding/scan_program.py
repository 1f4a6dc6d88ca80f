"""What a query processor asks storage to do with the rows of a scan: the pushdown.

A program is msgpack; its expressions are sql/expressions trees, whose column references are positions in the encoded
row. Storage compiles a program once and caches it by its bytes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from actors.sql.types.column_type import ColumnType


class Aggregate(msgspec.Struct, frozen=True, array_like=True):
    """`function`: count (no argument: count(*)), sum, min, max. avg is sum and count, made by the QP. The partial
    result's Arrow type is that of the PostgreSQL result: count int8; sum of int2/int4 int8, of int8 and numeric decimal
    as utf8 text, of floats float8; min/max the argument's."""

    function: str
    argument: Any = None


class OrderBy(msgspec.Struct, frozen=True, array_like=True):
    """By the column at `position`."""

    position: int
    descending: bool
    nulls_first: bool


class ScanProgram(msgspec.Struct, frozen=True, array_like=True):
    """`columns[i]` is the type of position i of the encoded row (all positions, dropped ones too).

    `parameters`: datums for the expressions' parameters, already of the parameters' types. `output`: "rows" (key and
    row; `project` = positions to keep, None all, the others are None in the row), "columns" (typed Arrow columns of the
    positions in `project`, and `key` binary first where `with_key`), "aggregates" (one batch: the group columns, then
    the aggregates). `order` and `order_rows`, with output "rows": only the first so many rows in that order are wanted,
    so an answer may leave out every row that as many others of the same answer come before.
    """

    columns: tuple[ColumnType, ...]
    filter: Any = None
    parameters: tuple[Any, ...] = ()
    output: str = "rows"
    project: tuple[int, ...] | None = None
    aggregates: tuple[Aggregate, ...] = ()
    group_by: tuple[int, ...] = ()
    with_key: bool = False
    order: tuple[OrderBy, ...] = ()
    order_rows: int = 0


def encode(program: ScanProgram) -> bytes:
    return msgspec.msgpack.encode(program)


_DECODER = msgspec.msgpack.Decoder(ScanProgram)


def decode(data: bytes) -> ScanProgram:
    return _DECODER.decode(data)
