"""EXISTS asks whether there is a row: PostgreSQL never evaluates the select list of its query, where `SELECT 1/0` may
stand."""

from __future__ import annotations

from typing import Any

from pglast import ast, enums

from actors.sql.binding.function_kinds import AGGREGATES, SETS
from actors.sql.binding.nodes import any_call

_ROW_CLAUSES = (
    "groupClause",
    "havingClause",
    "distinctClause",
    "valuesLists",
    "limitCount",
    "limitOffset",
    "lockingClause",
)
_ONE = (ast.ResTarget(val=ast.A_Const(val=ast.Integer(ival=1))),)


def without_values(statement: Any) -> Any | None:
    """The query of an EXISTS with 1 as its select list; None where the list has a say in the rows, or is a constant
    already. The caller has the original analyzed too, for the errors that its names and types make."""
    if not isinstance(statement, ast.SelectStmt) or statement.op != enums.SetOperation.SETOP_NONE:
        return None
    if any(getattr(statement, clause) for clause in _ROW_CLAUSES) or not _computes(statement.targetList):
        return None
    parts = {name: getattr(statement, name) for name in statement.__slots__}
    return ast.SelectStmt(**{**parts, "targetList": _ONE, "sortClause": None})


def _computes(targets: Any) -> bool:
    values = [target.val for target in targets or ()]
    return not all(isinstance(value, ast.A_Const | ast.ColumnRef) for value in values) and not any_call(
        values, _decides_rows
    )


def _decides_rows(call: ast.FuncCall) -> bool:
    """Whether it is an aggregate or a set-returning function: both change how many rows there are."""
    return call.funcname[-1].sval in AGGREGATES or call.funcname[-1].sval in SETS
