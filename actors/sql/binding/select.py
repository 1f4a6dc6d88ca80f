"""SELECT, VALUES, set operations and WITH: from the parser's tree to the bound query (query.py).

    bound = bind_statement(tree, catalog, parameters)
    bound.query.columns         names, types and origins of the output
    bound.tables                every stored table it mentions, with the columns read of each

Each level is bound in PostgreSQL's order: WITH, FROM, select list, WHERE, HAVING, ORDER BY, GROUP BY, DISTINCT, LIMIT.
Errors are PostgreSQL's, and the only ones there are: the executors find nothing more to say about names and types.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast, enums

from actors.common.errors import (
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INVALID_COLUMN_REFERENCE,
    INVALID_RECURSION,
    SYNTAX_ERROR,
    DatabaseError,
)
from actors.sql.binding import with_decided_parameters
from actors.sql.binding.aggregate_calls import directions
from actors.sql.binding.coercion import coerce, coerce_unknown, common_type, is_unknown, type_name
from actors.sql.binding.column_names import figure_name
from actors.sql.binding.from_clause import from_clause
from actors.sql.binding.function_kinds import AGGREGATES
from actors.sql.binding.grouping import check_grouped, dependent_columns, group_items
from actors.sql.binding.names import Level, names_of
from actors.sql.binding.nodes import any_call
from actors.sql.binding.object_casts import shown_identifier
from actors.sql.binding.output_names import Targets, named, ordinal
from actors.sql.binding.parameters import ParameterTypes
from actors.sql.binding.query import (
    BoundQuery,
    BoundStatement,
    Cte,
    Select,
    SetOperation,
    SortItem,
    TableItem,
    Values,
    ValuesRows,
)
from actors.sql.binding.query_analysis import (
    DISTINCT_ON,
    HAVING,
    LIMIT,
    ORDER_BY,
    TARGETS,
    VALUES,
    WHERE,
    Place,
    QueryAnalysis,
)
from actors.sql.binding.scope import located, position_of
from actors.sql.catalog.snapshot import Catalog
from actors.sql.expressions.casts import ASSIGNMENT
from actors.sql.expressions.tree import BOOL, Column, Constant, Expression
from actors.sql.results import Field
from actors.sql.types.column_type import ColumnType

INT8 = ColumnType("int8")
SET_OPERATIONS = {
    enums.SetOperation.SETOP_UNION: "UNION",
    enums.SetOperation.SETOP_INTERSECT: "INTERSECT",
    enums.SetOperation.SETOP_EXCEPT: "EXCEPT",
}


def bind_statement(statement: ast.SelectStmt, catalog: Catalog, parameters: ParameterTypes) -> BoundStatement:
    """Raises DatabaseError as PostgreSQL would, NotRowExpression for a form of expression that is not supported.
    Locking clauses are the caller's."""
    binder = Binder(catalog, parameters, statement)
    query = binder.query(statement)
    return BoundStatement(query, binder.values, tuple(binder.tables))


class Binder:
    """One statement's. `outermost`: the query whose rows the client sees."""

    __slots__ = ("catalog", "outermost", "parameters", "tables", "values")

    def __init__(self, catalog: Catalog, parameters: ParameterTypes, outermost: Any = None) -> None:
        self.catalog = catalog
        self.parameters = parameters
        self.values = Values()
        self.tables: list[TableItem] = []
        self.outermost = outermost

    def query(self, statement: Any, parent: Level | None = None, *, is_arm: bool = False) -> BoundQuery:
        """`is_arm`: of a set operation, which decides about columns that have no type yet."""
        if not isinstance(statement, ast.SelectStmt):
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "data-modifying statements in WITH are not supported")
        if statement.lockingClause and statement is not self.outermost:
            raise DatabaseError(
                FEATURE_NOT_SUPPORTED, "a locking clause such as FOR UPDATE is not supported in a subquery here"
            )
        level = Level(parent=parent)
        ctes = _with_clause(self, statement.withClause, level) if statement.withClause is not None else ()
        if statement.op != enums.SetOperation.SETOP_NONE:
            query = _set_operation(self, statement, level)
        elif statement.valuesLists:
            query = _values(self, statement, level)
        else:
            query = _simple(self, statement, level, is_arm)
        if ctes:
            query.ctes = ctes
            query.recursive = bool(statement.withClause.recursive)
        return query

    def expression(self, node: Any, level: Level, place: Place, expected: ColumnType | None = None) -> Expression:
        """Typed; an untyped literal or parameter is `expected`, or text."""
        return with_decided_parameters(QueryAnalysis(self, level, place).typed(node, expected), self.parameters)

    def condition(self, node: Any, level: Level, place: Place) -> Expression:
        """Raises 42804 unless it is boolean."""
        expression = self.expression(node, level, place, BOOL)
        if expression.type.name != "bool":
            message = f"argument of {place.clause} must be type boolean, not type {type_name(expression.type)}"
            raise DatabaseError(DATATYPE_MISMATCH, message, position=position_of(node))
        return expression


# -- WITH --------------------------------------------------------------------------------------------------------------


def _with_clause(binder: Binder, clause: ast.WithClause, level: Level) -> tuple[Cte, ...]:
    made: list[Cte] = []
    for node in clause.ctes:
        names = [name.sval for name in node.aliascolnames or ()]
        materialized = node.ctematerialized == enums.CTEMaterialize.CTEMaterializeAlways
        if clause.recursive and _mentions(node.ctequery, node.ctename):
            cte = _recursive(binder, node, level, names)
            cte.materialized = materialized
        else:
            query = binder.query(node.ctequery, level)
            cte = Cte(node.ctename, _renamed(query.columns, names, node.ctename), query, False, materialized)
            level.ctes[cte.name] = cte
        made.append(cte)
    return tuple(made)


def _renamed(columns: Sequence[Field], names: Sequence[str], what: str) -> tuple[Field, ...]:
    """Raises 42P10 for more names than columns."""
    if len(names) > len(columns):
        message = f'table "{what}" has {len(columns)} columns available but {len(names)} columns specified'
        raise DatabaseError(INVALID_COLUMN_REFERENCE, message)
    fields = [
        Field(name, each.type, each.table_oid, each.attribute) for name, each in zip(names, columns, strict=False)
    ]
    return (*fields, *columns[len(names) :])


def _recursive(binder: Binder, node: ast.CommonTableExpr, level: Level, names: list[str]) -> Cte:
    """The first arm gives the column types; the second sees the CTE by name."""
    statement = node.ctequery
    if not isinstance(statement, ast.SelectStmt) or statement.op != enums.SetOperation.SETOP_UNION:
        message = (
            f'recursive query "{node.ctename}" does not have the form non-recursive-term UNION [ALL] recursive-term'
        )
        raise DatabaseError(INVALID_RECURSION, message)
    head = binder.query(statement.larg, level)
    cte = Cte(node.ctename, _renamed(head.columns, names, node.ctename), None, True)
    level.ctes[cte.name] = cte
    if _aggregates_over(statement.rarg, node.ctename):
        raise DatabaseError(
            INVALID_RECURSION, "aggregate functions are not allowed in a recursive query's recursive term"
        )
    second = binder.query(statement.rarg, level)
    if len(head.columns) != len(second.columns):
        raise DatabaseError(SYNTAX_ERROR, "each UNION query must have the same number of columns")
    cte.query = BoundQuery(SetOperation("UNION", bool(statement.all), head, second), head.columns)
    return cte


def _aggregates_over(statement: Any, name: str) -> bool:
    """Whether a query level over the recursive query's own rows has an aggregate: such a term may never end."""

    def is_aggregate(call: ast.FuncCall) -> bool:
        return call.over is None and call.funcname[-1].sval in AGGREGATES

    return (
        isinstance(statement, ast.SelectStmt)
        and _mentions(statement.fromClause, name)
        and any_call((statement.targetList, statement.havingClause), is_aggregate)
    )


def _mentions(node: Any, name: str) -> bool:
    """Whether a RangeVar of that name occurs anywhere below `node`."""
    if isinstance(node, ast.RangeVar):
        return bool(node.schemaname is None and node.relname == name)
    if isinstance(node, tuple | list):
        return any(_mentions(item, name) for item in node)
    if isinstance(node, ast.Node):
        return any(_mentions(getattr(node, slot), name) for slot in node.__slots__)
    return False


# -- set operations and VALUES -----------------------------------------------------------------------------------------


def _set_operation(binder: Binder, statement: ast.SelectStmt, level: Level) -> BoundQuery:
    word = SET_OPERATIONS[statement.op]
    left = binder.query(statement.larg, level, is_arm=True)
    right = binder.query(statement.rarg, level, is_arm=True)
    if len(left.columns) != len(right.columns):
        raise DatabaseError(SYNTAX_ERROR, f"each {word} query must have the same number of columns")
    columns = []
    for number, (one, other) in enumerate(zip(left.columns, right.columns, strict=True)):
        type_ = common_type([one.type, other.type], word)
        for arm in (left, right):
            _give_type(binder, arm, number, type_)
        columns.append(Field(one.name, type_))
    query = BoundQuery(SetOperation(word, bool(statement.all), left, right), tuple(columns))
    return _ordered(binder, statement, level, query, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause")


def _give_type(binder: Binder, arm: BoundQuery, number: int, type_: ColumnType) -> None:
    """A column without a type takes that of the other arm's."""
    if arm.columns[number].type.name != "unknown":
        return
    assert isinstance(arm.body, Select)
    typed = coerce(arm.body.targets[number], type_, binder.parameters)
    assert typed is not None
    arm.body.targets[number] = typed
    arm.columns = (*arm.columns[:number], Field(arm.columns[number].name, typed.type), *arm.columns[number + 1 :])


def _values(binder: Binder, statement: ast.SelectStmt, level: Level) -> BoundQuery:
    analysis = QueryAnalysis(binder, level, VALUES)
    rows = [[analysis.expression(value) for value in row] for row in statement.valuesLists]
    width = len(rows[0])
    if any(len(row) != width for row in rows):
        raise DatabaseError(SYNTAX_ERROR, "VALUES lists must all be the same length")
    types = [common_type([row[number].type for row in rows], "VALUES") for number in range(width)]
    made = tuple(
        tuple(_as_common(binder, value, type_) for value, type_ in zip(row, types, strict=True)) for row in rows
    )
    fields = tuple(Field(f"column{number}", type_) for number, type_ in enumerate(types, 1))
    return _ordered(
        binder, statement, level, BoundQuery(ValuesRows(made), fields), "ORDER BY of VALUES is supported by column only"
    )


def _as_common(binder: Binder, value: Expression, type_: ColumnType) -> Expression:
    typed = coerce(value, type_, binder.parameters)
    if typed is None:
        message = f"VALUES could not convert type {type_name(value.type)} to {type_name(type_)}"
        raise DatabaseError("42846", message)
    return with_decided_parameters(typed, binder.parameters)


def _ordered(binder: Binder, statement: ast.SelectStmt, level: Level, query: BoundQuery, refusal: str) -> BoundQuery:
    """ORDER BY, of output columns only, and LIMIT."""
    targets: Targets = [(each.name, Column(number, each.type)) for number, each in enumerate(query.columns)]
    order = []
    for clause in statement.sortClause or ():
        number = ordinal(clause.node, targets)
        if number is None:
            number = named(clause.node, targets)
        if number is None:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, refusal)
        order.append(SortItem(targets[number][1], *directions(clause), number))
    query.order = tuple(order)
    _limits(binder, statement, level, query)
    return query


# -- SELECT ------------------------------------------------------------------------------------------------------------


def _simple(binder: Binder, statement: ast.SelectStmt, level: Level, is_arm: bool) -> BoundQuery:
    if statement.intoClause:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "SELECT INTO is not supported")
    items = from_clause(binder, statement.fromClause, level)
    if statement.windowClause:
        level.windows = {window.name: window for window in statement.windowClause}
    fields: list[Field] = []
    targets: list[Expression] = []
    for node in statement.targetList or ():
        _target(binder, node, level, fields, targets, statement is binder.outermost)
    where = None if statement.whereClause is None else binder.condition(statement.whereClause, level, WHERE)
    having = None if statement.havingClause is None else binder.condition(statement.havingClause, level, HAVING)
    keeps_unknown = is_arm and not (statement.distinctClause or statement.sortClause or statement.groupClause)
    for number, expression in enumerate(targets):
        if not keeps_unknown and is_unknown(expression):
            targets[number] = expression = coerce_unknown(expression, binder.parameters)
            fields[number] = Field(fields[number].name, expression.type)
        targets[number] = with_decided_parameters(expression, binder.parameters)
    select = Select(items, where, targets, having=having)
    query = BoundQuery(select, tuple(fields))
    listed = [(each.name, expression) for each, expression in zip(fields, targets, strict=True)]
    order = _order_by(binder, statement, level, listed)
    if statement.groupClause:
        select.group = group_items(binder, statement.groupClause, level, listed)
        select.group_distinct = bool(statement.groupDistinct)
        select.dependent = dependent_columns(items, select.group)
    _distinct(binder, statement, level, listed, select, order)
    query.order = order
    select.aggregated = level.aggregated or bool(statement.groupClause) or having is not None
    select.windowed = level.windowed or bool(statement.windowClause)
    select.sets = tuple(level.sets)
    if "generate_series" in select.sets and (len(select.sets) > 1 or select.aggregated or level.windowed):
        message = (
            "generate_series in a select list beside aggregates, windows or other sets is not supported; use it in FROM"
        )
        raise DatabaseError(FEATURE_NOT_SUPPORTED, message)
    if select.aggregated:
        check_grouped(binder.values, level, select, order)
    _limits(binder, statement, level, query)
    return query


def _target(
    binder: Binder, node: Any, level: Level, fields: list[Field], targets: list[Expression], is_shown: bool
) -> None:
    """One item of the select list, or the columns of a star."""
    value = node.val
    if isinstance(value, ast.ColumnRef):
        names = names_of(value)
        if names is None:
            _star(value, level, fields, targets)
            return
        with located(value):
            found = level.find(names)
        if found is not None:
            column = found.column
            targets.append(level.mentioned(found, value))
            fields.append(Field(node.name or names[-1], column.type, column.table_oid, column.attribute))
            return
    analysis = QueryAnalysis(binder, level, TARGETS)
    expression = None
    if is_shown and isinstance(value, ast.TypeCast):
        expression = shown_identifier(analysis, value)
    if expression is None:
        expression = analysis.expression(value)
    targets.append(expression)
    fields.append(Field(node.name or figure_name(value), expression.type))


def _star(value: ast.ColumnRef, level: Level, fields: list[Field], targets: list[Expression]) -> None:
    with located(value):
        columns = level.star([part.sval for part in value.fields[:-1]])
    for found in columns:
        column = found.column
        targets.append(level.mentioned(found, value))
        fields.append(Field(column.name, column.type, column.table_oid, column.attribute))


def _order_by(binder: Binder, statement: ast.SelectStmt, level: Level, targets: Targets) -> tuple[SortItem, ...]:
    items = []
    for clause in statement.sortClause or ():
        node = clause.node
        number = ordinal(node, targets)
        if number is None and isinstance(node, ast.A_Const):
            raise DatabaseError(SYNTAX_ERROR, "non-integer constant in ORDER BY", position=position_of(node))
        if number is None:
            number = named(node, targets)
        if number is not None:
            expression = targets[number][1]
        else:
            expression = binder.expression(node, level, ORDER_BY)
            number = next((place for place, (_, target) in enumerate(targets) if target == expression), None)
        items.append(SortItem(expression, *directions(clause), number))
    return tuple(items)


def _distinct(
    binder: Binder, statement: ast.SelectStmt, level: Level, targets: Targets, select: Select, order: Sequence[SortItem]
) -> None:
    """DISTINCT, and DISTINCT ON, whose expressions begin ORDER BY. Raises 42P10."""
    clause = statement.distinctClause
    if not clause:
        return
    if clause[0] is None:
        select.distinct = True
        if any(item.output is None for item in order):
            raise DatabaseError(
                INVALID_COLUMN_REFERENCE, "for SELECT DISTINCT, ORDER BY expressions must appear in select list"
            )
        return
    expressions = []
    for node in clause:
        number = ordinal(node, targets, "DISTINCT ON")
        if number is None:
            number = named(node, targets, "DISTINCT ON")
        expressions.append(targets[number][1] if number is not None else binder.expression(node, level, DISTINCT_ON))
    if any(item.expression not in expressions for item in order[: len(expressions)]):
        raise DatabaseError(
            INVALID_COLUMN_REFERENCE, "SELECT DISTINCT ON expressions must match initial ORDER BY expressions"
        )
    select.distinct_on = tuple(expressions)


def _limits(binder: Binder, statement: ast.SelectStmt, level: Level, query: BoundQuery) -> None:
    query.limit = _limit(binder, statement.limitCount, level, "LIMIT")
    query.offset = _limit(binder, statement.limitOffset, level, "OFFSET")
    query.ties = query.limit is not None and statement.limitOption == enums.LimitOption.LIMIT_OPTION_WITH_TIES


def _limit(binder: Binder, node: Any, level: Level, what: str) -> Expression | None:
    """Raises 42P10 for columns of the query, 42804."""
    if node is None:
        return None
    if (
        isinstance(node, ast.ColumnRef)
        and (names := names_of(node)) is not None
        and level.own_column(names) is not None
    ):
        raise DatabaseError(
            INVALID_COLUMN_REFERENCE, f"argument of {what} must not contain variables", position=position_of(node)
        )
    expression = binder.expression(node, level.without_siblings(), LIMIT, INT8)
    typed = coerce(expression, INT8, binder.parameters, ASSIGNMENT)
    if typed is None:
        message = f"argument of {what} must be type bigint, not type {type_name(expression.type)}"
        raise DatabaseError(DATATYPE_MISMATCH, message, position=position_of(node))
    return None if isinstance(typed, Constant) and typed.value is None else typed
