"""What every new row version goes through before it is written: its generated columns are computed, then NOT NULL,
CHECK, and the size limits are looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from actors.common.errors import PROGRAM_LIMIT_EXCEEDED, DatabaseError
from actors.common.settings import Limits
from actors.query_processor.row_executor import violations
from actors.query_processor.row_executor.generated import Generated
from actors.sql.catalog.schema import Check, Table
from actors.sql.expressions.environment import Environment

_SIZED_TYPES = frozenset({"text", "varchar", "bpchar", "bytea", "numeric", "json", "jsonb"})

CompiledOption = tuple[str, Callable[[Sequence[Any], Sequence[Any], Environment], Any]]
"""(view, what a row that is written through it must meet)"""
CompiledDomain = tuple[int, Callable[[Any, Environment], Any]]
"""(position of a column, what raises where its datum is not of the column's domain)"""
CompiledCheck = tuple[Check, Callable[[Sequence[Any], Sequence[Any], Environment], Any]]


class RowConstraints:
    """`check(row, environment)` computes what is `generated` of the row, in the row (a list then), and raises 23502,
    23514 or 44000, in PostgreSQL's order (columns' domains, NOT NULL, checks by name, then views' WITH CHECK OPTION).

    `positions`: the columns that a statement changes; those and the checks that mention them are looked at (None: all).
    """

    __slots__ = (
        "_checks",
        "_column_bytes_max",
        "_domains",
        "_generated",
        "_not_null",
        "_options",
        "_sized",
        "check",
        "table",
    )

    def __init__(
        self,
        table: Table,
        checks: Sequence[CompiledCheck],
        limits: Limits,
        positions: frozenset[int] | None = None,
        options: Sequence[CompiledOption] = (),
        domains: Sequence[CompiledDomain] = (),
        generated: Sequence[Generated] = (),
    ) -> None:
        self.table = table
        self._domains = tuple(domains)
        self._generated = [(one.position, one.compute) for one in generated]
        self._not_null = tuple(
            column
            for column in table.live_columns()
            if column.not_null and (positions is None or column.position in positions)
        )
        self._checks = tuple(sorted(checks, key=lambda pair: pair[0].name))
        self._options = tuple(options)
        self._column_bytes_max = limits.column_bytes_max
        key_positions = {column.position for index in (table.primary, *table.indexes) for column in index.columns}
        self._sized = tuple(
            column.position
            for column in table.live_columns()
            if column.type.name in _SIZED_TYPES and column.position not in key_positions
        )
        self.check: Callable[[Sequence[Any], Environment], None] = self._check()

    def _check(self) -> Callable[[Sequence[Any], Environment], None]:
        required = tuple(column.position for column in self._not_null)
        checks, options = self._checks, self._options

        def check(row: Sequence[Any], environment: Environment) -> None:
            for position in required:
                if row[position] is None:
                    raise violations.not_null(self.table, self.table.columns[position], row)
            for constraint, holds in checks:
                if holds(row, (), environment) is False:
                    raise violations.check_failed(self.table, constraint, row)
            for view, meets in options:
                if meets(row, (), environment) is not True:
                    raise violations.check_option_failed(self.table, view, row)

        domains, generated = self._domains, self._generated
        if not domains and not generated:
            return check

        def check_all(row: Any, environment: Environment) -> None:
            for position, compute in generated:
                row[position] = compute(row, (), environment)
            for position, checked in domains:
                checked(row[position], environment)
            check(row, environment)

        return check_all

    @property
    def is_plain(self) -> bool:
        """There is nothing but NOT NULL and the limits."""
        return not (self._checks or self._options or self._domains or self._generated)

    def takes_columns_of(self, size: int) -> bool:
        """Whether no column of a row that takes so many bytes can be too long."""
        return not 0 < self._column_bytes_max < size

    def check_size(self, row: Sequence[Any], encoded: bytes) -> None:
        """Raises 54000 for a column that is too long. The row's own limit is the transaction's business."""
        limit = self._column_bytes_max
        if not limit or len(encoded) <= limit:
            return
        for position in self._sized:
            datum = row[position]
            if datum is not None and len(datum if isinstance(datum, bytes) else str(datum).encode()) > limit:
                raise DatabaseError(PROGRAM_LIMIT_EXCEEDED, "maximum column size exceeded")


def key_too_large() -> DatabaseError:
    return DatabaseError(PROGRAM_LIMIT_EXCEEDED, "key size too large")
