"""What a statement reads and writes: the privileges that whoever runs it needs, as PostgreSQL's RTEPermissionInfo.

    needs = required(tree, catalog)             once a plan
    check(needs, catalog, role)                 42501 "permission denied for table t"; once a plan and role

    UPDATE t SET a = b + 1 WHERE c = 1          t: UPDATE on a; SELECT on b, c
    SELECT count(*) FROM t                      t: SELECT on some column

Each mention of a relation is a `Need` of its own. A privilege on the whole relation suffices; else each column that is
read or written needs its own. What is needed is told by the bound statement: the statement is bound once more, with
views as the relations that they are for whoever runs it, and each view's text, whose relations its owner needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from pglast import ast

from actors.sql.binding.names import Named, NamedColumns, columns_of_table
from actors.sql.binding.parameters import Called, ParameterTypes
from actors.sql.binding.parts import bind_parts
from actors.sql.binding.query import INVOKER, BoundStatement, Cte, RelationItem, SystemItem
from actors.sql.binding.select import Binder
from actors.sql.binding.statements import BoundInsert, BoundMerge, BoundWrite
from actors.sql.binding.views import VIEWS_MAX
from actors.sql.catalog.privileges import (
    DELETE,
    EXECUTE,
    INSERT,
    SELECT,
    UPDATE,
    Owned,
    acl_of,
    allows_column,
    denied,
    held,
    kind_of,
)
from actors.sql.catalog.roles import ADMIN_OID
from actors.sql.catalog.schema import Column, Index, IndexColumn, Table, View, ViewSource
from actors.sql.catalog.sequence_tables import sequence_table
from actors.sql.catalog.snapshot import Catalog
from actors.sql.parser import parse_sql
from actors.sql.types.column_type import ColumnType

RESTRICTED = frozenset({"pg_authid", "pg_shadow", "pg_statistic", "pg_statistic_ext_data", "pg_user_mapping"})
"""The system's relations that hold secrets, or other people's values: admin's alone."""
_BY_COLUMN = (SELECT, INSERT, UPDATE)


@dataclass(slots=True)
class Need:
    """Of one relation in one place. `columns`: positions by privilege; none of a privilege that is needed: some
    column's suffices."""

    relation: Owned
    role: int | None = None
    """Whose privileges count: a view's owner's for what the view reads; None: of whoever runs the statement."""
    privileges: int = 0
    columns: dict[int, set[int]] = field(default_factory=dict)

    def add(self, privilege: int, positions: Iterable[int] = ()) -> None:
        self.privileges |= privilege
        self.columns.setdefault(privilege, set()).update(positions)


@dataclass(frozen=True, slots=True)
class Restricted:
    """A relation of the system that is admin's alone."""

    name: str


Needs = Sequence[Need | Restricted]


def required(statement: Any, catalog: Catalog, types: Sequence[ColumnType | None] = ()) -> Needs:
    """Of a SELECT, INSERT, UPDATE or DELETE that could be planned under `catalog`. `types`: of its parameters."""
    needs: list[Need | Restricted] = []
    _add(needs, statement, catalog, types)
    return needs


def calls_in(query: Any, catalog: Catalog) -> list[Called]:
    """The calls of SQL functions that a query makes itself."""
    if not catalog.has_functions:
        return []
    parameters = ParameterTypes((), catalog)
    bind_parts(query, partial(_Binder, catalog, parameters))
    return [call for call in parameters.calls if not call.depth]


def check_schemas(statement: Any, catalog: Catalog, but: Any = None) -> None:
    """Raises 42501 where `statement` names a relation (other than `but`) in a schema that the catalog's role may not
    use."""
    todo = [statement]
    while todo:
        node = todo.pop()
        if isinstance(node, tuple | list):
            todo += node
        elif isinstance(node, ast.RangeVar):
            if node is not but:
                catalog.require_usage(node.schemaname)
        elif isinstance(node, ast.Node):
            todo += [getattr(node, slot) for slot in node.__slots__]


def check(needs: Needs, catalog: Catalog, role: int) -> None:
    """Raises 42501 for the first of `needs` that `role` lacks."""
    if role == ADMIN_OID:
        return
    for need in needs:
        if isinstance(need, Restricted):
            raise denied("table", need.name)
        _check(need, catalog, role if need.role is None else need.role)


def _check(need: Need, catalog: Catalog, role: int) -> None:
    if role == ADMIN_OID:
        return
    missing = need.privileges & ~held(acl_of(need.relation), catalog.roles, role)
    if missing and not _by_columns(need, missing, catalog, role):
        raise denied(kind_of(need.relation).noun, need.relation.name)


def _by_columns(need: Need, missing: int, catalog: Catalog, role: int) -> bool:
    """Whether privileges on columns make up for those on the relation."""
    relation = need.relation
    if not isinstance(relation, Table | View) or not relation.column_acls:
        return False
    for privilege in _BY_COLUMN:
        if not missing & privilege:
            continue
        missing &= ~privilege
        wanted = need.columns.get(privilege, ())
        if wanted:
            if not all(allows_column(catalog, role, relation, position, privilege) for position in wanted):
                return False
        elif not any(allows_column(catalog, role, relation, place, privilege) for place, _ in relation.column_acls):
            return False
    return not missing


# -- what is bound -----------------------------------------------------------------------------------------------------


class _Binder(Binder):
    """`sources`: of a view's text, whose relations were those (views.py)."""

    __slots__ = ("_sources",)

    def __init__(
        self,
        catalog: Catalog,
        parameters: ParameterTypes,
        outermost: Any = None,
        given: Mapping[int, Cte] | None = None,
        sources: Iterable[ViewSource] = (),
    ) -> None:
        super().__init__(catalog, parameters, outermost, given)
        self._sources = {(source.schema, source.name): source for source in sources}

    def find(self, node: ast.RangeVar) -> tuple[Table, NamedColumns] | None:
        source = self._sources.get((node.schemaname or "", node.relname))
        if source is not None:
            return self._as_of_then(source)
        view = self.catalog.find_other(node.schemaname, node.relname)
        if isinstance(view, View):
            table = _view_table(view)
            return table, columns_of_table(table)
        return super().find(node)

    def _as_of_then(self, source: ViewSource) -> tuple[Table, NamedColumns] | None:
        table = self.catalog.table_by_id(source.id)
        view = self.catalog.view_by_id(source.id)
        sequence = self.catalog.sequence_by_id(source.id)
        if view is not None:
            table = _view_table(view)
        elif sequence is not None:
            table = sequence_table(sequence)
            return table, columns_of_table(table)
        if table is None:
            return None
        columns = [Named(name, position, table.columns[position].type) for name, position in source.columns]
        return table, NamedColumns(columns)

    def without_views(self, body: ast.SelectStmt) -> Any:
        return body

    def target(self, node: ast.RangeVar) -> Table:
        view = self.catalog.find_other(node.schemaname, node.relname)
        return _view_table(view) if isinstance(view, View) else super().target(node)

    def arbiters(self, table: Table, infer: Any) -> tuple[Index, ...]:
        """A view's are those of its table: of them, the columns that are named."""
        if self.catalog.view_by_id(table.id) is None:
            return super().arbiters(table, infer)
        names = {element.name for element in infer.indexElems or ()} if infer is not None else set()
        positions = [column.position for column in table.columns if column.name in names]
        return (Index(0, 0, "", tuple(map(IndexColumn, positions))),)


@lru_cache(maxsize=VIEWS_MAX)
def _view_table(view: View) -> Table:
    """A view as a relation with columns."""
    columns = tuple(Column(column.name, place, column.type) for place, column in enumerate(view.columns))
    return Table(view.id, view.schema, view.name, columns, Index(1, 0, "", ()), owner_oid=view.owner)


def _add(
    needs: list[Need | Restricted],
    statement: Any,
    catalog: Catalog,
    types: Sequence[ColumnType | None] = (),
    sources: Iterable[ViewSource] = (),
    role: int | None = None,
    seen: set[tuple[int, int]] | None = None,
    writes: int = 0,
) -> None:
    """What `statement` needs, and the views in it. `writes`: what is done to a view is done to what it reads. `seen`:
    views that have been looked at, and for what."""
    seen = set() if seen is None else seen
    found: list[tuple[Need, int]] = []
    relations: list[RelationItem] = []
    parameters = ParameterTypes(types, catalog)
    for part in bind_parts(statement, partial(_Binder, catalog, parameters, sources=sources)):
        if isinstance(part, BoundStatement):
            relations += part.relations
        else:
            found.append(_of_target(part, catalog, role))
            relations += part.all_relations
    for item in relations:
        if isinstance(item, SystemItem):
            if item.system.name in RESTRICTED:
                needs.append(Restricted(item.system.name))
            continue
        need = Need(_owned(item.table, catalog), _reader(item.reader, role))
        need.add(SELECT, item.read)
        if item.locked:
            need.add(UPDATE)
        if writes:
            need.add(writes, [column.position for column in item.table.live_columns()])
        found.append((need, writes))
    for need, written in found:
        needs.append(need)
        view = need.relation
        if isinstance(view, View) and (view.id, written) not in seen:
            seen.add((view.id, written))
            text = parse_sql(view.query)[0].stmt
            _add(needs, text, catalog, (), view.sources, view.owner, seen, written)
    for called in parameters.calls:
        needs.append(Need(called.function, called.reader, EXECUTE))


def _reader(reader: int | None, role: int | None) -> int | None:
    """Whose privileges count for a relation, in a function's body or outside of one."""
    return role if reader is None else None if reader == INVOKER else reader


def _of_target(write: BoundWrite, catalog: Catalog, role: int | None) -> tuple[Need, int]:
    """(the need, what is done to the target)."""
    target = write.target
    need = Need(_owned(target.table, catalog), role)
    if target.read:
        need.add(SELECT, target.read)
    if isinstance(write, BoundMerge):
        return _of_merge(write, need)
    if isinstance(write, BoundInsert):
        need.add(INSERT, write.given)
        if write.conflict is not None and write.conflict.assignments is not None:
            need.add(UPDATE, [assignment.column.position for assignment in write.conflict.assignments])
        return need, INSERT
    if write.assignments is None:
        need.add(DELETE)
        return need, DELETE
    need.add(UPDATE, [assignment.column.position for assignment in write.assignments])
    return need, UPDATE


def _of_merge(merge: BoundMerge, need: Need) -> tuple[Need, int]:
    """Its target is no view."""
    for action in merge.actions:
        if action.verb == "INSERT":
            need.add(INSERT, action.given)
        elif action.verb == "UPDATE":
            need.add(UPDATE, [assignment.column.position for assignment in action.assignments or ()])
        elif action.verb == "DELETE":
            need.add(DELETE)
    return need, 0


def _owned(table: Table, catalog: Catalog) -> Owned:
    """What a bound statement's table stands for."""
    return catalog.view_by_id(table.id) or catalog.sequence_by_id(table.id) or table
