"""GROUP BY as DuckDB's SQL: expressions and grouping sets.

What DuckDB groups by is a key where equal values may look different (comparing.py); `Translator.groups` then says what
stands for the expression in the select list.
"""

from __future__ import annotations

from actors.common.errors import STATEMENT_TOO_COMPLEX, TOO_MANY_COLUMNS, DatabaseError
from actors.query_processor.column_executor.comparing import has_key
from actors.query_processor.column_executor.translator import Translator
from actors.sql.binding.query import GroupingSet, GroupItem, Select
from actors.sql.expressions.tree import Expression

GROUPING_SETS_MAX = 4096
"""As PostgreSQL bounds them."""
WORDS = {"ROLLUP": "ROLLUP", "CUBE": "CUBE", "SETS": "GROUPING SETS", "ROW": ""}


def group_by(translator: Translator, body: Select) -> str:
    if not body.group:
        return ""
    sets = any(isinstance(item, GroupingSet) and item.kind != "ROW" for item in body.group)
    made = _Grouping(translator, sets)
    if body.group_distinct:
        text = f" GROUP BY GROUPING SETS ({', '.join(made.distinct_sets(body.group))})"
    else:
        parts = [made.item(item) for item in body.group]
        if not sets:
            parts += [translator.text(column) for column in body.dependent]
        text = f" GROUP BY {', '.join(part for part in dict.fromkeys(parts) if part)}"
    translator.groups = made.groups
    return text


class _Grouping:
    """`sets`: there are grouping sets, in some of which an expression is NULL."""

    def __init__(self, translator: Translator, sets: bool) -> None:
        self._translator = translator
        self._sets = sets
        self.groups = dict(translator.groups)

    def item(self, item: GroupItem) -> str:
        if not isinstance(item, GroupingSet):
            return self._expression(item)
        if item.kind == "EMPTY":
            return "()"
        return f"{WORDS[item.kind]}({', '.join([self.item(part) for part in item.content])})"

    def _expression(self, expression: Expression) -> str:
        sql, type_ = self._translator.expression(expression)
        if not has_key(type_):
            return sql
        key = self._translator.key(sql, type_)
        self.groups[expression] = (
            f"CASE WHEN GROUPING({key}) = 0 THEN any_value({sql}) END" if self._sets else f"any_value({sql})",
            type_,
        )
        return key

    def distinct_sets(self, items: tuple[GroupItem, ...]) -> list[str]:
        """GROUP BY DISTINCT: the grouping sets that all items together make, each of them once. DuckDB has no such
        thing."""
        sets: list[tuple[str, ...]] = [()]
        for item in items:
            sets = [(*one, *other) for one in sets for other in self._sets_of(item)]
            if len(sets) > GROUPING_SETS_MAX:
                raise DatabaseError(
                    STATEMENT_TOO_COMPLEX, f"too many grouping sets present (maximum {GROUPING_SETS_MAX})"
                )
        return list(dict.fromkeys(f"({', '.join(sorted(set(one)))})" for one in sets))

    def _sets_of(self, item: GroupItem) -> list[tuple[str, ...]]:
        """Of one item: one set of one expression, or what ROLLUP, CUBE and GROUPING SETS stand for."""
        if not isinstance(item, GroupingSet):
            return [(self._expression(item),)]
        if item.kind == "ROW":
            return [tuple([self.item(part) for part in item.content])]
        if item.kind == "EMPTY":
            return [()]
        parts = [self._sets_of(part) for part in item.content]
        if item.kind == "SETS":
            return [one for part in parts for one in part]
        columns = [part[0] for part in parts]
        if item.kind == "CUBE":
            if 1 << len(columns) > GROUPING_SETS_MAX:
                raise DatabaseError(TOO_MANY_COLUMNS, "CUBE is limited to 12 elements")
            chosen = [
                [part for place, part in enumerate(columns) if bits >> place & 1] for bits in range(1 << len(columns))
            ]
        else:
            chosen = [columns[:length] for length in range(len(columns), -1, -1)]
        return [tuple(text for part in one for text in part) for one in chosen]
