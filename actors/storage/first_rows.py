"""Which rows come first by ORDER BY: of typed columns by Arrow's heap selection, of single rows by key bytes.

    FirstRows((amount DESC, id), types, 10).of({3: amounts, 0: ids})     row numbers, ascending, of the ten that come
                                                                         first

Arrow selects NULLs last and NaN just before them, whichever way it goes. Where PostgreSQL has them first, a column that
says so is selected by before.

Once so many rows as wanted are there, a block's rows are compared with the worst of these by the first column; few are
left to be selected from.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from actors.sql.encoding.arrow_types import is_ordered_by_arrow
from actors.sql.encoding.keys import KeyCodec
from actors.sql.encoding.scan_program import OrderBy
from actors.sql.types.column_type import ColumnType
from actors.storage.aggregates import NotVectorized


class FirstRows:
    """`positions`: of the columns that the order needs, ascending."""

    def __init__(self, order: Sequence[OrderBy], types: Sequence[ColumnType], rows_max: int) -> None:
        self._order = order
        self._rows_max = rows_max
        self._worst: pa.Scalar | None = None
        """By the first column, of as many rows as wanted."""
        self.positions = sorted({item.position for item in order})
        self._is_vectorized = all(is_ordered_by_arrow(types[position]) for position in self.positions)
        self._encode = KeyCodec(
            [types[item.position] for item in order],
            [item.descending for item in order],
            [item.nulls_first for item in order],
        ).encode
        places = [item.position for item in order]
        self._datums = itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))

    def sort_key(self, row: list[Any]) -> bytes:
        """Of a decoded row: bytes in the order's order."""
        return self._encode(self._datums(row))

    def of(self, columns: dict[int, pa.Array]) -> pa.Array:
        """Numbers (ascending) of the first rows. Raises NotVectorized."""
        if not self._is_vectorized:
            raise NotVectorized
        leading = columns[self._order[0].position]
        comparable = not leading.null_count and not pa.types.is_floating(leading.type)
        if self._worst is None or not comparable:
            rows = self._selected(columns)
            if comparable and len(rows) == self._rows_max:
                bounds = pc.min_max(leading.take(rows))
                self._worst = bounds["min" if self._order[0].descending else "max"]
            return rows
        compare = pc.greater_equal if self._order[0].descending else pc.less_equal
        rows = pc.indices_nonzero(compare(leading, self._worst)).cast(pa.int64())
        if len(rows) > self._rows_max:
            rows = rows.take(self._selected({position: column.take(rows) for position, column in columns.items()}))
        return rows

    def _selected(self, columns: dict[int, pa.Array]) -> pa.Array:
        keys: list[tuple[pa.Array, bool]] = []
        for item in self._order:
            column = columns[item.position]
            keys += [(key, True) for key in _before(item, column)]
            keys.append((column, item.descending))
        rows = len(keys[0][0])
        if rows <= self._rows_max:
            return pa.array(np.arange(rows, dtype=np.int64))
        names = [str(number) for number in range(len(keys))]
        batch = pa.record_batch([key for key, _ in keys], names=names)
        directions = [
            (name, "descending" if falling else "ascending") for name, (_, falling) in zip(names, keys, strict=True)
        ]
        selected = pc.select_k_unstable(batch, k=self._rows_max, sort_keys=directions)
        return pa.array(np.sort(selected.to_numpy(zero_copy_only=False)).astype(np.int64))


def _before(item: OrderBy, column: pa.Array) -> list[pa.Array]:
    """What to select by before the column itself, greatest first."""
    keys = []
    if item.nulls_first and column.null_count:
        keys.append(column.is_null().cast(pa.uint8()))
    if pa.types.is_floating(column.type) and item.descending and pc.any(pc.is_nan(column)).as_py():
        keys.append(pc.fill_null(pc.is_nan(column), False).cast(pa.uint8()))
    return keys
