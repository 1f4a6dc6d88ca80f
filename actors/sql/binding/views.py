"""Views: a view's text when it is made, and statements about views as statements about what the views read.

    defined(query, catalog)         -> (the query with every relation qualified, the relations that it reads)
    expanded(statement, catalog)    -> the statement without views, before names are bound

A view that shows one table's rows is taken in where it stands alone, so that a point read through it stays one; any
other is a subquery:

    SELECT n FROM v WHERE id = 7            SELECT v.count AS n FROM t v WHERE v.id = 7 AND v.open
    SELECT ... FROM v JOIN u ON ...         SELECT ... FROM (SELECT ...) v JOIN u ON ...

A view's text keeps the names of when it was written, and `sources` says whose they were. So relations and columns may
be renamed, and columns added: a table that has other columns now is read through a subquery that shows those of then.

Bounds: VIEWS_MAX expansions a statement (views upon views double their number at each step), DEPTH_MAX views upon one
another; 54001 beyond.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace
from pglast import ast, enums
from pglast.stream import RawStream

from actors.common.errors import (
    FEATURE_NOT_SUPPORTED,
    INVALID_OBJECT_DEFINITION,
    STATEMENT_TOO_COMPLEX,
    UNDEFINED_TABLE,
    DatabaseError,
)
from actors.sql.binding.scope import located, position_of
from actors.sql.binding.stored_names import kept
from actors.sql.binding.trees import has_subquery, mapped, mentions, with_parts, with_relations
from actors.sql.binding.view_bases import Base, Substitution, base_of, is_star, unsorted
from actors.sql.catalog.schema import DATABASE_NAME, Table, View, ViewSource
from actors.sql.catalog.snapshot import Catalog
from actors.sql.catalog.system_tables import find_system_table
from actors.sql.parser import parse_sql

VIEWS_MAX = 500
"""Expansions in one statement: each is a subquery for DuckDB."""
DEPTH_MAX = 50
"""Views upon one another."""
_NO_LIMIT = {"limitOption": enums.LimitOption.LIMIT_OPTION_DEFAULT, "op": enums.SetOperation.SETOP_NONE}


# -- a view's text -----------------------------------------------------------------------------------------------------


def defined(query: Any, catalog: Catalog) -> tuple[str, tuple[ViewSource, ...]]:
    """(text, sources; `used` is for the caller to fill in). Raises 42P01."""
    from actors.sql.binding.permissions import calls_in

    return kept_query(kept(query, catalog, calls_in(query, catalog)), catalog)


def kept_query(query: Any, catalog: Catalog) -> tuple[str, tuple[ViewSource, ...]]:
    """Of a query whose types and functions have their numbers."""
    sources: dict[tuple[str, str], ViewSource] = {}
    schemas: set[tuple[str, str]] = set()

    def qualified(node: ast.RangeVar) -> ast.RangeVar:
        with located(node):
            source = _source_of(node, catalog)
        if source.id:
            sources[source.schema, source.name] = source
        schemas.add((source.schema, node.relname))
        return with_parts(node, lambda part: part, schemaname=source.schema, catalogname=None)

    def short(node: Any) -> Any:
        """A column under its relation's name alone: the relation may go to another schema."""
        if (
            isinstance(node, ast.ColumnRef)
            and len(node.fields) == 3
            and (node.fields[0].sval, node.fields[1].sval) in schemas
        ):
            return ast.ColumnRef(fields=node.fields[1:])
        return None

    tree = mapped(with_relations(_starless(query, catalog), qualified), short)
    return str(RawStream()(tree)), tuple(sorted(sources.values(), key=lambda source: source.id))


def _source_of(node: ast.RangeVar, catalog: Catalog) -> ViewSource:
    table = catalog.find_table(node.schemaname, node.relname)
    if table is not None:
        columns = tuple((column.name, column.position) for column in table.live_columns())
        return ViewSource(table.id, table.schema, table.name, columns)
    other = catalog.find_other(node.schemaname, node.relname)
    if other is not None:
        columns = (
            tuple((column.name, number) for number, column in enumerate(other.columns))
            if isinstance(other, View)
            else ()
        )
        return ViewSource(other.id, other.schema, other.name, columns)
    system = find_system_table(node.schemaname, node.relname)
    if system is None:
        shown = node.relname if node.schemaname is None else f"{node.schemaname}.{node.relname}"
        raise DatabaseError(UNDEFINED_TABLE, f'relation "{shown}" does not exist')
    return ViewSource(0, system.schema, system.name)


def _starless(query: Any, catalog: Catalog) -> Any:
    """The outermost list's stars written out, where FROM names relations alone; elsewhere they mean what they meant,
    too (see the module)."""
    if query.op != enums.SetOperation.SETOP_NONE or query.valuesLists or query.withClause is not None:
        return query
    items = _plain_items(query.fromClause or ())
    if items is None or not any(map(is_star, query.targetList)):
        return query
    targets: list[Any] = []
    for target in query.targetList:
        if not is_star(target):
            targets.append(target)
            continue
        qualifier = target.val.fields[-2].sval if len(target.val.fields) > 1 else None
        for item in items:
            alias = item.alias.aliasname if item.alias is not None else item.relname
            names = _column_names(item, catalog)
            if names is None:
                return query
            if qualifier in (None, alias):
                fields = [
                    (ast.String(sval=alias), ast.String(sval=name)) if len(items) > 1 else (ast.String(sval=name),)
                    for name in names
                ]
                targets += [ast.ResTarget(val=ast.ColumnRef(fields=parts)) for parts in fields]
    return with_parts(query, lambda part: part, targetList=tuple(targets))


def _plain_items(items: Iterable[Any]) -> list[ast.RangeVar] | None:
    """The relations of FROM in the order of their columns; None where something else stands there, or columns are
    merged."""
    found: list[ast.RangeVar] = []
    for item in items:
        if isinstance(item, ast.RangeVar) and (item.alias is None or not item.alias.colnames):
            found.append(item)
        elif isinstance(item, ast.JoinExpr) and not item.isNatural and not item.usingClause and item.alias is None:
            inner = _plain_items((item.larg, item.rarg))
            if inner is None:
                return None
            found += inner
        else:
            return None
    return found


def _column_names(item: ast.RangeVar, catalog: Catalog) -> list[str] | None:
    table = catalog.find_table(item.schemaname, item.relname)
    if table is not None:
        return [column.name for column in table.live_columns()]
    view = catalog.find_other(item.schemaname, item.relname)
    return [column.name for column in view.columns] if isinstance(view, View) else None


# -- expansion ---------------------------------------------------------------------------------------------------------


def expanded(statement: Any, catalog: Catalog) -> Any:
    """The statement without views (but for the target of one that writes). Raises 54001."""
    return Expansion(catalog).statement(statement) if catalog.has_views else statement


class Expansion:
    """One statement's."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._left = VIEWS_MAX
        self._within: list[int] = []
        """Ids of the views whose text is being taken in."""

    def statement(self, statement: Any) -> Any:
        if isinstance(statement, ast.SelectStmt):
            alone = self._alone(statement)
            if alone is not None:
                return alone
        schemas: set[tuple[str, str]] = set()

        def subquery(node: ast.RangeVar) -> Any:
            view = self._view(node)
            if view is None:
                return node
            if node.alias is None:
                schemas.add((view.schema, node.relname))
            return _subselect(self.query(view), node, [column.name for column in view.columns])

        tree = with_relations(statement, subquery)
        return mapped(tree, lambda node: _without_schema(node, schemas)) if schemas else tree

    def _view(self, node: ast.RangeVar) -> View | None:
        if node.catalogname and node.catalogname != DATABASE_NAME:
            name = f"{node.catalogname}.{node.schemaname}.{node.relname}"
            message = f'cross-database references are not implemented: "{name}"'
            raise DatabaseError(FEATURE_NOT_SUPPORTED, message, position=position_of(node))
        found = self._catalog.find_other(node.schemaname, node.relname)
        return found if isinstance(found, View) else None

    def query(self, view: View) -> Any:
        """What the view reads, with names as they are now. Raises 54001."""
        self._left -= 1
        if view.id in self._within:
            raise DatabaseError(
                INVALID_OBJECT_DEFINITION, f'infinite recursion detected in rules for relation "{view.name}"'
            )
        if self._left < 0 or len(self._within) >= DEPTH_MAX:
            raise DatabaseError(
                STATEMENT_TOO_COMPLEX,
                "stack depth limit exceeded",
                hint="Views are nested too deeply, or too many of them.",
            )
        self._within.append(view.id)
        statement: Any = parse_sql(view.query)[0].stmt
        sources = {(source.schema, source.name): source for source in view.sources}
        tree = with_relations(statement, lambda node: self._present(node, sources))
        self._within.pop()
        return tree

    def _present(self, node: ast.RangeVar, sources: dict[tuple[str, str], ViewSource]) -> Any:
        """What a view's text names, under its present name."""
        source = sources.get((node.schemaname, node.relname))
        if source is None:
            return node
        view = self._catalog.view_by_id(source.id)
        if view is not None:
            return _subselect(self.query(view), node, [name for name, _ in source.columns])
        table = self._catalog.table_by_id(source.id)
        if table is None:
            other = self._catalog.sequence_by_id(source.id)
            assert other is not None, "what a view reads cannot be dropped alone"
            return _renamed(node, other.schema, other.name)
        present = _renamed(node, table.schema, table.name)
        if tuple((column.name, column.position) for column in table.live_columns()) == source.columns:
            return present
        return _subselect(_as_of_then(table, source), node, [])

    # -- a view that stands alone --------------------------------------------------------------------------------------

    def _alone(self, statement: ast.SelectStmt) -> Any:
        """SELECT from one view of plain columns as a SELECT from its table; None where it is another kind of
        statement."""
        items: tuple[Any, ...] = tuple(statement.fromClause or ())
        if (
            statement.withClause is not None
            or len(items) != 1
            or not isinstance(items[0], ast.RangeVar)
            or has_subquery(statement)
        ):
            return None
        view = self._view(items[0])
        if view is None or (items[0].alias is not None and items[0].alias.colnames):
            return None
        base = self.base(view)
        if base is None or not base.is_repeatable:
            return None
        alias = items[0].alias.aliasname if items[0].alias is not None else items[0].relname
        if alias not in base.values and mentions(statement, alias):  # its whole row
            return None
        return Substitution(base, alias, view.schema).select(statement)

    def base(self, view: View, sorted_: bool = False) -> Base | None:
        """What a view of one relation reads; None where it is another kind of view. `sorted_`: it may be one with ORDER
        BY, which is left out."""
        query = self.query(view)
        return base_of(unsorted(query) if sorted_ else query, view)


def present(statement: Any, sources: Iterable[ViewSource], catalog: Catalog) -> Any:
    """A text that was kept as a view's is, of a function: its relations, views among them, under the names of now."""
    known = {(source.schema, source.name): source for source in sources}

    def shown(node: ast.RangeVar) -> Any:
        source = known.get((node.schemaname or "", node.relname))
        if source is None:
            return node
        table = catalog.table_by_id(source.id)
        other = catalog.view_by_id(source.id) or catalog.sequence_by_id(source.id)
        if table is None:
            return node if other is None else _renamed(node, other.schema, other.name)
        if tuple((column.name, column.position) for column in table.live_columns()) == source.columns:
            return _renamed(node, table.schema, table.name)
        return _subselect(_as_of_then(table, source), node, [])

    return with_relations(statement, shown)


def _without_schema(node: Any, schemas: set[tuple[str, str]]) -> Any:
    """`schema.view.column`: a subquery has no schema."""
    if (
        isinstance(node, ast.ColumnRef)
        and len(node.fields) == 3
        and (node.fields[0].sval, node.fields[1].sval) in schemas
    ):
        return ast.ColumnRef(fields=node.fields[1:], location=node.location)
    return None


def _renamed(node: ast.RangeVar, schema: str, name: str) -> ast.RangeVar:
    """The relation under another name, seen as before."""
    alias = node.alias if node.alias is not None or name == node.relname else ast.Alias(aliasname=node.relname)
    return with_parts(node, lambda part: part, schemaname=schema, relname=name, alias=alias)


def _subselect(query: Any, node: ast.RangeVar, names: list[str]) -> ast.RangeSubselect:
    """`query` in the place of a relation: its columns are `names`, or what an alias calls them."""
    given = [name.sval for name in node.alias.colnames or ()] if node.alias is not None else []
    columns = [*given, *names[len(given) :]]
    alias = node.alias.aliasname if node.alias is not None else node.relname
    listed = tuple(ast.String(sval=name) for name in columns) or None
    return ast.RangeSubselect(lateral=False, subquery=query, alias=ast.Alias(aliasname=alias, colnames=listed))


def _as_of_then(table: Table, source: ViewSource) -> ast.SelectStmt:
    """The columns that the table had when the view was made, under their names of then. One that is gone was not used:
    NULL stands in its place."""
    present = {column.position: column.name for column in table.live_columns()}
    targets = []
    for name, position in source.columns:
        known = present.get(position)
        value = ast.ColumnRef(fields=(ast.String(sval=known),)) if known is not None else ast.A_Const(isnull=True)
        targets.append(ast.ResTarget(name=name, val=value))
    relation = ast.RangeVar(schemaname=table.schema, relname=table.name, inh=True, relpersistence="p")
    return ast.SelectStmt(targetList=tuple(targets), fromClause=(relation,), **_NO_LIMIT)


def with_used(sources: Iterable[ViewSource], used: dict[int, set[int]]) -> tuple[ViewSource, ...]:
    """`used`: positions by table id."""
    return tuple(replace(source, used=tuple(sorted(used.get(source.id, ())))) for source in sources)
