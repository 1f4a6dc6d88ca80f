"""What a statement reads and writes: the privileges that whoever runs it needs, as PostgreSQL's RTEPermissionInfo.

    needs = required(tree, catalog)             once a plan
    check(needs, catalog, role)                 42501 "permission denied for table t"; once a plan and role

    UPDATE t SET a = b + 1 WHERE c = 1          t: UPDATE on a; SELECT on b, c
    SELECT count(*) FROM t                      t: SELECT on some column

It looks at the parsed tree, below both executors and beside neither: a relation wherever it stands (subqueries, WITH,
joins, FOR UPDATE, RETURNING, ON CONFLICT) has a `Need` of its own. A privilege on the whole relation suffices; else
each column that is read or written needs its own.

A column's name without a relation counts for every relation of the innermost query that has such a column; what cannot
be told apart by names alone (a derived table's columns) thus asks for more, never for less. That matters only to those
who have privileges on single columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pglast
from pglast import ast

from actors.sql.catalog.privileges import (
    DELETE,
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
from actors.sql.catalog.schema import Sequence as Generator
from actors.sql.catalog.schema import Table, View, ViewSource
from actors.sql.catalog.sequence_tables import COLUMNS
from actors.sql.catalog.snapshot import Catalog
from actors.sql.catalog.system_tables import find_system_table

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


def required(statement: Any, catalog: Catalog) -> Needs:
    """Of a SELECT, INSERT, UPDATE or DELETE that could be planned under `catalog`."""
    walk = _Walk(catalog)
    walk.query(statement, (), {})
    return walk.needs


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


@dataclass(frozen=True, slots=True)
class _Item:
    """One item of FROM. `need` None: it is no stored relation, and what it reads is looked at where it is defined."""

    alias: str
    schema: str
    need: Need | None = None
    names: dict[str, int] = field(default_factory=dict)
    """Visible column names -> positions."""

    def positions(self) -> Iterable[int]:
        return self.names.values()


Level = list[_Item]
Levels = tuple[Level, ...]
"""From the outermost query to the innermost."""


@dataclass(slots=True)
class _Part:
    """A SELECT in WITH, and where it stands."""

    query: ast.SelectStmt
    outer: Levels
    parts: Parts
    is_read: bool = False


Parts = Mapping[str, "_Part | None"]
"""WITH queries that are visible, by name."""


class _Walk:
    """`role`, `sources`: of a view's text, whose relations were those (views.py). `writes`: what is done to a view is
    done to what it reads."""

    def __init__(
        self, catalog: Catalog, role: int | None = None, sources: Iterable[ViewSource] = (), writes: int = 0
    ) -> None:
        self._catalog = catalog
        self._role = role
        self._sources = {(source.schema, source.name): source for source in sources}
        self._writes = writes
        self._within: frozenset[int] = frozenset()
        self.needs: list[Need | Restricted] = []

    # -- queries -------------------------------------------------------------------------------------------------------

    def query(self, node: Any, outer: Levels, parts: Parts) -> None:
        if node.withClause is not None:
            parts = self._with(node.withClause, outer, parts)
        match node:
            case ast.SelectStmt():
                self._select(node, outer, parts)
            case ast.InsertStmt():
                self._insert(node, outer, parts)
            case ast.UpdateStmt():
                self._update(node, outer, parts)
            case ast.DeleteStmt():
                level = [self._target(node.relation, DELETE)]
                self._from(node.usingClause, level, outer, parts)
                self._expressions((node.whereClause, _returned(node)), (*outer, level), parts)
            case _:
                raise AssertionError(f"no query: {type(node).__name__}")

    def _with(self, clause: ast.WithClause, outer: Levels, parts: Parts) -> Parts:
        """A SELECT in WITH counts once it is read, as in PostgreSQL; what writes counts at once."""
        seen = dict(parts)
        for part in clause.ctes:
            before = seen if clause.recursive else dict(seen)
            if isinstance(part.ctequery, ast.SelectStmt):
                seen[part.ctename] = _Part(part.ctequery, outer, before)
            else:
                seen[part.ctename] = None
                self.query(part.ctequery, outer, before)
        return seen

    def _select(self, node: ast.SelectStmt, outer: Levels, parts: Parts) -> None:
        for side in (node.larg, node.rarg):
            if side is not None:
                self.query(side, outer, parts)
        level: Level = []
        self._from(node.fromClause, level, outer, parts)
        for lock in node.lockingClause or ():
            named = {relation.relname for relation in lock.lockedRels or ()}
            for item in level:
                if item.need is not None and (not named or item.alias in named):
                    item.need.add(UPDATE)
        rest = (
            node.targetList, node.whereClause, node.groupClause, node.havingClause, node.windowClause,
            node.distinctClause,
            node.valuesLists, node.sortClause, node.limitCount, node.limitOffset,
        )  # fmt: skip
        self._expressions(rest, (*outer, level), parts)

    def _insert(self, node: ast.InsertStmt, outer: Levels, parts: Parts) -> None:
        target = self._target(node.relation, INSERT)
        if target.need is not None:
            target.need.add(INSERT, _inserted(node, target))
        if node.selectStmt is not None:
            self.query(node.selectStmt, outer, parts)
        level = [target]
        clause = node.onConflictClause
        if clause is not None:
            self._conflict(clause, target, (*outer, level), parts)
        self._expressions(_returned(node), (*outer, level), parts)

    def _conflict(self, clause: ast.OnConflictClause, target: _Item, levels: Levels, parts: Parts) -> None:
        need = target.need
        if need is None:
            return
        if clause.infer is not None:
            for element in clause.infer.indexElems or ():
                if element.name in target.names:
                    need.add(SELECT, [target.names[element.name]])
                self._expressions(element.expr, levels, parts)
            self._expressions(clause.infer.whereClause, levels, parts)
            if clause.infer.conname:
                need.add(SELECT, self._constraint(need.relation, clause.infer.conname))
        if clause.targetList:
            need.add(UPDATE, _named(clause.targetList, target))
            excluded = _Item("excluded", "", need, target.names)
            self._expressions((clause.targetList, clause.whereClause), (*levels[:-1], [*levels[-1], excluded]), parts)

    @staticmethod
    def _constraint(relation: Any, name: str) -> Iterable[int]:
        for index in (relation.primary, *relation.indexes):
            if index.name == name:
                return [column.position for column in index.columns]
        return ()

    def _update(self, node: ast.UpdateStmt, outer: Levels, parts: Parts) -> None:
        target = self._target(node.relation, UPDATE)
        if target.need is not None:
            target.need.add(UPDATE, _named(node.targetList, target))
        level = [target]
        self._from(node.fromClause, level, outer, parts)
        self._expressions((node.targetList, node.whereClause, _returned(node)), (*outer, level), parts)

    def _target(self, relation: ast.RangeVar, privilege: int) -> _Item:
        item = self._relation(relation, privilege)
        if item.need is not None:
            item.need.add(privilege)
        return item

    # -- FROM ----------------------------------------------------------------------------------------------------------

    def _from(self, nodes: Any, level: Level, outer: Levels, parts: Parts) -> None:
        for node in nodes or ():
            self._item(node, level, outer, parts)

    def _item(self, node: Any, level: Level, outer: Levels, parts: Parts) -> None:
        match node:
            case ast.RangeVar():
                if not node.schemaname and node.relname in parts:
                    self._read_part(parts[node.relname])
                    level.append(_Item(node.alias.aliasname if node.alias else node.relname, ""))
                    return
                item = self._relation(node)
                if item.need is not None:
                    item.need.add(SELECT)
                level.append(item)
            case ast.JoinExpr():
                before = len(level)
                self._item(node.larg, level, outer, parts)
                self._item(node.rarg, level, outer, parts)
                shared = [name.sval for name in node.usingClause or ()]
                if node.isNatural:
                    names = [name for item in level[before:] for name in item.names]
                    shared = [name for name in names if names.count(name) > 1]
                for item in level[before:]:
                    if item.need is not None and shared:
                        item.need.add(SELECT, [item.names[name] for name in shared if name in item.names])
                self._expressions(node.quals, (*outer, level), parts)
            case ast.RangeSubselect():
                self.query(node.subquery, (*outer, level), parts)
                level.append(_Item(node.alias.aliasname if node.alias else "", ""))
            case _:
                self._expressions(node, (*outer, level), parts)
                alias = getattr(node, "alias", None)
                level.append(_Item(alias.aliasname if alias else "", ""))

    def _read_part(self, part: _Part | None) -> None:
        if part is not None and not part.is_read:
            part.is_read = True
            self.query(part.query, part.outer, part.parts)

    def _relation(self, node: ast.RangeVar, writes: int = 0) -> _Item:
        alias = node.alias.aliasname if node.alias else node.relname
        found, columns = self._found(node)
        if found is None:
            system = find_system_table(node.schemaname, node.relname)
            if system is not None and system.name in RESTRICTED:
                self.needs.append(Restricted(system.name))
            return _Item(alias, "")
        need = Need(found, self._role)
        self.needs.append(need)
        names = [name for name, _ in columns]
        renamed = [name.sval for name in node.alias.colnames or ()] if node.alias else []
        names[: len(renamed)] = renamed
        places = {name: position for name, (_, position) in zip(names, columns, strict=False)}
        if self._writes:
            need.add(self._writes, places.values())
        if isinstance(found, View):
            self._view(found, writes or self._writes)
        return _Item(alias, node.schemaname or "" if node.alias is None else "", need, places)

    def _found(self, node: ast.RangeVar) -> tuple[Table | View | Generator | None, Sequence[tuple[str, int]]]:
        """The relation and its columns, (name, position) each: as they are now, or of a view's text as they were."""
        catalog = self._catalog
        source = self._sources.get((node.schemaname, node.relname))
        if source is not None:
            return catalog.table_by_id(source.id) or catalog.view_by_id(source.id), source.columns
        table = catalog.find_table(node.schemaname, node.relname)
        if table is not None:
            return table, table.column_places()
        view = catalog.find_other(node.schemaname, node.relname)
        if isinstance(view, Generator):
            return view, [(column.name, column.position) for column in COLUMNS]
        if isinstance(view, View):
            return view, view.column_places()
        return None, ()

    def _view(self, view: View, writes: int) -> None:
        """What the view reads, its owner needs."""
        if view.id in self._within:
            return
        walk = _Walk(self._catalog, view.owner, view.sources, writes)
        walk._within = self._within | {view.id}
        walk.query(pglast.parse_sql(view.query)[0].stmt, (), {})
        self.needs += walk.needs

    # -- expressions ---------------------------------------------------------------------------------------------------

    def _expressions(self, node: Any, levels: Levels, parts: Parts) -> None:
        todo = [node]
        while todo:
            node = todo.pop()
            if isinstance(node, tuple | list):
                todo += node
            elif isinstance(node, ast.ColumnRef):
                _read(node.fields, levels)
            elif isinstance(node, ast.SelectStmt | ast.InsertStmt | ast.UpdateStmt | ast.DeleteStmt):
                self.query(node, levels, parts)
            elif isinstance(node, ast.Node):
                todo += [getattr(node, slot) for slot in node.__slots__]


def _read(fields: Sequence[Any], levels: Levels) -> None:
    """A reference to a column, or to whole rows."""
    names = [part.sval for part in fields if not isinstance(part, ast.A_Star)]
    star = len(names) < len(fields)
    if not names:
        for item in levels[-1]:
            _read_row(item)
        return
    for level in reversed(levels):
        if star or len(names) > 1:
            relation = names if star else names[:-1]
            for item in level:
                if item.alias == relation[-1] and (len(relation) == 1 or item.schema in ("", relation[-2])):
                    _read_row(item, None if star else names[-1])
                    return
        readers = [item for item in level if names[-1] in item.names] if len(names) == 1 else []
        for item in readers:
            _read_row(item, names[0])
        if readers:
            return
        whole = [item for item in level if item.alias == names[0]]
        for item in whole:
            _read_row(item)
        if whole:
            return


def _read_row(item: _Item, column: str | None = None) -> None:
    """`column`, or all of them; what is no column of it may be made of all of them (f(row) written as row.f)."""
    if item.need is not None:
        known = column is not None and column in item.names
        item.need.add(SELECT, [item.names[column]] if known and column is not None else item.positions())


def _named(targets: Any, item: _Item) -> list[int]:
    return [item.names[target.name] for target in targets or () if target.name in item.names]


def _inserted(node: ast.InsertStmt, item: _Item) -> list[int]:
    """The positions that an INSERT gives values for."""
    if node.cols:
        return _named(node.cols, item)
    source = node.selectStmt
    if source is None:
        return []
    while source.larg is not None:
        source = source.larg
    targets = source.valuesLists[0] if source.valuesLists else source.targetList or ()
    starred = any(
        isinstance(getattr(target.val, "fields", [None])[-1], ast.A_Star)
        for target in targets
        if isinstance(target, ast.ResTarget)
    )
    return list(item.positions()) if starred else list(item.positions())[: len(targets)]


def _returned(node: Any) -> Any:
    """RETURNING's list, in whatever the parser wraps it."""
    return getattr(node, "returningList", None) or getattr(node, "returningClause", None)
