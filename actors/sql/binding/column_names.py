"""The name of an output column without AS, for both executors (FigureColnameInternal in PostgreSQL's
parse_target.c)."""

from __future__ import annotations

from typing import Any

from pglast import ast, enums

UNNAMED = "?column?"
_NONE, _WEAK, _STRONG = 0, 1, 2
"""How sure a name is: a cast takes the name of what it casts only where that is strong."""


def figure_name(node: Any) -> str:
    return _figure(node)[1]


def _figure(node: Any) -> tuple[int, str]:
    if isinstance(node, ast.ColumnRef):
        names = [field.sval for field in node.fields if isinstance(field, ast.String)]
        return (_STRONG, names[-1]) if len(names) == len(node.fields) else (_NONE, UNNAMED)
    if isinstance(node, ast.A_Indirection):
        names = [part.sval for part in node.indirection if isinstance(part, ast.String)]
        return (_STRONG, names[-1]) if names else _figure(node.arg)
    if isinstance(node, ast.FuncCall):
        return _STRONG, str(node.funcname[-1].sval)
    if isinstance(node, ast.CollateClause):
        return _figure(node.arg)
    if isinstance(node, ast.TypeCast):
        strength, name = _figure(node.arg)
        return (strength, name) if strength == _STRONG else (_WEAK, str(node.typeName.names[-1].sval))
    if isinstance(node, ast.CaseExpr):
        strength, name = _figure(node.defresult)
        return (strength, name) if strength == _STRONG else (_WEAK, "case")
    if isinstance(node, ast.SubLink):
        return _figure_of_query(node)
    if isinstance(node, ast.SQLValueFunction):
        return _STRONG, str(node.op.name).removeprefix("SVFOP_").removesuffix("_N").lower()
    if isinstance(node, ast.MinMaxExpr):
        return _STRONG, "greatest" if node.op == enums.MinMaxOp.IS_GREATEST else "least"
    if isinstance(node, ast.A_Expr) and node.kind == enums.A_Expr_Kind.AEXPR_NULLIF:
        return _STRONG, "nullif"
    named = {
        ast.MergeSupportFunc: "merge_action",
        ast.CoalesceExpr: "coalesce",
        ast.A_ArrayExpr: "array",
        ast.GroupingFunc: "grouping",
        ast.RowExpr: "row",
    }
    found = named.get(type(node))
    return (_STRONG, found) if found is not None else (_NONE, UNNAMED)


def _figure_of_query(link: ast.SubLink) -> tuple[int, str]:
    if link.subLinkType == enums.SubLinkType.EXISTS_SUBLINK:
        return _STRONG, "exists"
    if link.subLinkType == enums.SubLinkType.ARRAY_SUBLINK:
        return _STRONG, "array"
    targets = getattr(link.subselect, "targetList", None)
    if link.subLinkType == enums.SubLinkType.EXPR_SUBLINK and targets:
        return _STRONG, targets[0].name or figure_name(targets[0].val)
    return _NONE, UNNAMED
