"""A view's definition as pg_get_viewdef shows it: the stored query under the names of now, laid out as PostgreSQL lays
it out.

     SELECT id,
        n
       FROM t
      WHERE n > 0;

Expressions are written by the parser's own printer: PostgreSQL's has more parentheses, and casts of literals, where one
does not ask it for pretty text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pglast import ast, enums
from pglast.stream import RawStream

from actors.sql.binding import stored_names
from actors.sql.binding.trees import mapped, with_parts, with_relations
from actors.sql.catalog.schema import View, ViewSource
from actors.sql.catalog.snapshot import Catalog
from actors.sql.parser import parse_sql


def definition(view: View, catalog: Catalog) -> str:
    statement: Any = stored_names.shown(parse_sql(view.query)[0].stmt, catalog)
    renamed = _renamed_columns(view, catalog)
    tree = _named(_under_present_names(statement, view.sources, catalog), view)
    return _select(mapped(tree, lambda node: _present(node, renamed)) if renamed else tree) + ";"


def presented(statement: Any, sources: Iterable[ViewSource], catalog: Catalog) -> str:
    """A function's SELECT, laid out as a view's."""
    return _select(_under_present_names(statement, sources, catalog))


def _under_present_names(statement: Any, sources: Iterable[ViewSource], catalog: Catalog) -> Any:
    known = {(source.schema, source.name): source for source in sources}

    def shown(node: ast.RangeVar) -> ast.RangeVar:
        source = known.get((node.schemaname or "", node.relname))
        if source is None:
            return node
        relation: Any = (
            catalog.table_by_id(source.id) or catalog.view_by_id(source.id) or catalog.sequence_by_id(source.id)
        )
        if relation is None:
            return node
        table = catalog.find_table(None, relation.name) or catalog.find_other(None, relation.name)
        schema = None if table is not None and table.id == relation.id else relation.schema
        alias = (
            node.alias if node.alias is not None or relation.name == node.relname else ast.Alias(aliasname=node.relname)
        )
        return with_parts(node, lambda part: part, schemaname=schema, relname=relation.name, alias=alias)

    return with_relations(statement, shown)


def _renamed_columns(view: View, catalog: Catalog) -> dict[str, str]:
    """Columns of the tables that the view reads, old name -> present name, where they differ. One of several tables' is
    left: its name alone does not tell whose it is."""
    found: dict[str, str] = {}
    seen: list[str] = []
    for source in view.sources:
        table = catalog.table_by_id(source.id)
        present = {column.position: column.name for column in table.live_columns()} if table is not None else {}
        for name, position in source.columns:
            seen.append(name)
            if present.get(position, name) != name:
                found[name] = present[position]
    return {old: new for old, new in found.items() if seen.count(old) == 1}


def _present(node: Any, renamed: dict[str, str]) -> Any:
    if not isinstance(node, ast.ColumnRef) or getattr(node.fields[-1], "sval", None) not in renamed:
        return None
    return ast.ColumnRef(fields=(*node.fields[:-1], ast.String(sval=renamed[node.fields[-1].sval])))


def _named(query: Any, view: View) -> Any:
    """With the view's column names where the query's own are others."""
    from actors.sql.binding.column_names import figure_name

    if not query.targetList or len(query.targetList) != len(view.columns):
        return query
    targets = []
    for target, column in zip(query.targetList, view.columns, strict=True):
        own = target.name or figure_name(target.val)
        is_plain = target.name is None and isinstance(target.val, ast.ColumnRef) and own == column.name
        targets.append(target if is_plain else with_parts(target, lambda part: part, name=column.name))
    return with_parts(query, lambda part: part, targetList=tuple(targets))


def _text(node: Any) -> str:
    return str(RawStream()(node))


def _select(query: Any) -> str:
    if (
        query.op != enums.SetOperation.SETOP_NONE
        or query.valuesLists
        or query.withClause is not None
        or query.windowClause
    ):
        return f" {_text(query)}"
    distinct = ""
    if query.distinctClause:
        plain = all(item is None for item in query.distinctClause)
        distinct = "DISTINCT " if plain else f"DISTINCT ON ({', '.join(map(_text, query.distinctClause))}) "
    lines = [" SELECT " + distinct + ",\n    ".join(map(_text, query.targetList or ()))]
    if query.fromClause:
        lines.append("   FROM " + ",\n    ".join(_from(item) for item in query.fromClause))
    if query.whereClause is not None:
        lines.append(f"  WHERE {_text(query.whereClause)}")
    if query.groupClause:
        lines.append(f"  GROUP BY {', '.join(map(_text, query.groupClause))}")
    if query.havingClause is not None:
        lines.append(f" HAVING {_text(query.havingClause)}")
    if query.sortClause:
        lines.append(f"  ORDER BY {', '.join(map(_text, query.sortClause))}")
    if query.limitOffset is not None:
        lines.append(f" OFFSET {_text(query.limitOffset)}")
    if query.limitCount is not None:
        lines.append(f" LIMIT {_text(query.limitCount)}")
    return "\n".join(lines)


_JOINS = {
    enums.JoinType.JOIN_INNER: "JOIN",
    enums.JoinType.JOIN_LEFT: "LEFT JOIN",
    enums.JoinType.JOIN_RIGHT: "RIGHT JOIN",
    enums.JoinType.JOIN_FULL: "FULL JOIN",
}


def _from(item: Any) -> str:
    if (
        not isinstance(item, ast.JoinExpr)
        or item.alias is not None
        or item.isNatural
        or item.usingClause
        or item.quals is None
    ):
        return _text(item)
    return f"{_from(item.larg)}\n     {_JOINS[item.jointype]} {_from(item.rarg)} ON {_text(item.quals)}"
