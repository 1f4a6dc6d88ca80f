"""Aggregate functions, in one registry: which overload a call means, what its result is, and how it is computed over a
list of values.

    overload = resolve("avg", [ColumnType("int4")])          arguments int4, result numeric
    overload.over([1, 2, 4])  ->  Decimal("2.3333333333333333")

A new aggregate is a function registered in one of this folder's files, and its golden test: both executors compute it
by `over`. What DuckDB computes by itself in the same way it is asked to
(query_processor/column_executor/aggregates.py), which is faster, and changes no answer.
"""

from __future__ import annotations

from actors.sql.aggregates import counting as _counting  # these register theirs
from actors.sql.aggregates import documents as _documents
from actors.sql.aggregates import gathering as _gathering
from actors.sql.aggregates import ordered as _ordered
from actors.sql.aggregates import statistics as _statistics
from actors.sql.aggregates import totals as _totals
from actors.sql.aggregates.registry import AGGREGATES, HYPOTHETICAL, Overload, resolve

_registered = (_counting, _documents, _gathering, _ordered, _statistics, _totals)

__all__ = ["AGGREGATES", "HYPOTHETICAL", "Overload", "resolve"]
