"""sum and avg of intervals: functions of ours over DuckDB's lists of the values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from actors.common.errors import DatabaseError
from actors.query_processor.column_executor.udf import Udf, datums_of, raised, result_column
from actors.sql.expressions.datetime_functions import add_intervals, divide_interval
from actors.sql.types.column_type import ColumnType

INTERVAL = ColumnType("interval")


def interval_udf(name: str) -> Udf:
    """`name` is sum or avg."""

    def over(values: list[Any]) -> Any:
        total = (0, 0, 0)
        for value in values:
            total = add_intervals(total, value)
        return total if name == "sum" else divide_interval(total, float(len(values)))

    def make(_: Any) -> Callable[..., pa.Array]:
        def function(lists: Any) -> pa.Array:
            whole = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
            items, start, found = datums_of(whole.flatten(), INTERVAL), 0, []
            try:
                for length in pc.list_value_length(whole).to_pylist():
                    values = [item for item in items[start : start + (length or 0)] if item is not None]
                    start += length or 0
                    found.append(over(values) if values else None)
            except DatabaseError as error:
                raise raised(error) from error
            return result_column(found, INTERVAL)

        return function

    return Udf(f"eagleray_{name}_interval", ["INTERVAL[]"], "INTERVAL", INTERVAL, make)
