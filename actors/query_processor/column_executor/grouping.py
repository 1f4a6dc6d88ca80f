"""GROUP BY: expressions, output columns by name or number, grouping sets.

What DuckDB groups by is a key where equal values may look different (comparing.py); `Translator.groups` then says what stands for the expression in the select list.
"""

from __future__ import annotations

from typing import Any

from pglast import ast

from actors.common.errors import STATEMENT_TOO_COMPLEX, SYNTAX_ERROR, TOO_MANY_COLUMNS, DatabaseError
from actors.query_processor.column_executor.comparing import has_key
from actors.query_processor.column_executor.names import Level, Output
from actors.query_processor.column_executor.output_names import named, ordinal
from actors.query_processor.column_executor.translator import Translator, string_fields
from actors.sql.types.column_type import ColumnType

GROUPING_SETS_MAX = 4096
"""As PostgreSQL bounds them."""


def group_by(translator: Translator, statement: ast.SelectStmt, level: Level, targets: list[Output]) -> str:
    if not statement.groupClause:
        return ""
    level.grouped = statement.groupClause
    if statement.groupDistinct:
        return f" GROUP BY GROUPING SETS ({', '.join(_distinct_sets(translator, statement, level, targets))})"
    parts = [_group_item(translator, item, level, targets) for item in statement.groupClause]
    if not any(isinstance(item, ast.GroupingSet) for item in statement.groupClause):
        parts = list(dict.fromkeys([*parts, *_dependent(level, [*parts, *translator.groups], translator)]))
    return f" GROUP BY {', '.join(part for part in parts if part)}"


def _group_item(translator: Translator, item: Any, level: Level, targets: list[Output]) -> str:
    if isinstance(item, ast.GroupingSet):
        content = [_group_item(translator, part, level, targets) for part in item.content or ()]
        kinds = {"GROUPING_SET_ROLLUP": "ROLLUP", "GROUPING_SET_CUBE": "CUBE", "GROUPING_SET_SETS": "GROUPING SETS"}
        if item.kind.name == "GROUPING_SET_EMPTY":
            return "()"
        return f"{kinds.get(item.kind.name, '')}({', '.join(content)})"
    if isinstance(item, ast.RowExpr):
        return "(" + ", ".join(_group_item(translator, part, level, targets) for part in item.args) + ")"
    if isinstance(item, ast.A_Const) and not isinstance(item.val, ast.Integer):
        raise DatabaseError(SYNTAX_ERROR, "non-integer constant in GROUP BY")
    sets = any(isinstance(part, ast.GroupingSet) for part in level.grouped)
    numbered = ordinal(item, targets, "GROUP BY")
    if numbered is not None:
        return _grouped(translator, numbered.sql, numbered.type, sets)
    names = string_fields(item) if isinstance(item, ast.ColumnRef) else None
    if names is not None and len(names) == 1 and level._own_column(names) is None:
        output = named(item, targets, "GROUP BY")
        if output is not None:
            return _grouped(translator, output.sql, output.type, sets)
    return _grouped(translator, *translator.expression(item, level), sets)


def _grouped(translator: Translator, sql: str, type_: ColumnType, sets: bool) -> str:
    """What DuckDB groups by. `sets`: grouping sets, in some of which the expression is NULL."""
    if not has_key(type_):
        return sql
    key = translator.key(sql, type_)
    translator.groups[sql] = f"CASE WHEN GROUPING({key}) = 0 THEN any_value({sql}) END" if sets else f"any_value({sql})"
    return key


def _distinct_sets(translator: Translator, statement: ast.SelectStmt, level: Level, targets: list[Output]) -> list[str]:
    """GROUP BY DISTINCT: the grouping sets that all items together make, each of them once. DuckDB has no such thing."""
    sets: list[tuple[str, ...]] = [()]
    for item in statement.groupClause:
        sets = [(*one, *other) for one in sets for other in _grouping_sets(translator, item, level, targets)]
        if len(sets) > GROUPING_SETS_MAX:
            raise DatabaseError(STATEMENT_TOO_COMPLEX, f"too many grouping sets present (maximum {GROUPING_SETS_MAX})")
    return list(dict.fromkeys(f"({', '.join(sorted(set(one)))})" for one in sets))


def _grouping_sets(translator: Translator, item: Any, level: Level, targets: list[Output]) -> list[tuple[str, ...]]:
    """Of one item: one set of one expression, or what ROLLUP, CUBE and GROUPING SETS stand for."""
    if isinstance(item, ast.RowExpr):
        return [tuple(_group_item(translator, part, level, targets) for part in item.args)]
    if not isinstance(item, ast.GroupingSet):
        return [(_group_item(translator, item, level, targets),)]
    parts = [_grouping_sets(translator, part, level, targets) for part in item.content or ()]
    kind = item.kind.name
    if kind == "GROUPING_SET_SETS":
        return [one for part in parts for one in part]
    columns = [part[0] for part in parts]
    if kind == "GROUPING_SET_CUBE":
        if 1 << len(columns) > GROUPING_SETS_MAX:
            raise DatabaseError(TOO_MANY_COLUMNS, "CUBE is limited to 12 elements")
        chosen = [[part for place, part in enumerate(columns) if bits >> place & 1] for bits in range(1 << len(columns))]
    else:
        chosen = [columns[:length] for length in range(len(columns), -1, -1)]
    return [tuple(text for part in one for text in part) for one in chosen]


def _dependent(level: Level, grouped: list[str], translator: Translator) -> list[str]:
    """The other columns of a table whose whole primary key is grouped by: they depend on it (SQL:1999; PostgreSQL allows them)."""
    present = set(grouped)
    extra: list[str] = []
    for relation in level.relations:
        keys = translator.sources.key_columns(relation)
        if keys and keys <= present:
            extra.extend(column.sql for column in relation.columns if column.sql not in present)
    return extra
