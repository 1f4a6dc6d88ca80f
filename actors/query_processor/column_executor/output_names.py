"""The names of a query's output columns: what PostgreSQL calls an unnamed one, and which one a number or a name means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pglast import ast, enums

from actors.common.errors import INVALID_COLUMN_REFERENCE, DatabaseError
from actors.query_processor.column_executor.names import Output
from actors.query_processor.column_executor.translator import string_fields


def figure_name(node: Any) -> str:
    """The name that PostgreSQL gives an unnamed output column (FigureColname in parse_target.c)."""
    if isinstance(node, ast.ColumnRef):
        names = string_fields(node)
        return names[-1] if names else "?column?"
    if isinstance(node, ast.FuncCall):
        return str(node.funcname[-1].sval)
    if isinstance(node, ast.TypeCast):
        inner = figure_name(node.arg)
        return inner if inner != "?column?" else str(node.typeName.names[-1].sval)
    if isinstance(node, ast.CaseExpr):
        inner = figure_name(node.defresult) if isinstance(node.defresult, ast.ColumnRef) else "?column?"
        return inner if inner != "?column?" else "case"
    if isinstance(node, ast.SubLink):
        if node.subLinkType == enums.SubLinkType.EXISTS_SUBLINK:
            return "exists"
        if node.subLinkType == enums.SubLinkType.ARRAY_SUBLINK:
            return "array"
        if node.subLinkType == enums.SubLinkType.EXPR_SUBLINK and node.subselect.targetList:
            target = node.subselect.targetList[0]
            return target.name or figure_name(target.val)
        return "?column?"
    if isinstance(node, ast.SQLValueFunction):
        return str(node.op.name).removeprefix("SVFOP_").removesuffix("_N").lower()
    named = {ast.CoalesceExpr: "coalesce", ast.A_ArrayExpr: "array", ast.GroupingFunc: "grouping", ast.NullTest: "?column?"}
    if isinstance(node, ast.MinMaxExpr):
        return "greatest" if node.op == enums.MinMaxOp.IS_GREATEST else "least"
    if isinstance(node, ast.A_Expr) and node.kind == enums.A_Expr_Kind.AEXPR_NULLIF:
        return "nullif"
    if isinstance(node, ast.A_Indirection) and isinstance(node.indirection[-1], ast.String):
        return str(node.indirection[-1].sval)
    if isinstance(node, ast.CollateClause | ast.A_Indirection):
        return figure_name(node.arg)
    return named.get(type(node), "?column?")


def ordinal(node: Any, outputs: Sequence[Output]) -> Output | None:
    """The output column that a number means in ORDER BY, GROUP BY and DISTINCT ON. Raises 42P10."""
    if not (isinstance(node, ast.A_Const) and isinstance(node.val, ast.Integer)):
        return None
    number = int(node.val.ival or 0)
    if not 1 <= number <= len(outputs):
        raise DatabaseError(INVALID_COLUMN_REFERENCE, f"ORDER BY position {number} is not in select list")
    return outputs[number - 1]


def named(node: Any, outputs: Sequence[Output]) -> Output | None:
    """The output column that an unqualified name means in ORDER BY."""
    names = string_fields(node) if isinstance(node, ast.ColumnRef) else None
    if names is None or len(names) != 1:
        return None
    found = {output.sql: output for output in outputs if output.name == names[0]}
    if len(found) > 1:
        raise DatabaseError("42702", f'ORDER BY "{names[0]}" is ambiguous')
    return next(iter(found.values()), None)
