"""What statements that write share: assignments, defaults, constraints, RETURNING."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pglast
from pglast import ast

from actors.common.errors import DATATYPE_MISMATCH, FEATURE_NOT_SUPPORTED, SYNTAX_ERROR, UNDEFINED_COLUMN, DatabaseError
from actors.query_processor.planner.planning import Planning
from actors.query_processor.planner.sequenced import calls_sequence, plain_references
from actors.query_processor.row_executor.changing import RowChanger
from actors.query_processor.row_executor.constraints import CompiledCheck, CompiledOption, RowConstraints
from actors.query_processor.row_executor.modifying import Returning
from actors.query_processor.row_executor.referring import watch_of
from actors.query_processor.row_executor.stored_table import StoredTable
from actors.sql.binding import analyze, coerce_assignment
from actors.sql.binding.coercion import type_name
from actors.sql.binding.relations import Relation, Scope, expand_targets, field_of
from actors.sql.binding.scope import position_of
from actors.sql.catalog.schema import Column, Table
from actors.sql.expressions.compile import compile_expression, compile_tuple
from actors.sql.expressions.json_changes import ASSIGNED
from actors.sql.expressions.tree import Constant, Expression, calls_sequences, columns_of


def target_column(table: Table, node: Any) -> Column:
    """What a ResTarget names. Raises 42703."""
    for column in table.live_columns():
        if column.name == node.name:
            return column
    message = f'column "{node.name}" of relation "{table.name}" does not exist'
    raise DatabaseError(UNDEFINED_COLUMN, message, position=position_of(node))


def parse_expression(text: str) -> Any:
    """The tree of an expression that the catalog holds as text."""
    [raw] = pglast.parse_sql(f"SELECT {text}")
    select: Any = raw.stmt
    return select.targetList[0].val


def default_of(planning: Planning, column: Column) -> Expression:
    """The column's default, NULL where it has none."""
    if column.identity:
        number = ast.A_Const(val=ast.String(sval=str(column.sequence)))
        node: Any = ast.FuncCall(funcname=(ast.String(sval="nextval"),), args=(number,))
    elif column.default is None:
        return Constant(None, column.type)
    else:
        node = plain_references(parse_expression(column.default))
    return coerce_assignment(
        analyze(node, Scope(), planning.parameters, column.type), column.type, column.name, planning.parameters
    )


def assigned(planning: Planning, node: Any, scope: Scope, column: Column) -> Expression:
    """A value for `column`: converted as an assignment. Raises 42804."""
    if isinstance(node, ast.SetToDefault):
        return default_of(planning, column)
    expression = analyze(
        plain_references(node) if calls_sequence(node) else node, scope, planning.parameters, column.type
    )
    return coerce_assignment(
        expression, column.type, column.name, planning.parameters, (getattr(node, "location", None) or -1) + 1
    )


def assignments(table: Table, targets: Sequence[Any]) -> list[tuple[Column, Any]]:
    """SET's list as (column, node). Raises 42703, 42601."""
    found: list[tuple[Column, Any]] = []
    parts: set[int] = set()
    """Columns of which parts are assigned to: b['x'] = 1, b['y'] = 2."""
    for target in targets:
        column = target_column(table, target)
        earlier = [place for place, (other, _) in enumerate(found) if other.position == column.position]
        if target.indirection and (not earlier or column.position in parts):
            base = found[earlier[0]][1] if earlier else ast.ColumnRef(fields=(ast.String(sval=column.name),))
            found[earlier[0] if earlier else len(found) :] = [(column, _changed_part(column, base, target))]
            parts.add(column.position)
            continue
        if earlier:
            raise DatabaseError(SYNTAX_ERROR, f'multiple assignments to same column "{column.name}"')
        node: Any = target.val
        if isinstance(node, ast.MultiAssignRef):
            source: Any = node.source
            if not isinstance(source, ast.RowExpr):
                raise DatabaseError(FEATURE_NOT_SUPPORTED, "UPDATE with a row of a subquery is not supported")
            values: Any = source.args
            if len(values) != node.ncolumns:
                raise DatabaseError(SYNTAX_ERROR, "number of columns does not match number of values")
            node = values[(node.colno or 1) - 1]
        found.append((column, node))
    return found


def _changed_part(column: Column, base: Any, target: Any) -> ast.FuncCall:
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
    arguments = (base, ast.A_ArrayExpr(elements=steps), target.val)
    return ast.FuncCall(
        funcname=(ast.String(sval=ASSIGNED),), args=arguments, agg_within_group=False, func_variadic=False
    )


def constraints_of(planning: Planning, table: Table, positions: frozenset[int] | None = None) -> RowConstraints:
    """The constraints that a write of `positions` (None: of whole rows) has to pass."""
    checks: list[CompiledCheck] = []
    scope = Scope([Relation(table, table.name)])
    for check in table.checks:
        expression = planning.expression(parse_expression(check.expression), scope)
        if positions is None or not positions.isdisjoint(columns_of(expression)):
            checks.append((check, compile_expression(expression)))
    options: list[CompiledOption] = []
    for option in planning.check_options:
        condition = planning.expression(option.condition, Scope([Relation(table, option.alias, renamed=True)]))
        options.append((option.view, compile_expression(condition)))
    return RowConstraints(table, checks, planning.settings.limits, positions, options)


def returning_of(planning: Planning, clause: Any, scope: Scope) -> Returning:
    if clause is None:
        return Returning()
    if clause.options:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "RETURNING WITH is not supported")
    targets = expand_targets(clause.exprs, scope)
    nodes = [plain_references(target.node) if calls_sequence(target.node) else target.node for target in targets]
    expressions = [planning.expression(node, scope) for node in nodes]
    fields = [field_of(target, expression.type, scope) for target, expression in zip(targets, expressions, strict=True)]
    return Returning(fields, compile_tuple(tuple(expressions)), any(map(calls_sequences, expressions)))


def changer_of(planning: Planning, stored: StoredTable, positions: frozenset[int]) -> RowChanger:
    limits = planning.settings.limits
    return RowChanger(
        stored,
        constraints_of(planning, stored.table, positions),
        limits,
        positions,
        watch_of(stored.table, planning.catalog, positions),
    )


def select_of(
    nodes: Sequence[Any], sources: Sequence[Any] = (), condition: Any = None, with_clause: Any = None
) -> ast.SelectStmt:
    """WITH with_clause SELECT nodes FROM sources WHERE condition."""
    return ast.SelectStmt(
        targetList=tuple(ast.ResTarget(val=node) for node in nodes),
        fromClause=tuple(sources) or None,
        whereClause=condition,
        withClause=with_clause,
        limitOption=pglast.enums.LimitOption.LIMIT_OPTION_DEFAULT,
        op=pglast.enums.SetOperation.SETOP_NONE,
    )
