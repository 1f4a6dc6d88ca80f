"""`ColumnBatch`: rows as Arrow columns, on their way from COPY's data into a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from actors.sql.encoding.arrow_types import from_arrow
from actors.sql.types.column_type import ColumnType


class ColumnBatch:
    """Columns of one length, each as to_arrow(...) of its datums. `names`: of the table's columns."""

    __slots__ = ("columns", "names", "types")

    def __init__(self, names: Sequence[str], types: Sequence[ColumnType], columns: Sequence[pa.Array]) -> None:
        self.names = tuple(names)
        self.types = tuple(types)
        self.columns = list(columns)

    def __len__(self) -> int:
        return len(self.columns[0])

    def rows(self, start: int, end: int) -> list[tuple[Any, ...]]:
        """The rows [start, end) as tuples of datums."""
        parts = [
            from_arrow(column.slice(start, end - start), type_)
            for column, type_ in zip(self.columns, self.types, strict=True)
        ]
        return list(zip(*parts, strict=True))
