"""Views that show the rows of one table as they are: `base_of` says which table's, `Substitution` puts the table into a
statement in the view's place."""

from __future__ import annotations

from typing import Any

from pglast import ast, enums

from actors.common.errors import FEATURE_NOT_SUPPORTED, UNDEFINED_COLUMN, DatabaseError
from actors.sql.binding.column_names import figure_name
from actors.sql.binding.function_kinds import AGGREGATES, SETS
from actors.sql.binding.nodes import any_call
from actors.sql.binding.scope import located, position_of
from actors.sql.binding.trees import conjunction_of, has_subquery, mapped, with_parts
from actors.sql.catalog.schema import View


class Base:
    """What a view shows of one table: `relation` a RangeVar, `values` view column -> expression over the table's own
    names, in the view's order, and `condition` another one. `names`: view column -> the table's, None for one that is
    computed."""

    def __init__(self, relation: ast.RangeVar, values: dict[str, Any], condition: Any) -> None:
        self.relation = relation
        self.values = values
        self.names = {
            name: value.fields[-1].sval if isinstance(value, ast.ColumnRef) else None for name, value in values.items()
        }
        self.condition = condition

    @property
    def is_repeatable(self) -> bool:
        """A statement may mention each column as often as it likes."""
        return all(map(_is_repeatable, self.values.values()))


def base_of(query: Any, view: View) -> Base | None:
    """What `query`, a view's, reads; None where it does not show one table's rows as they are."""
    while (inner := _inner(query)) is not None:
        query = inner
    return _base_of(query, view)


def unsorted(query: Any) -> Any:
    """Without ORDER BY, which does not choose rows where nothing is cut off."""
    items: Any = query.fromClause or ()
    if len(items) == 1 and isinstance(items[0], ast.RangeSubselect):
        items = (with_parts(items[0], lambda part: part, subquery=unsorted(items[0].subquery)),)
    is_cut = query.limitCount is not None or query.limitOffset is not None
    return with_parts(
        query, lambda part: part, fromClause=items or None, sortClause=query.sortClause if is_cut else None
    )


def _inner(query: Any) -> Any:
    """Of a simple SELECT from a subquery that is a simple SELECT itself: both as one. None where it is none."""
    if not _is_simple(query) or not isinstance(query.fromClause[0], ast.RangeSubselect):
        return None
    item = query.fromClause[0]
    inner = item.subquery
    if not _is_simple(inner) or has_subquery(query.targetList, query.whereClause) or item.lateral:
        return None
    shown = [name.sval for name in item.alias.colnames or ()] or _output_names(inner)
    values = dict(zip(shown, [target.val for target in inner.targetList], strict=False))
    if len(values) != len(inner.targetList) or not all(map(_is_repeatable, values.values())):
        return None
    alias = item.alias.aliasname

    def change(node: Any) -> Any:
        if not isinstance(node, ast.ColumnRef):
            return None
        parts = [getattr(field, "sval", None) for field in node.fields]
        return values.get(parts[-1]) if len(parts) == 1 or parts[0] == alias else None

    outer = mapped(query, change)
    targets = tuple(
        ast.ResTarget(name=name, val=target.val)
        for name, target in zip(_output_names(query), outer.targetList, strict=True)
    )
    conditions = [one for one in (inner.whereClause, outer.whereClause) if one is not None]
    return with_parts(
        outer,
        lambda part: part,
        targetList=targets,
        fromClause=inner.fromClause,
        whereClause=conjunction_of(conditions),
    )


def _is_repeatable(value: Any) -> bool:
    """It gives the same however often it is evaluated, at little cost: no function is called."""
    return not any_call(value, lambda call: True) and not has_subquery(value)


def _output_names(query: Any) -> list[str]:
    return [target.name or figure_name(target.val) for target in query.targetList]


def _is_simple(query: Any) -> bool:
    """One row for each row of the one item of FROM, as updatable views have it."""
    refused = (
        query.withClause,
        query.distinctClause,
        query.groupClause,
        query.havingClause,
        query.windowClause,
        query.valuesLists,
    )
    limited = (query.limitCount, query.limitOffset, query.lockingClause, query.sortClause)
    if any(refused) or any(limited) or query.op != enums.SetOperation.SETOP_NONE or len(query.fromClause or ()) != 1:
        return False
    if any(map(is_star, query.targetList)) or not isinstance(query.fromClause[0], ast.RangeVar | ast.RangeSubselect):
        return False
    return not _has_other_calls(query.targetList)


def _has_other_calls(nodes: Any) -> bool:
    """Aggregates, window functions, functions that return sets."""
    return any_call(
        nodes,
        lambda call: call.over is not None or call.funcname[-1].sval in AGGREGATES or call.funcname[-1].sval in SETS,
    )


def _base_of(query: Any, view: View) -> Base | None:
    if (
        not _is_simple(query)
        or not isinstance(query.fromClause[0], ast.RangeVar)
        or has_subquery(query.targetList, query.whereClause)
    ):
        return None
    relation = query.fromClause[0]
    values = {column.name: target.val for column, target in zip(view.columns, query.targetList, strict=True)}
    return Base(relation, values, query.whereClause)


def is_star(target: Any) -> bool:
    return isinstance(target.val, ast.ColumnRef) and isinstance(target.val.fields[-1], ast.A_Star)


class Substitution:
    """A view's columns as its table's, in a statement where the view stands alone as `alias`. Raises 42703 for a column
    that the view has not."""

    def __init__(
        self, base: Base, alias: str, schema: str, columns: frozenset[str] = frozenset(), beside: bool = False
    ) -> None:
        """`columns`: all of the table's. `beside`: other relations are in the statement; an unqualified name may be
        anybody's then, as within a subquery."""
        self._columns = columns
        self._beside = beside
        self._base = base
        self._alias = alias
        self._schema = schema
        old = base.relation
        self._old_alias = old.alias.aliasname if old.alias is not None else old.relname
        self.relation = with_parts(old, lambda part: part, alias=ast.Alias(aliasname=alias))

    def reference(self, name: str) -> Any:
        """A column of the view."""
        return mapped(self._base.values[name], self._own)

    def expression(self, node: Any) -> Any:
        """With the view's columns replaced."""
        return mapped(node, self._replaced)

    def condition(self) -> Any:
        """The view's own, under the new alias."""
        return mapped(self._base.condition, self._own)

    def _own(self, node: Any) -> Any:
        if not isinstance(node, ast.ColumnRef):
            return None
        return ast.ColumnRef(fields=(ast.String(sval=self._alias), node.fields[-1]))

    def _is_own(self, qualifier: tuple[Any, ...]) -> bool:
        parts = [field.sval for field in qualifier]
        return not parts or parts in ([self._alias], [self._schema, self._alias])

    def _replaced(self, node: Any) -> Any:
        if isinstance(node, ast.SubLink):
            outside, self._beside = self._beside, True
            inner = self.expression(node.subselect)
            self._beside = outside
            return with_parts(node, self.expression, subselect=inner)
        if (
            not isinstance(node, ast.ColumnRef)
            or isinstance(node.fields[-1], ast.A_Star)
            or not self._is_own(node.fields[:-1])
        ):
            return None
        name = node.fields[-1].sval
        if self._beside and len(node.fields) == 1:
            if self._base.names.get(name) == name or (name not in self._base.names and name not in self._columns):
                return node
            message = (
                f'a column reference without its relation is not supported in this statement about a view: "{name}"'
            )
            raise DatabaseError(FEATURE_NOT_SUPPORTED, message, position=position_of(node))
        if name not in self._base.values:
            shown = name if len(node.fields) == 1 else f"{self._alias}.{name}"
            quote = '"' if len(node.fields) == 1 else ""
            with located(node):
                raise DatabaseError(UNDEFINED_COLUMN, f"column {quote}{shown}{quote} does not exist")
        found = self.reference(name)
        return (
            with_parts(found, lambda part: part, location=node.location) if isinstance(found, ast.ColumnRef) else found
        )

    def renamed(self, alias: str) -> Substitution:
        """The same under another alias: `excluded`."""
        return Substitution(self._base, alias, "", self._columns, self._beside)

    def targets(self, nodes: Any) -> tuple[Any, ...]:
        """A SELECT's or RETURNING's list, stars written out."""
        found: list[Any] = []
        for target in nodes:
            if is_star(target) and self._is_own(target.val.fields[:-1]):
                found += [ast.ResTarget(name=name, val=self.reference(name)) for name in self._base.names]
            else:
                name = target.name
                if name is None and isinstance(target.val, ast.ColumnRef) and not is_star(target):
                    name = target.val.fields[-1].sval
                found.append(with_parts(target, self.expression, name=name))
        return tuple(found)

    def select(self, statement: ast.SelectStmt) -> Any:
        outputs = {target.name for target in statement.targetList or () if target.name}
        conditions = [one for one in (self.condition(), self.expression(statement.whereClause)) if one is not None]

        def sorting(node: Any) -> Any:
            """A name of the select list comes first in ORDER BY and DISTINCT ON."""
            return node if _bare_name(getattr(node, "node", node)) in outputs else self.expression(node)

        def grouping(node: Any) -> Any:
            """It comes last in GROUP BY."""
            return node if _bare_name(node) in outputs - self._base.names.keys() else self.expression(node)

        return with_parts(
            statement,
            self.expression,
            targetList=self.targets(statement.targetList or ()),
            fromClause=(self.relation,),
            whereClause=conjunction_of(conditions),
            sortClause=tuple(map(sorting, statement.sortClause)) if statement.sortClause else None,
            distinctClause=tuple(map(sorting, statement.distinctClause)) if statement.distinctClause else None,
            groupClause=tuple(map(grouping, statement.groupClause)) if statement.groupClause else None,
            lockingClause=statement.lockingClause,
        )


def _bare_name(node: Any) -> str | None:
    """Of a column reference without a qualifier."""
    return getattr(node.fields[0], "sval", None) if isinstance(node, ast.ColumnRef) and len(node.fields) == 1 else None
