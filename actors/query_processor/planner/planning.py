"""`Planning`: what the parts of one statement's planning share, and the access path to one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from actors.common.settings import Settings
from actors.query_processor.planner.conditions import Choice, Order, choose
from actors.query_processor.planner.facts import conjunction, push, pushable
from actors.query_processor.row_executor.access import Access, IndexAccess, PointAccess, PointsAccess, RangeAccess
from actors.query_processor.row_executor.key_ranges import KeyRanges, alternatives, is_single, point_key
from actors.query_processor.row_executor.stored_table import StoredTable
from actors.sql.binding import ParameterTypes
from actors.sql.binding.view_changes import CheckOption
from actors.sql.catalog.snapshot import Catalog
from actors.sql.expressions.compile import compile_filter
from actors.sql.expressions.tree import Expression
from actors.sql.types.column_type import ColumnType

COLUMNS_SHARE_MAX = 2
"""Typed columns instead of encoded rows are asked for where at most one in so many columns is needed: else rows cost
less."""
_COLUMN_TYPES = frozenset(
    {
        "bool",
        "int2",
        "int4",
        "int8",
        "float4",
        "float8",
        "text",
        "varchar",
        "bpchar",
        "bytea",
        "uuid",
        "date",
        "timestamptz",
    }
)
"""Types whose every datum an Arrow column can hold (but for the last years of timestamps)."""


class Planning:
    """One statement's. `parameters` collects the parameters' types, which are asked for (`parameter_types`) once all of
    it is bound."""

    def __init__(self, catalog: Catalog, parameter_types: Sequence[ColumnType | None], settings: Settings) -> None:
        self.catalog = catalog
        self.settings = settings
        self.check_options: tuple[CheckOption, ...] = ()
        """Of the views through which the statement writes."""
        self.through_view = False
        """Its target is a view."""
        self.parameters = ParameterTypes(parameter_types, catalog)
        self.locking: list[Any] = []
        """The queries that have been planned to lock their rows."""

    def parameter_types(self) -> list[ColumnType]:
        """Raises 42P18 for a parameter whose type nothing has told."""
        return list(self.parameters.resolved())


@dataclass(slots=True)
class Path:
    """An access path and what EXPLAIN says of it."""

    access: Access
    choice: Choice
    index_conditions: list[Expression]
    storage_filters: list[Expression]
    filters: list[Expression]

    ordered: bool = False
    """The access path gives the order that was wanted (and one was)."""

    @property
    def keyed(self) -> bool:
        """One row at most for each combination of the key's values."""
        return self.choice.unique

    @property
    def by_primary_key(self) -> bool:
        return self.choice.unique and self.choice.index is self.access.stored.primary


def projection(stored: StoredTable, used: Sequence[int]) -> tuple[int, ...] | None:
    """The positions (ascending) that a scan asks for as typed columns; None: rows are asked for."""
    if not used or len(used) * COLUMNS_SHARE_MAX > len(stored.table.live_columns()):
        return None
    return tuple(used) if all(stored.types[position].name in _COLUMN_TYPES for position in used) else None


def path_to(
    stored: StoredTable,
    parts: Sequence[Expression],
    wanted: Sequence[Order] | None = None,
    limited: bool = False,
    project: tuple[int, ...] | None = None,
    memory_bytes_max: int = 0,
    filtered: bool = True,
) -> Path:
    """The access path for the conjuncts `parts`. `filtered` False: a scan leaves the path's `filters` to whoever takes
    its rows. `project`: the positions that suffice, for ranges of the primary index; `memory_bytes_max`: of the rows
    held at once (0: no limit)."""
    choice = choose(stored, parts, wanted, limited)
    enforced = [part for number, part in enumerate(parts) if number in choice.enforced]
    rest = [part for number, part in enumerate(parts) if number not in choice.enforced]
    index = choice.index
    if choice.unique:
        path = Path(_points(stored, choice, rest), choice, enforced, [], rest)
        return path
    keys = None if choice.whole else KeyRanges(index, choice.equalities, choice.bounds).ranges
    reverse = choice.order == "backward"
    if index is not stored.primary:
        local = conjunction(rest) if filtered else None
        scan = IndexAccess(
            stored,
            index,
            keys,
            compile_filter(local) if local is not None else None,
            reverse=reverse,
            memory_bytes_max=memory_bytes_max,
        )
        return Path(scan, choice, enforced, [], rest, bool(wanted) and choice.order is not None)
    pushed = [part for part in rest if pushable(part)]
    kept = [part for part in rest if part not in pushed]
    local = conjunction(kept) if filtered else None
    access = RangeAccess(
        stored,
        keys,
        push(pushed),
        compile_filter(local) if local is not None else None,
        reverse=reverse,
        project=project,
        memory_bytes_max=memory_bytes_max,
    )
    return Path(access, choice, enforced, pushed, kept, bool(wanted) and choice.order is not None)


def _points(stored: StoredTable, choice: Choice, rest: Sequence[Expression]) -> Access:
    local = conjunction(rest)
    passes = compile_filter(local) if local is not None else None
    single = all(map(is_single, choice.equalities))
    if choice.index is stored.primary and single:
        return PointAccess(stored, point_key(choice.index, [values[0] for values in choice.equalities]), passes)
    keys = prod(map(alternatives, choice.equalities))
    return PointsAccess(stored, choice.index, KeyRanges(choice.index, choice.equalities).points, passes, keys)
