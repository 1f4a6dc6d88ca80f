"""SELECT, VALUES, set operations and WITH: from the parser's tree to the bound query (query.py).

    bound = bind_statement(tree, catalog, parameters)
    bound.query.columns         names, types and origins of the output
    bound.tables                every stored table it mentions, with the columns read of each

Each level is bound in PostgreSQL's order: WITH, FROM, select list, WHERE, HAVING, ORDER BY, GROUP BY, DISTINCT, LIMIT.
Errors are PostgreSQL's, and the only ones there are: the executors find nothing more to say about names and types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any

from pglast import ast, enums

from actors.common.errors import (
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INVALID_COLUMN_REFERENCE,
    SYNTAX_ERROR,
    DatabaseError,
)
from actors.sql.binding import with_decided_parameters
from actors.sql.binding.aggregate_calls import directions
from actors.sql.binding.arbiters import find_arbiters
from actors.sql.binding.coercion import coerce, coerce_unknown, common_type, is_unknown, type_name
from actors.sql.binding.column_names import figure_name
from actors.sql.binding.from_clause import from_clause
from actors.sql.binding.grouping import check_grouped, dependent_columns, group_items
from actors.sql.binding.names import Level, NamedColumns, columns_of_table, names_of, without_database
from actors.sql.binding.object_casts import shown_identifier
from actors.sql.binding.output_names import Targets, named, ordinal
from actors.sql.binding.parameters import ParameterTypes
from actors.sql.binding.query import (
    BoundQuery,
    BoundStatement,
    Cte,
    RelationItem,
    Select,
    SetOperation,
    SortItem,
    TableItem,
    Values,
    ValuesRows,
    leaves,
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
from actors.sql.binding.views import expanded
from actors.sql.binding.with_clause import bind_ctes
from actors.sql.catalog.schema import Index, Table
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
    """Raises DatabaseError as PostgreSQL would."""
    return bind_query(Binder(catalog, parameters, statement), statement)


def bind_query(binder: Binder, statement: ast.SelectStmt, around: Any = None) -> BoundStatement:
    """`binder`: of this statement alone; `around`: the WITH that it stands in."""
    ctes, visible, recursive = binder.with_clauses(() if around is None else (around,))
    query = binder.query(statement, Level(ctes=visible) if visible else None)
    ctes = binder.that_are_read(ctes)
    if ctes:
        query.ctes = (*ctes, *query.ctes)
        query.recursive = query.recursive or recursive
    return BoundStatement(query, binder.values, tuple(binder.relations))


class Binder:
    """One statement's. `outermost`: the query whose rows the client sees. `given`: what the parts of the statement that
    write give to it, by the identity of their nodes in WITH."""

    __slots__ = (
        "_uses",
        "catalog",
        "given",
        "locking",
        "merge_action",
        "outermost",
        "parameters",
        "relations",
        "values",
    )

    def __init__(
        self,
        catalog: Catalog,
        parameters: ParameterTypes,
        outermost: Any = None,
        given: Mapping[int, Cte] | None = None,
    ) -> None:
        self.catalog = catalog
        self.parameters = parameters
        self.values = Values()
        self.relations: list[RelationItem] = []
        """What it mentions, but for common table expressions that nothing reads."""
        self.outermost = outermost
        self.given = given or {}
        self.locking: list[ast.SelectStmt] | None = None
        """Its queries that lock rows, where it is a statement that writes: it may have some."""
        self._uses: list[Cte] = []
        self.merge_action: int | None = None
        """The position of merge_action(), where RETURNING of a MERGE may mention it."""

    def beside(self) -> Binder:
        """For a query of the statement with positions of its own."""
        made = copy(self)
        made.values, made.relations, made._uses = Values(), [], []
        return made

    def note_beside(self, other: Binder) -> None:
        """What a query beside this one reads of the parts that write."""
        self._uses += [cte for cte in other._uses if cte.given is not None]

    @property
    def parts_read(self) -> set[int]:
        """Numbers of the parts that write whose rows it reads, once everything is bound."""
        return {cte.given for cte in self._uses if cte.given is not None}

    def query(
        self, statement: Any, parent: Level | None = None, *, is_arm: bool = False, is_source: bool = False
    ) -> BoundQuery:
        """`is_arm`: of a set operation, `is_source`: of an INSERT, which decide about columns that have no type
        yet."""
        if statement.lockingClause:
            if statement is not self.outermost and self.locking is None:
                message = "a locking clause such as FOR UPDATE is not supported in a subquery here"
                raise DatabaseError(FEATURE_NOT_SUPPORTED, message)
            if self.locking is not None:
                self.locking.append(statement)
        level = Level(parent=parent)
        ctes = self.with_clause(statement.withClause, level)
        if statement.op != enums.SetOperation.SETOP_NONE:
            query = _set_operation(self, statement, level)
        elif statement.valuesLists:
            query = _values(self, statement, level)
        else:
            query = _simple(self, statement, level, is_arm, is_source)
        if statement.lockingClause:
            query.locking = statement
            _note_locked(query, statement.lockingClause)
        if ctes:
            query.ctes = self.that_are_read(ctes)
            query.recursive = bool(query.ctes) and bool(statement.withClause.recursive)
        return query

    def give_type(self, arm: BoundQuery, number: int, type_: ColumnType) -> None:
        """A column of an arm of a set operation that has no type takes that of the other arm's."""
        if arm.columns[number].type.name != "unknown" or not isinstance(arm.body, Select):
            return
        typed = coerce(arm.body.targets[number], type_, self.parameters)
        assert typed is not None
        arm.body.targets[number] = typed
        arm.columns = (*arm.columns[:number], Field(arm.columns[number].name, typed.type), *arm.columns[number + 1 :])

    # -- relations

    def find(self, node: ast.RangeVar) -> tuple[Table, NamedColumns] | None:
        """What FROM reads under a name, and its columns; None where it is nothing that is stored."""
        table = self.catalog.find_readable(node.schemaname, node.relname)
        return None if table is None else (table, columns_of_table(table))

    def target(self, node: ast.RangeVar) -> Table:
        """What a statement may change. Raises 42P01."""
        return self.catalog.table(node.schemaname, node.relname)

    def within(self, parameters: ParameterTypes) -> Binder:
        """For a SQL function's body in the same statement."""
        made = copy(self)
        assert parameters.catalog is not None
        made.parameters, made.catalog, made.outermost, made.locking = parameters, parameters.catalog, None, None
        return made

    def without_views(self, body: ast.SelectStmt) -> Any:
        """A SQL function's body, ready to be bound."""
        return expanded(body, self.catalog)

    def arbiters(self, table: Table, infer: Any) -> tuple[Index, ...]:
        """Whose conflicts ON CONFLICT is about. Raises 42704, 42703, 42P10."""
        return find_arbiters(table, infer)

    # -- WITH

    def with_clause(self, clause: Any, level: Level) -> tuple[Cte, ...]:
        """The common table expressions, by their names at `level`."""
        return () if clause is None else bind_ctes(self, clause, level)

    def with_clauses(self, clauses: Sequence[Any]) -> tuple[tuple[Cte, ...], dict[str, Cte], bool]:
        """Of several WITH (None for none), each within the one before it: their expressions, those that are visible by
        name, and whether one is recursive."""
        level: Level | None = None
        made: tuple[Cte, ...] = ()
        visible: dict[str, Cte] = {}
        for clause in clauses:
            level = Level(parent=level)
            made += self.with_clause(clause, level)
            visible |= level.ctes
        return made, visible, any(clause is not None and clause.recursive for clause in clauses)

    def mention(self, cte: Cte) -> Cte:
        self._uses.append(cte)
        return cte

    def bind_cte(self, bind: Callable[[], Cte]) -> Cte:
        """What it mentions counts once something reads it."""
        around = self.relations, self._uses
        self.relations, self._uses = [], []
        try:
            cte = bind()
            cte.relations, cte.uses = self.relations, self._uses
        finally:
            self.relations, self._uses = around
        return cte

    def that_are_read(self, ctes: Sequence[Cte]) -> tuple[Cte, ...]:
        """Those of `ctes`, in whose scope everything has been bound, that something reads: no other one runs."""
        kept: list[Cte] = []
        for cte in reversed(ctes):
            if any(cte is used for used in self._uses):
                self.relations += cte.relations
                self._uses += cte.uses
                kept.insert(0, cte)
        return tuple(kept)

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


def _note_locked(query: BoundQuery, clauses: Sequence[Any]) -> None:
    for item in leaves(query.body.items) if isinstance(query.body, Select) else ():
        if isinstance(item, TableItem):
            item.locked = any(
                not clause.lockedRels or item.alias in {locked.relname for locked in clause.lockedRels}
                for clause in clauses
            )


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
            binder.give_type(arm, number, type_)
        columns.append(Field(one.name, type_))
    query = BoundQuery(SetOperation(word, bool(statement.all), left, right), tuple(columns))
    return _ordered(binder, statement, level, query, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause")


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


def _simple(binder: Binder, statement: ast.SelectStmt, level: Level, is_arm: bool, is_source: bool) -> BoundQuery:
    if statement.intoClause:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "SELECT INTO is not supported")
    items = from_clause(binder, statement.fromClause, level)
    if statement.windowClause:
        level.windows = {window.name: window for window in statement.windowClause}
    fields: list[Field] = []
    targets: list[Expression] = []
    bind_targets(binder, statement.targetList or (), level, TARGETS, fields, targets, statement is binder.outermost)
    where = None if statement.whereClause is None else binder.condition(statement.whereClause, level, WHERE)
    having = None if statement.havingClause is None else binder.condition(statement.havingClause, level, HAVING)
    keeps_unknown = is_arm and not (statement.distinctClause or statement.sortClause or statement.groupClause)
    keeps_unknown = keeps_unknown or (is_source and not statement.distinctClause)
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


def bind_targets(
    binder: Binder,
    nodes: Sequence[Any],
    level: Level,
    place: Place,
    fields: list[Field],
    targets: list[Expression],
    is_shown: bool = False,
) -> None:
    """A list of SELECT or RETURNING, added to `fields` and `targets`. An untyped literal stays one. `is_shown`: to a
    client."""
    for node in nodes:
        _target(QueryAnalysis(binder, level, place), node, fields, targets, is_shown)


def _target(analysis: QueryAnalysis, node: Any, fields: list[Field], targets: list[Expression], is_shown: bool) -> None:
    """One item of the list, or the columns of a star."""
    value, level = node.val, analysis.level
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
    expression = None
    if is_shown and isinstance(value, ast.TypeCast):
        expression = shown_identifier(analysis, value)
    if expression is None:
        expression = analysis.expression(value)
    targets.append(expression)
    fields.append(Field(node.name or figure_name(value), expression.type))


def _star(value: ast.ColumnRef, level: Level, fields: list[Field], targets: list[Expression]) -> None:
    with located(value):
        columns = level.star(without_database((*(part.sval for part in value.fields[:-1]), "*"))[:-1])
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
