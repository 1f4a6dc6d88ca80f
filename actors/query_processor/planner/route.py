"""Which executor runs a SELECT, told from its shape and the catalog alone: a pure predicate, with the reason that EXPLAIN (VERBOSE) shows.

    route(SELECT abalance FROM accounts WHERE aid = $1)      -> Route(None)                 point and range reads, look-up joins, plain aggregates
    route(SELECT bid, sum(x) FROM accounts GROUP BY bid)     -> Route(Reason.GROUPING)      everything else: the column executor

What only types and access paths tell (an aggregate over arrays, a join without an index) the planning for rows finds out, and says by a `NotForRows`
with a reason of the same kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pglast import ast, enums

from actors.sql.binding.function_kinds import AGGREGATES, SETS
from actors.sql.binding.reasons import Reason
from actors.sql.binding.type_names import OBJECT_TYPES
from actors.sql.catalog.snapshot import Catalog

PLAIN_AGGREGATES = frozenset({"count", "sum", "min", "max", "avg"})
_JOINS = (enums.JoinType.JOIN_INNER, enums.JoinType.JOIN_LEFT)


@dataclass(frozen=True, slots=True)
class Route:
    """`reason`: why the column executor; None: the row executor. `aggregated`: aggregates stand in the select list."""

    reason: Reason | None
    aggregated: bool = False


def route(statement: ast.SelectStmt, catalog: Catalog) -> Route:
    reason = _clauses(statement) or _tables(statement.fromClause or (), catalog)
    return Route(reason) if reason is not None else _expressions(statement)


def _clauses(statement: ast.SelectStmt) -> Reason | None:
    if statement.withClause is not None:
        return Reason.WITH
    if statement.op != enums.SetOperation.SETOP_NONE:
        return Reason.SET_OPERATION
    if statement.valuesLists:
        return Reason.VALUES
    if statement.distinctClause:
        return Reason.DISTINCT
    if statement.windowClause:
        return Reason.WINDOW
    if statement.intoClause:
        return Reason.INTO
    if statement.limitOption == enums.LimitOption.LIMIT_OPTION_WITH_TIES:
        return Reason.TIES
    if statement.groupClause or statement.havingClause is not None:
        return Reason.GROUPING
    return Reason.ORDER_OPERATOR if any(item.useOp for item in statement.sortClause or ()) else None


def _tables(items: Any, catalog: Catalog) -> Reason | None:
    if len(items) == 1 and isinstance(items[0], ast.JoinExpr):
        [join] = items
        if join.jointype not in _JOINS or join.isNatural or join.usingClause or join.alias is not None:
            return Reason.JOIN
        items = (join.larg, join.rarg)
    if len(items) > 2 or not all(isinstance(item, ast.RangeVar) for item in items):
        return Reason.FROM_ITEM
    for table in items:
        if table.catalogname or catalog.find_table(table.schemaname, table.relname) is None:
            return Reason.NOT_STORED
        if table.alias is not None and table.alias.colnames:
            return Reason.COLUMN_ALIASES
    return None


def _expressions(statement: ast.SelectStmt) -> Route:
    """Aggregates and window calls stand in the select list and in ORDER BY; elsewhere they are errors, which the planning for rows finds."""
    reason, aggregates = _parts((statement.targetList, statement.sortClause), True)
    if reason is None:
        quals = [item.quals for item in statement.fromClause or () if isinstance(item, ast.JoinExpr)]
        reason, _ = _parts((statement.whereClause, statement.limitCount, statement.limitOffset, quals), False)
    if reason is not None or not aggregates:
        return Route(reason)
    if not all(map(_is_plain, aggregates)):
        return Route(Reason.AGGREGATE)
    if not statement.fromClause:
        return Route(Reason.AGGREGATE_ALONE)
    alone = len(statement.fromClause) == 1 and isinstance(statement.fromClause[0], ast.RangeVar)
    if not alone or statement.sortClause or statement.limitCount is not None or statement.limitOffset is not None:
        return Route(Reason.AGGREGATE_CLAUSES)
    return Route(None, True)


def _parts(nodes: Any, in_output: bool) -> tuple[Reason | None, list[ast.FuncCall]]:
    """(the first thing in these expressions that is not for rows, their calls of aggregates). `in_output`: window calls may stand here."""
    todo = [nodes]
    aggregates: list[ast.FuncCall] = []
    while todo:
        node = todo.pop()
        if isinstance(node, tuple | list):
            todo += node
        elif isinstance(node, ast.SubLink):
            return Reason.SUBQUERY, []
        elif isinstance(node, ast.GroupingFunc):
            return Reason.GROUPING, []
        elif isinstance(node, ast.TypeCast):
            if isinstance(node.arg, ast.TypeCast) and node.arg.typeName.names[-1].sval in OBJECT_TYPES:
                return Reason.OBJECT, []
            todo.append(node.arg)
        elif isinstance(node, ast.NamedArgExpr):
            return Reason.ARGUMENTS, []
        elif isinstance(node, ast.FuncCall):
            name = node.funcname[-1].sval
            if node.over is not None and in_output:
                return Reason.WINDOW, []
            if name in SETS:
                return Reason.SETS, []
            if node.func_variadic:
                return Reason.ARGUMENTS, []
            if name in AGGREGATES:
                aggregates.append(node)
            todo.append(node.args)
        elif isinstance(node, ast.Node) and not isinstance(node, ast.A_Const | ast.ColumnRef | ast.TypeName):
            todo += [getattr(node, slot) for slot in node.__slots__]
    return None, aggregates


def _is_plain(call: ast.FuncCall) -> bool:
    if call.funcname[-1].sval not in PLAIN_AGGREGATES or call.agg_distinct or call.agg_filter is not None:
        return False
    if call.agg_order or call.agg_within_group:
        return False
    return call.funcname[-1].sval == "count" if call.agg_star else len(call.args or ()) == 1
