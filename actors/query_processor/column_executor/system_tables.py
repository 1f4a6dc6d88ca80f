"""The system catalogs as tables: names, columns, and rows made from the transaction's catalog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actors.common.schema import ColumnType


@dataclass(frozen=True)
class SystemTable:
    """`rows(transaction)` gives tuples of datums, one for each of `columns`."""

    schema: str
    name: str
    columns: tuple[tuple[str, ColumnType], ...]
    rows: Callable[[Any], list[tuple[Any, ...]]]


TABLES: dict[tuple[str, str], SystemTable] = {}


def find_system_table(schema: str | None, name: str) -> SystemTable | None:
    """`schema` None: pg_catalog, which comes first on every search path."""
    return TABLES.get((schema or "pg_catalog", name))
