"""INSERT, UPDATE and DELETE on a view, as the same on the table that it shows: PostgreSQL's automatically updatable
views.

    with_target(statement, catalog)     -> (the statement on the table, the conditions that new rows must meet: WITH
                                        CHECK OPTION)

    UPDATE v SET num = 1 WHERE id = 7           UPDATE t v SET n = 1 WHERE v.n > 10 AND v.id = 7

A view takes writes where it shows the rows of one table as they are; a column takes them where it is one of the
table's. Everything else is 55000 and 0A000 with PostgreSQL's words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pglast import ast, enums

from actors.common.errors import (
    FEATURE_NOT_SUPPORTED,
    OBJECT_NOT_IN_PREREQUISITE_STATE,
    UNDEFINED_COLUMN,
    DatabaseError,
)
from actors.sql.binding.function_kinds import AGGREGATES, SETS
from actors.sql.binding.nodes import any_call
from actors.sql.binding.scope import position_of
from actors.sql.binding.targets import returned_names
from actors.sql.binding.trees import conjunction_of, is_part, with_parts
from actors.sql.binding.view_bases import Base, Substitution
from actors.sql.binding.views import Expansion
from actors.sql.catalog.schema import View
from actors.sql.catalog.snapshot import Catalog

_WORDS = {
    "insert": ("insert into", "inserting into"),
    "update": ("update", "updating"),
    "delete": ("delete from", "deleting from"),
}


class CheckOption(NamedTuple):
    """What a row that is written through a view must meet: a condition over the table's columns, under the name that
    the statement gives the table."""

    view: str
    alias: str
    condition: Any


def with_targets(statement: Any, catalog: Catalog) -> tuple[Any, dict[int, tuple[CheckOption, ...]]]:
    """The statement and its parts (parts.py) on tables; the conditions by the part's number."""
    if not catalog.has_views:
        return statement, {}
    options: dict[int, tuple[CheckOption, ...]] = {}
    clause = statement.withClause
    if clause is not None and any(is_part(node.ctequery) for node in clause.ctes):
        ctes = []
        for node in clause.ctes:
            query = node.ctequery
            if is_part(query):
                query, options[len(options)] = with_target(query, catalog)
            ctes.append(with_parts(node, lambda part: part, ctequery=query))
        whole = with_parts(clause, lambda part: part, ctes=tuple(ctes))
        statement = with_parts(statement, lambda part: part, withClause=whole)
    changed, options[len(options)] = with_target(statement, catalog)
    return changed, options


def with_target(statement: Any, catalog: Catalog) -> tuple[Any, tuple[CheckOption, ...]]:
    """The statement itself where its target is no view. Raises 55000, 0A000, 42703."""
    if isinstance(statement, ast.SelectStmt) or not catalog.has_views:
        return statement, ()
    relation = statement.relation
    view = catalog.find_other(relation.schemaname, relation.relname)
    if not isinstance(view, View):
        return statement, ()
    if isinstance(statement, ast.MergeStmt):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "MERGE into a view is not supported")
    if isinstance(statement, ast.InsertStmt):
        change = Change(catalog, view, "insert", relation)
        return change.insert(statement), change.checks()
    if isinstance(statement, ast.UpdateStmt):
        change = Change(catalog, view, "update", relation, bool(statement.fromClause))
        return change.update(statement), change.checks()
    change = Change(catalog, view, "delete", relation, bool(statement.usingClause))
    return change.delete(statement), ()


class Change:
    """One statement's. `beside`: other relations are in it."""

    def __init__(self, catalog: Catalog, view: View, verb: str, relation: Any = None, beside: bool = False) -> None:
        self._catalog = catalog
        self._view = view
        self._verb = verb
        self._alias = relation.alias.aliasname if relation is not None and relation.alias is not None else view.name
        base = Expansion(catalog).base(view, sorted_=True)
        if base is None or all(name is None for name in base.names.values()):
            raise self._not_updatable()
        self._base: Base = base
        table = catalog.table(base.relation.schemaname, base.relation.relname)
        columns = frozenset(column.name for column in table.live_columns())
        self._names = Substitution(base, self._alias, view.schema, columns, beside)

    def _not_updatable(self) -> DatabaseError:
        to, by = _WORDS[self._verb]
        kind = self._verb.upper()
        return DatabaseError(
            OBJECT_NOT_IN_PREREQUISITE_STATE,
            f'cannot {to} view "{self._view.name}"',
            detail=_reason(Expansion(self._catalog).query(self._view)),
            hint=f"To enable {by} the view, provide an INSTEAD OF {kind} trigger or an unconditional ON {kind} DO "
            f"INSTEAD rule.",
        )

    def _column(self, node: Any) -> Any:
        """A target column under the table's name for it. Raises 42703, 0A000."""
        if node.name not in self._base.names:
            message = f'column "{node.name}" of relation "{self._view.name}" does not exist'
            raise DatabaseError(UNDEFINED_COLUMN, message, position=position_of(node))
        name = self._base.names[node.name]
        if name is None:
            to = "insert into" if self._verb == "insert" else "update"
            raise DatabaseError(
                FEATURE_NOT_SUPPORTED,
                f'cannot {to} column "{node.name}" of view "{self._view.name}"',
                detail="View columns that are not columns of their base relation are not updatable.",
            )
        return with_parts(node, self._names.expression, name=name)

    def checks(self) -> tuple[CheckOption, ...]:
        """Of the view, or of the views that it reads."""
        view: View | None = self._view
        while view is not None and not view.check_option:
            view = next(
                (inner for source in view.sources if (inner := self._catalog.view_by_id(source.id)) is not None), None
            )
        base = Expansion(self._catalog).base(view, sorted_=True) if view is not None else None
        if view is None or base is None or base.condition is None:
            return ()
        return (CheckOption(view.name, self._alias, Substitution(base, self._alias, view.schema).condition()),)

    def _returning(self, clause: Any) -> Any:
        if clause is None:
            return None
        exprs = self._names.targets(clause.exprs)
        for name in returned_names(clause).values():
            exprs = self._names.renamed(name).targets(exprs)
        return with_parts(clause, lambda part: part, exprs=exprs)

    def insert(self, statement: Any) -> Any:
        names = [ast.ResTarget(name=column.name) for column in self._view.columns]
        given = statement.cols or names[: _width(statement.selectStmt, len(names))]
        return with_parts(
            statement,
            lambda part: part,
            relation=self._names.relation,
            cols=tuple(map(self._column, given)),
            onConflictClause=self._conflict(statement.onConflictClause),
            returningClause=self._returning(statement.returningClause),
        )

    def _conflict(self, clause: Any) -> Any:
        if clause is None:
            return None
        excluded = self._names.renamed("excluded")

        def both(node: Any) -> Any:
            return excluded.expression(self._names.expression(node))

        def element(node: Any) -> Any:
            return (
                with_parts(node, lambda part: part, name=self._base.names.get(node.name) or node.name)
                if node.name
                else node
            )

        infer = clause.infer
        if infer is not None and infer.indexElems:
            infer = with_parts(infer, lambda part: part, indexElems=tuple(map(element, infer.indexElems)))
        targets = [
            with_parts(self._column(target), lambda part: part, val=both(target.val))
            for target in clause.targetList or ()
        ]
        return with_parts(
            clause,
            lambda part: part,
            infer=infer,
            targetList=tuple(targets) or None,
            whereClause=both(clause.whereClause),
        )

    def update(self, statement: Any) -> Any:
        return with_parts(
            statement,
            self._names.expression,
            relation=self._names.relation,
            targetList=tuple(map(self._column, statement.targetList)),
            whereClause=self._where(statement.whereClause),
            returningClause=self._returning(statement.returningClause),
        )

    def delete(self, statement: Any) -> Any:
        return with_parts(
            statement,
            self._names.expression,
            relation=self._names.relation,
            whereClause=self._where(statement.whereClause),
            returningClause=self._returning(statement.returningClause),
        )

    def _where(self, condition: Any) -> Any:
        return conjunction_of(
            [one for one in (self._names.condition(), self._names.expression(condition)) if one is not None]
        )


def _width(query: Any, most: int) -> int:
    """How many values an INSERT gives, as far as that can be seen: fewer than the view has columns may be given where
    none are named."""
    if query is None:
        return most
    if query.valuesLists:
        return min(most, len(query.valuesLists[0]))
    plain = query.targetList and not any(
        isinstance(getattr(target.val, "fields", (None,))[-1], ast.A_Star) for target in query.targetList
    )
    return min(most, len(query.targetList)) if plain else most


def _reason(query: Any) -> str:
    """Why a view takes no writes, in PostgreSQL's words and order."""

    def calls(names: Any) -> bool:
        return any_call(query.targetList or (), lambda call: call.over is None and call.funcname[-1].sval in names)

    items: Sequence[Any] = query.fromClause or ()
    reasons = (
        ("containing DISTINCT", bool(query.distinctClause)),
        ("containing GROUP BY", bool(query.groupClause)),
        ("containing HAVING", query.havingClause is not None),
        ("containing UNION, INTERSECT, or EXCEPT", query.op != enums.SetOperation.SETOP_NONE),
        ("containing WITH", query.withClause is not None),
        ("containing LIMIT or OFFSET", query.limitCount is not None or query.limitOffset is not None),
        ("that return aggregate functions", calls(AGGREGATES)),
        ("that return window functions", any_call(query.targetList or (), lambda call: call.over is not None)),
        ("that return set-returning functions", calls(SETS)),
        (
            "that do not select from a single table or view",
            len(items) != 1 or isinstance(items[0], ast.JoinExpr | ast.RangeFunction),
        ),
    )
    for what, found in reasons:
        if found:
            return f"Views {what} are not automatically updatable."
    return "Views that do not select from a single table or view are not automatically updatable."
