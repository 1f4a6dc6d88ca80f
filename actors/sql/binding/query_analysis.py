"""The analyzer within a query: `Analysis` binds what has a value in one row, and this what has none: aggregates, window
calls, subqueries, functions that return rows, whole rows, and the forms that ask the catalog. Each of these becomes a
value of the statement (query.py), which the expression around it mentions as a column.

A `Place` says what may stand where: WHERE has no aggregates, an aggregate's argument no window calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pglast import ast, enums

from actors.common.errors import (
    FEATURE_NOT_SUPPORTED,
    GROUPING_ERROR,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
    UNDEFINED_FUNCTION,
    DatabaseError,
)
from actors.sql.aggregates import AGGREGATES, HYPOTHETICAL
from actors.sql.binding import aggregate_calls, object_casts, set_calls, window_calls
from actors.sql.binding.analysis import HANDLERS, Analysis
from actors.sql.binding.coercion import coerce, coerce_boolean, coerce_unknown, is_unknown
from actors.sql.binding.function_kinds import ADVISORY_LOCKS, SETS, WINDOW_FUNCTIONS
from actors.sql.binding.json_rows import PAIR_FIELDS, ROW_TAKERS, is_pair_field, row_json, row_to_json
from actors.sql.binding.names import Level, names_of
from actors.sql.binding.nodes import is_untyped
from actors.sql.binding.parameters import ParameterTypes
from actors.sql.binding.query import BoundQuery, CatalogCall, FieldOf, GroupingCall, Select, Subquery, Value
from actors.sql.binding.scope import located, position_of, unsupported
from actors.sql.catalog.catalog_functions import CATALOG_FUNCTIONS
from actors.sql.expressions.tree import Case, Cast, Column, Constant, Expression, InDomain, NullTest, Or, columns_of
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.binding.select import Binder

OID = ColumnType("oid")
BOOL, INT4, INT8, TEXT = ColumnType("bool"), ColumnType("int4"), ColumnType("int8"), ColumnType("text")
Kind = enums.SubLinkType


@dataclass(frozen=True, slots=True)
class Place:
    """A clause. What it refuses, it refuses in these words; "" where it may stand there."""

    clause: str
    no_aggregates: str = ""
    no_windows: str = ""
    sets: bool = False

    @classmethod
    def plain(cls, clause: str, shown: str = "") -> Place:
        shown = shown or clause
        return cls(
            clause, f"aggregate functions are not allowed in {shown}", f"window functions are not allowed in {clause}"
        )


WHERE = Place.plain("WHERE")
ON = Place.plain("JOIN/ON", "JOIN conditions")
TARGETS = Place("SELECT", sets=True)
ORDER_BY = Place("ORDER BY")
DISTINCT_ON = Place("DISTINCT ON")
GROUP_BY = Place.plain("GROUP BY")
HAVING = Place("HAVING", "", "window functions are not allowed in HAVING")
LIMIT = Place.plain("LIMIT")
VALUES = Place.plain("VALUES")
FROM_FUNCTION = Place.plain("functions in FROM")
AGGREGATE = Place(
    "an aggregate",
    "aggregate function calls cannot be nested",
    "aggregate function calls cannot contain window function calls",
)
FILTER = Place.plain("FILTER")
IN_FROM = Place("FROM", "aggregate functions are not allowed in FROM clause of their own query level")
WINDOW = Place("a window", "", "window function calls cannot be nested")


class Bound:
    """An expression in the place of a parser's node."""

    def __init__(self, expression: Expression, location: int = -1) -> None:
        self.expression = expression
        self.location = location


class QueryAnalysis(Analysis):
    """One expression's, at a `place` of a query level."""

    def __init__(self, binder: Binder, level: Level, place: Place) -> None:
        super().__init__(level, binder.parameters)
        self.binder = binder
        self.level = level
        self.place = place
        self._sets = place.sets

    def value(self, value: Value) -> Column:
        return Column(self.binder.values.number(value), value.type)

    def at(self, place: Place) -> QueryAnalysis:
        """Another place of the same level."""
        return QueryAnalysis(self.binder, self.level, place)

    def typed(self, node: Any, expected: ColumnType | None = None) -> Expression:
        """The expression of a node that stands alone: untyped, it is `expected`, or text."""
        expression = self.expression(node)
        if is_unknown(expression) and expected is not None and expected.name != "unknown":
            expression = coerce(expression, expected, self.parameters) or expression
        return coerce_unknown(expression, self.parameters)

    # -- names

    def column(self, node: Any) -> Expression:
        names = names_of(node)
        if names is None:
            raise unsupported("*")
        try:
            position, type_ = self.level.resolve(names)
        except DatabaseError as error:
            if error.sqlstate == UNDEFINED_COLUMN and (table := self.level.tableoid(names)) is not None:
                return Constant(table, OID)
            relation = (
                self.level.find_relation(names) if error.sqlstate == UNDEFINED_COLUMN and len(names) == 1 else None
            )
            if relation is not None:
                columns = [Column(found.position, found.column.type) for found in self.level.star(names)]
                for column in columns:
                    relation.mark(column.position)
                row = self.call("row", columns, position_of(node))
                return _or_absent(row, columns) if relation.nullable and columns else row
            error.position = error.position or position_of(node)
            raise
        if not self.place.no_aggregates:
            self.level.places.setdefault(position, position_of(node))
        return Column(position, type_)

    def bound(self, node: Bound) -> Expression:
        return node.expression

    # -- calls

    def argument_positions(self, count: int) -> int:
        return self.binder.values.block(count)

    def within(self, level: Level, parameters: ParameterTypes) -> QueryAnalysis:
        return QueryAnalysis(self.binder.within(parameters), level, self.place)

    def query_value(self, call: Any) -> Expression:
        from actors.sql.binding.function_items import query_value

        return query_value(self, call)

    def system_call(self, node: Any) -> Expression:
        name = node.funcname[-1].sval
        if name in ROW_TAKERS and node.args:
            rows = [row_json(self, argument) for argument in node.args]
            if name == "row_to_json":
                return row_to_json(self, node, rows)
            if any(row is not None for row in rows):
                pairs = zip(rows, node.args, strict=True)
                node = SimpleNamespace(
                    **{slot: getattr(node, slot) for slot in node.__slots__},
                )
                node.args = tuple(argument if row is None else Bound(row) for row, argument in pairs)
        if name in ADVISORY_LOCKS:
            hint = "Transactions that write the same rows conflict at COMMIT (40001); SELECT ... FOR UPDATE adds rows."
            message = "advisory locks are not supported"
            raise DatabaseError(FEATURE_NOT_SUPPORTED, message, hint=hint, position=position_of(node))
        functions = CATALOG_FUNCTIONS.get(name)
        return super().system_call(node) if functions is None else self._catalog_call(node, name)

    def _catalog_call(self, node: Any, name: str) -> Expression:
        given = tuple(node.args or ())
        fitting = [function for function in CATALOG_FUNCTIONS[name] if len(function.arguments) == len(given)]
        if len(fitting) > 1:
            given = tuple(argument if is_untyped(argument) else Bound(self.typed(argument)) for argument in given)
            fitting.sort(key=lambda function: _conversions(given, function.arguments))
        if fitting:
            function = fitting[0]
            arguments = tuple(
                self._catalog_argument(argument, type_)
                for argument, type_ in zip(given, function.arguments, strict=True)
            )
            return self.value(CatalogCall(name, function, arguments, function.result))
        with located(node):
            raise DatabaseError(UNDEFINED_FUNCTION, f"function {name} does not exist with {len(given)} arguments")

    def _catalog_argument(self, node: Any, wanted: ColumnType) -> Expression:
        """A function's name (regproc) is the oid that is asked for."""
        found = self.typed(node, wanted)
        if found.type.name == "regproc" and wanted == OID:
            return Cast(found, OID, True)
        return found

    def call_over_rows(self, node: Any, name: str) -> Expression:
        """Of an aggregate, a window function, or one that returns rows."""
        if node.over is not None:
            if self.place.no_windows:
                sqlstate = GROUPING_ERROR if self.place is AGGREGATE else "42P20"
                raise DatabaseError(sqlstate, self.place.no_windows, position=position_of(node))
            self.level.windowed = True
            return self.value(window_calls.window_call(self, node, name))
        if name in AGGREGATES or (name in HYPOTHETICAL and node.agg_within_group):
            return self._aggregate(node, name)
        if name in SETS or name in PAIR_FIELDS:
            if not self._sets:
                raise set_calls.not_allowed("" if self.place.sets else self.place.clause)
            self.level.sets.append(name)
            with_sets, self._sets = self._sets, False
            try:
                return self.value(set_calls.set_call(self, node))
            finally:
                self._sets = with_sets
        if name in WINDOW_FUNCTIONS:
            raise DatabaseError("42809", f"window function {name} requires an OVER clause", position=position_of(node))
        raise unsupported(name)

    def _aggregate(self, node: Any, name: str) -> Expression:
        """It is of the level that its arguments' columns are of, which may be one around this query. Raises 42803 where
        that level has no aggregates in the clause at hand."""
        if self.place.no_aggregates and self.level.parent is None:
            raise DatabaseError(GROUPING_ERROR, self.place.no_aggregates, position=position_of(node))
        call = aggregate_calls.aggregate_call(self.at(AGGREGATE), node, name)
        level, place = self.level, self.place
        if level.parent is not None:
            parts = [*call.arguments, *(item.expression for item in call.order)]
            parts += [] if call.filter is None else [call.filter]
            positions = {position for part in parts for position in columns_of(part)}
            if not any(position in self.binder.values.calls for position in positions):
                level = self.level.level_of(positions)
            if level is not self.level:
                place = IN_FROM if level.place is None else level.place
        if place.no_aggregates:
            raise DatabaseError(GROUPING_ERROR, place.no_aggregates, position=position_of(node))
        level.aggregated = True
        return self.value(call)

    def grouping(self, node: Any) -> Expression:
        arguments = tuple(self.typed(argument) for argument in node.args)
        return self.value(GroupingCall(arguments, INT4))

    def indirection(self, node: Any) -> Expression:
        [part, *others] = node.indirection
        if not others and isinstance(part, ast.String) and isinstance(node.arg, ast.ColumnRef):
            names = names_of(node.arg)
            if names is not None and self.level.find(names) is None and self.level.find_relation(names) is not None:
                return self.column(ast.ColumnRef(fields=(*node.arg.fields, part), location=node.arg.location))
        if not others and isinstance(part, ast.String) and is_pair_field(node.arg, part.sval):
            call = SimpleNamespace(**{slot: getattr(node.arg, slot) for slot in node.arg.__slots__})
            call.funcname = (ast.String(sval=f"{node.arg.funcname[-1].sval}.{part.sval}"),)
            return self.call_over_rows(call, call.funcname[0].sval)
        if not others and isinstance(part, ast.String) and part.sval in ("x", "n"):
            argument = self.expression(node.arg)
            if argument.type == set_calls.EXPANDED:
                # The arrays of the catalog that drivers ask for are of int2; their places are int4.
                return self.value(FieldOf(argument, part.sval, ColumnType("int2") if part.sval == "x" else INT4))
        return HANDLERS[ast.A_Indirection](self, node)

    def _without_sets(self, node: Any) -> Expression:
        """CASE and COALESCE: they do not evaluate all of their parts."""
        with_sets, self._sets = self._sets, False
        try:
            return HANDLERS[type(node)](self, node)
        finally:
            self._sets = with_sets

    # -- objects of the catalog

    def cast(self, node: Any) -> Expression:
        found = object_casts.object_cast(self, node)
        return super().cast(node) if found is None else found

    def type_of(self, value: Expression) -> Expression:
        return object_casts.type_named(self, value.name) if isinstance(value, InDomain) else super().type_of(value)

    def operator_expression(self, node: Any) -> Expression:
        if (
            isinstance(node.lexpr, ast.RowExpr)
            and isinstance(node.rexpr, ast.SubLink)
            and node.rexpr.subLinkType == Kind.EXPR_SUBLINK
        ):
            return self._row_and_query(node)
        if object_casts.is_identifier(node.lexpr) or object_casts.is_identifier(node.rexpr):
            sides = [
                Bound(object_casts.as_oid(self, side)) if object_casts.is_identifier(side) else side
                for side in (node.lexpr, node.rexpr)
            ]
            node = SimpleNamespace(
                kind=node.kind, name=node.name, lexpr=sides[0], rexpr=sides[1], location=node.location
            )
        return super().operator_expression(node)

    # -- subqueries

    def subquery(self, link: Any) -> Expression:
        kind = link.subLinkType
        query = self._bound_query(link)
        if kind == Kind.EXISTS_SUBLINK:
            _drop_values(query)
            return self.value(Subquery("EXISTS", query, BOOL))
        if kind == Kind.EXPR_SUBLINK:
            if len(query.columns) != 1:
                raise DatabaseError(SYNTAX_ERROR, "subquery must return only one column", position=position_of(link))
            return self.scalar(query)
        if kind == Kind.ARRAY_SUBLINK:
            if len(query.columns) != 1:
                raise DatabaseError(SYNTAX_ERROR, "subquery must return only one column", position=position_of(link))
            return self.value(Subquery("ARRAY", query, aggregate_calls.array_of(query.columns[0].type)))
        if kind in (Kind.ANY_SUBLINK, Kind.ALL_SUBLINK):
            operator = link.operName[-1].sval if link.operName else "="
            return self._compared(
                "ALL" if kind == Kind.ALL_SUBLINK else "ANY", link.testexpr, operator, query, position_of(link)
            )
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "this kind of subquery is not supported")

    def _bound_query(self, link: Any) -> BoundQuery:
        around, self.level.place = self.level.place, self.place
        try:
            return self.binder.query(link.subselect, self.level)
        finally:
            self.level.place = around

    def scalar(self, query: BoundQuery) -> Column:
        """The one value of a query of one column."""
        return self.value(Subquery("SCALAR", query, query.columns[0].type))

    def default(self, node: Any) -> Expression:
        raise DatabaseError(SYNTAX_ERROR, "DEFAULT is not allowed in this context", position=position_of(node))

    def _row_and_query(self, node: Any) -> Expression:
        """(a, b) = (SELECT c, d)"""
        operator = node.name[-1].sval
        if operator not in ("=", "<>"):
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f"operator {operator} of a row and a subquery is not supported")
        query = self._bound_query(node.rexpr)
        return self._compared("ROW", node.lexpr, operator, query, position_of(node))

    def _compared(self, kind: str, test: Any, operator: str, query: Any, position: int) -> Expression:
        """x IN (SELECT ...), x = ANY (...), x <> ALL (...): as the operator compares x with the query's column."""
        tests = list(test.args) if isinstance(test, ast.RowExpr) else [test]
        if len(tests) != len(query.columns):
            many = "many" if len(query.columns) > len(tests) else "few"
            raise DatabaseError(SYNTAX_ERROR, f"subquery has too {many} columns", position=position)
        if len(tests) > 1 and operator not in ("=", "<>"):
            raise DatabaseError(FEATURE_NOT_SUPPORTED, f"operator {operator} with a subquery of rows is not supported")
        offset = self.binder.values.block(len(tests))
        pairs = [
            (self.expression(node), Column(offset + number, column.type))
            for number, (node, column) in enumerate(zip(tests, query.columns, strict=True))
        ]
        comparisons = tuple(
            coerce_boolean(self.operator(operator, pair, position), kind, self.parameters, position) for pair in pairs
        )
        return self.value(Subquery(kind, query, BOOL, comparisons, operator, offset))

    def merge_action(self, node: Any) -> Expression:
        position = self.binder.merge_action
        if position is None:
            message = "MERGE_ACTION() can only be used in the RETURNING list of a MERGE command"
            raise DatabaseError(SYNTAX_ERROR, message, position=position_of(node))
        return Column(position, TEXT)

    handlers = {
        **HANDLERS,
        ast.MergeSupportFunc: merge_action,
        ast.ColumnRef: column,
        ast.TypeCast: cast,
        ast.A_Expr: operator_expression,
        ast.A_Indirection: indirection,
        ast.CaseExpr: _without_sets,
        ast.CoalesceExpr: _without_sets,
        ast.SubLink: subquery,
        ast.GroupingFunc: grouping,
        ast.SetToDefault: default,
        Bound: bound,
    }


def _drop_values(query: Any) -> None:
    """EXISTS asks whether there is a row: PostgreSQL never evaluates the select list of its query, where `SELECT 1/0`
    may stand."""
    body = query.body
    if (
        not isinstance(body, Select)
        or body.aggregated
        or body.distinct
        or body.distinct_on
        or query.limit is not None
        or query.offset is not None
    ):
        return
    if not body.returns_sets:
        body.targets = [Constant(1, INT4)]
        query.columns = query.columns[:1]
        query.order = ()


def _conversions(given: Sequence[Any], declared: Sequence[ColumnType]) -> int:
    """How many of the arguments an overload takes only by a conversion; an untyped literal is a text."""
    types = [argument.expression.type.name if isinstance(argument, Bound) else "text" for argument in given]
    return sum(type_ != wanted.name for type_, wanted in zip(types, declared, strict=True))


def _or_absent(row: Expression, columns: Sequence[Expression]) -> Expression:
    """`row`, or NULL where an outer join has none, or a statement had or has none (RETURNING old, new)."""
    tests = tuple(NullTest(column, True) for column in columns)
    return Case((Or(tests) if len(tests) > 1 else tests[0],), (row,), None, row.type)
