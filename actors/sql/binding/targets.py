"""What the statements that write share when they are bound: the target and its columns, values for them, defaults,
RETURNING."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace as replace_level
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from pglast import ast, enums

from actors.common.errors import (
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    GENERATED_ALWAYS,
    SYNTAX_ERROR,
    UNDEFINED_COLUMN,
    DatabaseError,
)
from actors.sql.binding import analyze, with_decided_parameters
from actors.sql.binding.analysis import Analysis
from actors.sql.binding.coercion import coerce, coerce_assignment, coerce_unknown, is_unknown, type_name
from actors.sql.binding.names import DUPLICATE_ALIAS, Level, Relation, columns_of_table
from actors.sql.binding.parameters import ParameterTypes
from actors.sql.binding.query import BoundQuery, QueryItem, Select, TableItem
from actors.sql.binding.query_analysis import Bound, Place, QueryAnalysis
from actors.sql.binding.scope import EmptyScope, located, position_of
from actors.sql.binding.select import bind_targets
from actors.sql.binding.statements import Assignment, Returning
from actors.sql.catalog.schema import Column, Table
from actors.sql.expressions.json_changes import ASSIGNED
from actors.sql.expressions.tree import Column as ColumnNode
from actors.sql.expressions.tree import Constant, Expression
from actors.sql.parser import parse_expression
from actors.sql.results import Field
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.binding.select import Binder

ASSIGNMENT = Place.plain("UPDATE")
RETURNING = Place.plain("RETURNING")
ABSENT = Constant(None, ColumnType("unknown"))
"""The datum of a dropped column."""


# -- the target --------------------------------------------------------------------------------------------------------


def table_relation(binder: Binder, table: Table, alias: str, schema: str) -> tuple[TableItem, Relation]:
    """A table's positions, and its name: `schema` is set where that may qualify it."""
    item = TableItem(table, alias, binder.values.block(len(table.columns)), not schema)
    return item, Relation(alias, columns_of_table(table), item.offset, schema, table.name, (item,))


def bind_target(binder: Binder, node: ast.RangeVar, level: Level, keyed: bool = False) -> TableItem:
    """The table that a statement changes, which the rest of it may mention. `keyed`: its rows are to be found again,
    also where the table has no primary key. Raises 42P01."""
    with located(node):
        table = binder.target(node)
    alias = node.relname if node.alias is None else node.alias.aliasname
    item, relation = table_relation(binder, table, alias, table.schema if node.alias is None else "")
    if keyed and not table.primary.columns:
        item.keyed = True
        binder.values.block(1)
    level.add(relation)
    return item


def target_column(table: Table, node: Any) -> Column:
    """What a ResTarget names. Raises 42703."""
    for column in table.live_columns():
        if column.name == node.name:
            return column
    message = f'column "{node.name}" of relation "{table.name}" does not exist'
    qualified = bool(node.indirection) and node.name == table.name
    hint = "SET target columns cannot be qualified with the relation name." if qualified else ""
    raise DatabaseError(UNDEFINED_COLUMN, message, hint=hint, position=position_of(node))


# -- values ------------------------------------------------------------------------------------------------------------


def default_of(column: Column, parameters: ParameterTypes) -> Expression:
    """The column's default, NULL where it has none, or where it is computed from the row."""
    if column.identity:
        sequence = Constant(str(column.sequence), ColumnType("text"))
        value = Analysis(EmptyScope(), parameters).call("nextval", [sequence])
    elif column.generated:
        return Constant(None, column.type)
    else:
        text = column.default
        if text is None and column.domain and parameters.catalog is not None:
            domain = parameters.catalog.domain_by_id(column.domain)
            text = domain.default if domain is not None else None
        if text is None:
            return Constant(None, column.type)
        value = analyze(parse_expression(text), EmptyScope(), parameters, column.type)
    return coerce_assignment(value, column.type, column.name, parameters)


def bind_row_expression(
    node: Any, table: Table, alias: str, parameters: ParameterTypes, expected: ColumnType | None = None
) -> Expression:
    """An expression over a row of the table alone, such as a constraint's. `expected`: the type of an untyped one."""
    level = Level(relations=[Relation(alias, columns_of_table(table), 0, "", table.name)])
    return coerce_unknown(analyze(node, level, parameters, expected), parameters)


def bind_value(binder: Binder, node: Any, level: Level, place: Place, column: Column) -> Expression:
    """A value for `column`, converted as an assignment. Raises 42804."""
    if isinstance(node, ast.SetToDefault):
        return default_of(column, binder.parameters)
    expression = QueryAnalysis(binder, level, place).expression(node)
    return assigned(binder, expression, column, position_of(node))


def assigned(binder: Binder, expression: Expression, column: Column, position: int = 0) -> Expression:
    if is_unknown(expression):
        expression = coerce(expression, column.type, binder.parameters) or expression
    expression = with_decided_parameters(expression, binder.parameters)
    return coerce_assignment(expression, column.type, column.name, binder.parameters, position)


# -- SET ---------------------------------------------------------------------------------------------------------------


def bind_assignments(
    binder: Binder, target: TableItem, nodes: Sequence[Any], level: Level
) -> list[tuple[Assignment, Any]]:
    """SET's list, each with the parser's node of its value. Raises 42703, 42601."""
    found: dict[int, tuple[Assignment, Any]] = {}
    parts: set[int] = set()
    """Columns of which parts are assigned to: b['x'] = 1, b['y'] = 2."""
    for node in nodes:
        column = target_column(target.table, node)
        earlier = found.get(column.position)
        if node.indirection and (earlier is None or column.position in parts):
            if earlier is None:
                target.read.add(column.position)
            before = ColumnNode(target.offset + column.position, column.type) if earlier is None else earlier[0].value
            value: Any = _changed_part(column, before, node)
            parts.add(column.position)
        elif earlier is not None:
            raise DatabaseError(
                SYNTAX_ERROR, f'multiple assignments to same column "{column.name}"', position=position_of(node)
            )
        elif isinstance(node.val, ast.MultiAssignRef):
            value = _of_many(binder, node.val, level)
        else:
            value = node.val
        found[column.position] = Assignment(column, bind_value(binder, value, level, ASSIGNMENT, column)), value
    return list(found.values())


def check_generated(pairs: Sequence[tuple[Assignment, Any]]) -> None:
    """Raises 428C9 for a value that SET gives to a column whose values are made here."""
    for assignment, node in pairs:
        column = assignment.column
        if (column.identity == "a" or column.generated) and not isinstance(node, ast.SetToDefault):
            kind = "a generated column" if column.generated else "an identity column defined as GENERATED ALWAYS"
            raise DatabaseError(
                GENERATED_ALWAYS,
                f'column "{column.name}" can only be updated to DEFAULT',
                detail=f'Column "{column.name}" is {kind}.',
            )


def _of_many(binder: Binder, node: Any, level: Level) -> Any:
    """One column's value of `(a, b) = (x, y)` or `(a, b) = (SELECT x, y ...)`."""
    source: Any = node.source
    number = (node.colno or 1) - 1
    if isinstance(source, ast.RowExpr):
        if len(source.args or ()) != node.ncolumns:
            raise DatabaseError(
                SYNTAX_ERROR, "number of columns does not match number of values", position=position_of(source)
            )
        return source.args[number]
    if not isinstance(source, ast.SubLink):
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED,
            "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression",
            position=position_of(source),
        )
    query = binder.query(source.subselect, level)
    if len(query.columns) != node.ncolumns:
        raise DatabaseError(
            SYNTAX_ERROR, "number of columns does not match number of values", position=position_of(source)
        )
    analysis = QueryAnalysis(binder, level, ASSIGNMENT)
    return Bound(analysis.scalar(_one_column(binder, query, number)), source.location)


def _one_column(binder: Binder, query: BoundQuery, number: int) -> BoundQuery:
    """The query with one of its columns alone."""
    body, columns = query.body, (query.columns[number],)
    if isinstance(body, Select) and not body.distinct and not body.distinct_on and not body.sets:
        body.targets = [body.targets[number]]
        query.columns = columns
        query.order = tuple(replace(item, output=None) for item in query.order)
        return query
    item = QueryItem(query, binder.values.block(len(query.columns)))
    return BoundQuery(Select((item,), None, [ColumnNode(item.offset + number, columns[0].type)]), columns)


def _changed_part(column: Column, before: Expression, target: Any) -> ast.FuncCall:
    """What `column[subscript] ... = value` makes of the column's value. Raises 42804, 0A000."""
    if column.type.name != "jsonb":
        raise DatabaseError(
            DATATYPE_MISMATCH,
            f"cannot assign to a part of column {column.name} because its type {type_name(column.type)} does "
            f"not support subscripting",
        )
    if not all(isinstance(part, ast.A_Indices) and not part.is_slice for part in target.indirection):
        raise DatabaseError(DATATYPE_MISMATCH, "jsonb subscript does not support slices")
    text = ast.TypeName(names=(ast.String(sval="text"),), typemod=-1)
    steps = tuple(ast.TypeCast(arg=part.uidx, typeName=text) for part in target.indirection)
    arguments: Any = (Bound(before), ast.A_ArrayExpr(elements=steps), target.val)
    call = ast.FuncCall(funcname=(ast.String(sval=ASSIGNED),), agg_within_group=False, func_variadic=False)
    call.args = arguments
    return call


# -- RETURNING ---------------------------------------------------------------------------------------------------------


def bind_returning(binder: Binder, clause: Any, level: Level, target: TableItem) -> Returning | None:
    """None where there is none. Raises 42803 and the like."""
    if clause is None:
        return None
    level, old, new = _with_both_rows(binder, clause, level, target)
    fields: list[Field] = []
    targets: list[Expression] = []
    bind_targets(binder, clause.exprs, level, RETURNING, fields, targets)
    for number, expression in enumerate(targets):
        if is_unknown(expression):
            targets[number] = coerce_unknown(expression, binder.parameters)
            fields[number] = Field(fields[number].name, targets[number].type)
        targets[number] = with_decided_parameters(targets[number], binder.parameters)
    return Returning(tuple(targets), tuple(fields), old, new)


def returned_names(clause: Any) -> dict[str, str]:
    """Of the row before and the row after, by "old" and "new": WITH (OLD AS o, NEW AS n). Raises 42601, 42712."""
    names = {"old": "old", "new": "new"}
    said: set[str] = set()
    for option in clause.options or ():
        word = "old" if option.option == enums.ReturningOptionKind.RETURNING_OPTION_OLD else "new"
        if word in said:
            raise DatabaseError(
                SYNTAX_ERROR, f"{word.upper()} cannot be specified multiple times", position=position_of(option)
            )
        if option.value in [names[other] for other in said]:
            message = f'table name "{option.value}" specified more than once'
            raise DatabaseError(DUPLICATE_ALIAS, message, position=position_of(option))
        said.add(word)
        names[word] = option.value
    return names


def _with_both_rows(
    binder: Binder, clause: Any, level: Level, target: TableItem
) -> tuple[Level, TableItem | None, TableItem | None]:
    """`level` with the names old and new, where the list may mention them: a relation may have such a name, too."""
    items: dict[str, TableItem | None] = {"old": None, "new": None}
    shadows: list[Relation] = []
    taken = {relation.alias for relation in level.relations}
    for word, name in returned_names(clause).items():
        if name in taken:
            if clause.options and name != word:
                raise DatabaseError(DUPLICATE_ALIAS, f'table name "{name}" specified more than once')
            continue
        if not mentions_name(clause.exprs, name):
            continue
        item = TableItem(target.table, name, binder.values.block(len(target.table.columns)), True, target.read)
        items[word] = item
        columns = columns_of_table(target.table)
        shadows.append(Relation(name, columns, item.offset, "", "", (item,), nullable=True, is_shadow=True))
    if not shadows:
        return level, None, None
    return replace_level(level, relations=[*level.relations, *shadows]), items["old"], items["new"]


def mentions_name(node: Any, name: str) -> bool:
    """Whether a column reference below `node` begins with a name."""
    if isinstance(node, ast.ColumnRef):
        return getattr(node.fields[0], "sval", None) == name
    if isinstance(node, tuple | list):
        return any(mentions_name(item, name) for item in node)
    if isinstance(node, ast.Node):
        return any(mentions_name(getattr(node, slot), name) for slot in node.__slots__)
    return False
