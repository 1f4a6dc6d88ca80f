"""EXPLAIN's lines, in Aurora DSQL's words: what the query processor does, and below it what storage does.

    Index Scan using t_city_idx on t
      Index Cond: (city = 'Rome'::text)
      Filter: (population > 10)
      -> Storage Scan on t_city_idx
           -> B-Tree Scan on t_city_idx
                Index Cond: (city = 'Rome'::text)
      -> Storage Lookup on t
           Projections: id, city, population
           -> B-Tree Lookup on t

The primary key's index holds whole rows, so a scan of it is an Index Only Scan, or, not narrowed by any condition, a
Full Scan. `Filters` under Storage Scan are evaluated by storage, `Filter` by the query processor. With ANALYZE the
counts of the last run follow in parentheses; costs are not estimated, so COSTS changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.query_processor.planner.deparse import NameOf, conjunction_text, deparse, names_in
from actors.query_processor.planner.planning import Path
from actors.query_processor.row_executor.access import RangeAccess, Statistics
from actors.query_processor.row_executor.selecting import Explainer
from actors.sql.binding.relations import Relation, Scope
from actors.sql.expressions.tree import Expression

SortItems = Sequence[tuple[Expression, bool, bool]]


def indent(lines: Sequence[str], first: str = "  -> ", rest: str = "       ") -> list[str]:
    return [(first if number == 0 else rest) + line for number, line in enumerate(lines)]


def _counted(statistics: Statistics | None, text: str) -> str:
    return "" if statistics is None else f"  ({text})"


def path_lines(
    path: Path,
    scope: Scope,
    statistics: Statistics | None,
    *,
    limited: bool = False,
    aggregates: Sequence[str] = (),
    names: NameOf | None = None,
) -> list[str]:
    """The scan node and its storage-side children. `names`: of the columns in the conditions, where they are not the
    scope's."""
    [relation] = scope.relations[-1:]
    name_of = names or names_in(scope)
    table, stored = relation.table, path.access.stored
    shown = table.name if relation.alias == table.name else f"{table.name} {relation.alias}"
    index = path.choice.index
    primary = index is stored.primary
    narrowed = bool(path.index_conditions)
    if not primary:
        head = f"Index Scan using {index.index.name} on {shown}"
    elif narrowed or path.ordered:
        head = f"Index Only Scan using {index.index.name} on {shown}"
    else:
        head = f"Full Scan (btree-table) on {shown}"
    if _backward(path):
        head = head.replace("Scan", "Scan Backward", 1)
    lines = [head + _counted(statistics, f"actual rows={statistics.passed if statistics else 0}")]
    condition = f"Index Cond: {conjunction_text(path.index_conditions, name_of)}" if narrowed else ""
    if condition:
        lines.append(f"  {condition}")
    if path.filters:
        lines.append(f"  Filter: {conjunction_text(path.filters, name_of)}")
    storage_name = index.index.name if not primary or not stored.hidden else table.name
    lines += indent(_storage_scan(path, storage_name, condition, name_of, statistics, limited, aggregates))
    if not primary:
        columns = ", ".join(column.name for column in table.live_columns())
        looked_up = _counted(statistics, f"actual rows={statistics.looked_up if statistics else 0}")
        lookup = [
            f"Storage Lookup on {table.name}{looked_up}",
            f"  Projections: {columns}",
            f"  -> B-Tree Lookup on {table.name}",
        ]
        lines += indent(lookup)
    return lines


def _backward(path: Path) -> bool:
    return bool(getattr(path.access, "reverse", False))


def _storage_scan(
    path: Path,
    name: str,
    condition: str,
    name_of: NameOf,
    statistics: Statistics | None,
    limited: bool,
    aggregates: Sequence[str],
) -> list[str]:
    access = path.access
    point = path.choice.unique
    lines = [
        f"Storage {'Lookup' if point else 'Scan'} on {name}"
        + _counted(statistics, f"rows={statistics.received if statistics else 0}")
    ]
    if aggregates:
        lines.append(f"  Aggregates: {', '.join(aggregates)}")
    elif path.choice.index is access.stored.primary:
        project = access.project if isinstance(access, RangeAccess) else None
        positions = (
            project if project is not None else [column.position for column in access.stored.table.live_columns()]
        )
        offset = 0
        lines.append(
            f"  Projections: {', '.join(access.stored.table.columns[position + offset].name for position in positions)}"
        )
    if path.storage_filters:
        lines.append(f"  Filters: {conjunction_text(path.storage_filters, name_of)}")
    if limited and not path.filters and not point:
        lines.append("  Limit: pushed down")
    if isinstance(access, RangeAccess) and access.order:
        lines.append("  Limit: pushed down, by the sort key")
    below = [
        f"B-Tree {'Lookup' if point else 'Scan'} on {name}"
        + _counted(statistics, f"rows={statistics.read if statistics else 0}")
    ]
    if condition:
        below.append(f"  {condition}")
    return lines + indent(below)


def sort_key(items: SortItems, name_of: NameOf) -> str:
    texts = []
    for expression, descending, nulls_first in items:
        text = deparse(expression, name_of) + (" DESC" if descending else "")
        if nulls_first != descending:
            text += " NULLS FIRST" if nulls_first else " NULLS LAST"
        texts.append(text)
    return ", ".join(texts)


def explain_path(
    path: Path,
    scope: Scope,
    *,
    sort: SortItems | None = None,
    limited: bool = False,
    locking: bool = False,
    output: Sequence[Expression] = (),
) -> Explainer:
    """Of a SELECT on one table."""
    name_of = names_in(scope)

    def lines(statistics: Statistics | None, verbose: bool) -> list[str]:
        made = path_lines(path, scope, statistics, limited=limited and not sort)
        if verbose and output:
            made.insert(1, f"  Output: {', '.join(deparse(expression, name_of) for expression in output)}")
        if sort:
            made = ["Sort", f"  Sort Key: {sort_key(sort, name_of)}", *indent(made)]
        if locking:
            made = ["LockRows", *indent(made)]
        return ["Limit", *indent(made)] if limited else made

    return lines


def explain_join(
    sides: Any,
    scope: Scope,
    access: Any,
    filters: Sequence[Expression],
    sort: SortItems,
    limited: bool,
    is_left: bool,
    locking: bool = False,
) -> Explainer:
    """Of a join by look-up (join.py's Sides, joining.py's LookUpJoin)."""
    name_of = names_in(scope)

    def restored(path: Path) -> Path:
        conditions, pushed, kept = (
            [*map(sides.restore, part)] for part in (path.index_conditions, path.storage_filters, path.filters)
        )
        return Path(path.access, path.choice, conditions, pushed, kept)

    def lines(statistics: Statistics | None, verbose: bool) -> list[str]:
        def side(path: Path, relation: Relation, names: NameOf) -> list[str]:
            return indent(
                path_lines(
                    path, Scope([relation]), path.access.statistics if statistics is not None else None, names=names
                )
            )

        made = [
            ("Nested Loop Left Join" if is_left else "Nested Loop")
            + _counted(statistics, f"actual rows={statistics.passed if statistics else 0}")
        ]
        if filters:
            made.append(f"  Filter: {conjunction_text(list(filters), name_of)}")
        made += side(
            sides.outer, sides.outer_relation, lambda position: name_of(position + sides.outer_relation.offset)
        )
        made += side(restored(sides.inner), sides.inner_relation, name_of)
        if sort:
            made = ["Sort", f"  Sort Key: {sort_key(sort, name_of)}", *indent(made)]
        if locking:
            made = ["LockRows", *indent(made)]
        return ["Limit", *indent(made)] if limited else made

    return lines


def explain_result(parts: Sequence[Expression]) -> Explainer:
    """Of a SELECT without FROM."""

    def lines(statistics: Statistics | None, verbose: bool) -> list[str]:
        filters = [f"  One-Time Filter: {conjunction_text(list(parts), str)}"] if parts else []
        return ["Result" + _counted(statistics, "actual rows=1"), *filters]

    return lines


def explain_change(verb: str, path: Path, scope: Scope, indexes: Sequence[str] = ()) -> Explainer:
    """Of an UPDATE or DELETE on one table."""

    def lines(statistics: Statistics | None, verbose: bool) -> list[str]:
        [relation] = scope.relations[-1:]
        shown = (
            relation.table.name if relation.alias == relation.table.name else f"{relation.table.name} {relation.alias}"
        )
        touched = [f"  Indexes: {', '.join(indexes)}"] if indexes and verbose else []
        return [f"{verb} on {shown}", *touched, *indent(path_lines(path, scope, statistics))]

    return lines


def explain_insert(table: str, rows: int, conflict: Sequence[str] = ()) -> Explainer:
    """Of INSERT ... VALUES."""

    def lines(statistics: Statistics | None, verbose: bool) -> list[str]:
        source = "Result" if rows == 1 else f'Values Scan on "*VALUES*"  (rows={rows})'
        return [f"Insert on {table}", *(f"  {line}" for line in conflict), *indent([source])]

    return lines
