"""Zone maps: of each block's typed columns the least and the greatest value and the number of NULLs, in the segment's
footer. A scan passes over blocks in which no row can pass its filter, without touching them.

    zone    rows  c0_min  c0_max  c0_nulls  c1_min ...      a row for each block of a section (segment_layout.py)

    `c0 < 5` may be true in a zone whose c0_min < 5; zone_filter.py translates filters so

What it promises: a bound that is there bounds every value of the column in the block, as PostgreSQL orders them, with
two exceptions that readers know: a float's NaN is above every bound, so a column with one has no greatest value; and
NULLs are counted only. A bound that is not there (NULL) says nothing: values longer than `BOUND_BYTES_MAX`, types that
Arrow orders otherwise. Versions that a read does not see are in the zones, too: a zone is never too small.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from actors.sql.encoding.arrow_types import is_ordered_by_arrow
from actors.sql.encoding.row_columns import NOTHING, NotPlain, recast
from actors.sql.types.column_type import ColumnType
from actors.storage.segment_layout import FIRST_COLUMN, Section, unpacked

BOUND_BYTES_MAX = 64
"""Longer texts and bytes would make footers large."""


class Bounds:
    """Of one column, an entry a block. `least`, `greatest`: of the column's type, null where nothing is known."""

    __slots__ = ("greatest", "has_null", "has_value", "least")

    def __init__(self, least: pa.Array, greatest: pa.Array, nulls: pa.Array, rows: pa.Array) -> None:
        self.least = least
        self.greatest = greatest
        self.has_null: pa.Array = pc.greater(nulls, 0)
        self.has_value: pa.Array = pc.less(nulls, rows)


class ZoneWriter:
    """Of one section, while its blocks are written."""

    def __init__(self, section: Section) -> None:
        self._section = section
        self._zones: list[list[pa.Array]] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """A block."""
        if not self._section.keyspace:
            return
        zone = [pa.array([batch.num_rows], pa.int32())]
        for place, (_, type_) in enumerate(self._section.columns, FIRST_COLUMN):
            column = batch.column(place)
            zone += [*_bounds(column, type_), pa.array([column.null_count], pa.int32())]
        self._zones.append(zone)

    def encoded(self) -> bytes:
        """One Arrow IPC stream; b"" where there are no columns."""
        if not self._zones:
            return b""
        arrays = [pa.concat_arrays(column) for column in zip(*self._zones, strict=True)]
        names = ["rows"]
        for position, _ in self._section.columns:
            names += [f"c{position}_min", f"c{position}_max", f"c{position}_nulls"]
        batch = pa.record_batch(arrays, names=names)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _bounds(column: pa.Array, type_: ColumnType) -> Sequence[pa.Array]:
    unknown = pa.nulls(1, column.type)
    if not is_ordered_by_arrow(type_) or column.null_count == len(column):
        return unknown, unknown
    found = pc.min_max(column)
    least, greatest = (pa.repeat(found[which], 1) for which in ("min", "max"))
    if pa.types.is_floating(column.type) and pc.any(pc.is_nan(column)).as_py():
        return (unknown if pc.any(pc.is_nan(least)).as_py() else least), unknown
    if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
        return [
            unknown if pc.binary_length(bound)[0].as_py() > BOUND_BYTES_MAX else bound for bound in (least, greatest)
        ]
    return least, greatest


class Zones:
    """Of one section of a segment."""

    def __init__(self, section: Section, encoded: bytes) -> None:
        self._section = section
        self._batch = pa.ipc.open_stream(encoded).read_next_batch()
        self._places = {position: (1 + 3 * place, type_) for place, (position, type_) in enumerate(section.columns)}
        self.rows: pa.Array = self._batch.column(0)

    def bounds(self, position: int, type_: ColumnType) -> Bounds | None:
        """Of the column at a position of the rows, as one of `type_`; None where nothing is known."""
        rows = self.rows
        unknown = pa.nulls(len(rows), pa.null())
        if position >= self._section.width:
            return Bounds(unknown, unknown, rows, rows)
        found = self._places.get(position)
        if found is None:
            return None
        place, stored = found
        least, greatest, nulls = self._batch.columns[place : place + 3]
        if stored == NOTHING or not (is_ordered_by_arrow(stored) and is_ordered_by_arrow(type_)):
            return Bounds(unknown, unknown, nulls, rows)
        try:
            if stored != type_:
                if stored.name == "text" and type_.name == "numeric":
                    return Bounds(unknown, unknown, nulls, rows)  # by their digits, not by their values
                least, greatest = (recast(unpacked(bound), stored, type_) for bound in (least, greatest))
        except NotPlain:
            return None
        return Bounds(unpacked(least), unpacked(greatest), nulls, rows)
