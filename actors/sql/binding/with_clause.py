"""WITH: common table expressions, recursive ones too. Those that write or lock rows are parts of the statement of their
own (parts.py)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pglast import ast, enums

from actors.common.errors import (
    DATATYPE_MISMATCH,
    FEATURE_NOT_SUPPORTED,
    INVALID_COLUMN_REFERENCE,
    INVALID_RECURSION,
    SYNTAX_ERROR,
    DatabaseError,
)
from actors.sql.binding.coercion import common_type
from actors.sql.binding.function_kinds import AGGREGATES
from actors.sql.binding.names import DUPLICATE_ALIAS, Level
from actors.sql.binding.nodes import any_call
from actors.sql.binding.query import BoundQuery, Cte, SetOperation
from actors.sql.binding.scope import position_of
from actors.sql.results import Field
from actors.sql.types import format_type

if TYPE_CHECKING:
    from actors.sql.binding.select import Binder


def bind_ctes(binder: Binder, clause: ast.WithClause, level: Level) -> tuple[Cte, ...]:
    made: list[Cte] = []
    for node in clause.ctes:
        if node.ctename in level.ctes:
            message = f'WITH query name "{node.ctename}" specified more than once'
            raise DatabaseError(DUPLICATE_ALIAS, message, position=position_of(node))
        if id(node) in binder.given:
            level.ctes[node.ctename] = binder.given[id(node)]
        elif isinstance(node.ctequery, ast.SelectStmt):
            made.append(binder.bind_cte(partial(_cte, binder, node, level, bool(clause.recursive))))
        else:
            message = "WITH clause containing a data-modifying statement must be at the top level"
            raise DatabaseError(FEATURE_NOT_SUPPORTED, message, position=position_of(node))
    return tuple(made)


def _cte(binder: Binder, node: ast.CommonTableExpr, level: Level, recursive: bool) -> Cte:
    names = [name.sval for name in node.aliascolnames or ()]
    if recursive and mentions_relation(node.ctequery, node.ctename):
        cte = _recursive(binder, node, level, names)
    else:
        query = binder.query(node.ctequery, level)
        cte = Cte(node.ctename, renamed_fields(query.columns, names, node.ctename), query)
        level.ctes[cte.name] = cte
    cte.materialized = node.ctematerialized == enums.CTEMaterialize.CTEMaterializeAlways
    return cte


def renamed_fields(columns: Sequence[Field], names: Sequence[str], what: str) -> tuple[Field, ...]:
    """Raises 42P10 for more names than columns."""
    if len(names) > len(columns):
        message = f'WITH query "{what}" has {len(columns)} columns available but {len(names)} columns specified'
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
    cte = Cte(node.ctename, renamed_fields(head.columns, names, node.ctename), None, True)
    level.ctes[cte.name] = cte
    if _aggregates_over(statement.rarg, node.ctename):
        raise DatabaseError(
            INVALID_RECURSION, "aggregate functions are not allowed in a recursive query's recursive term"
        )
    second = binder.query(statement.rarg, level, is_arm=True)
    if len(head.columns) != len(second.columns):
        raise DatabaseError(SYNTAX_ERROR, "each UNION query must have the same number of columns")
    _agree(binder, node, head, second)
    cte.query = BoundQuery(SetOperation("UNION", bool(statement.all), head, second), head.columns)
    return cte


def _agree(binder: Binder, node: ast.CommonTableExpr, head: BoundQuery, second: BoundQuery) -> None:
    """The non-recursive term decides the types, so a union of both terms must have them. Raises 42804."""
    for number, one in enumerate(head.columns):
        binder.give_type(second, number, one.type)
        overall = common_type([one.type, second.columns[number].type], "UNION")
        if overall != one.type:
            raise DatabaseError(
                DATATYPE_MISMATCH,
                f'recursive query "{node.ctename}" column {number + 1} has type {format_type(one.type)} in '
                f"non-recursive term but type {format_type(overall)} overall",
                hint="Cast the output of the non-recursive term to the correct type.",
            )


def _aggregates_over(statement: Any, name: str) -> bool:
    """Whether a query level over the recursive query's own rows has an aggregate: such a term may never end."""

    def is_aggregate(call: ast.FuncCall) -> bool:
        return call.over is None and call.funcname[-1].sval in AGGREGATES

    return (
        isinstance(statement, ast.SelectStmt)
        and mentions_relation(statement.fromClause, name)
        and any_call((statement.targetList, statement.havingClause), is_aggregate)
    )


def mentions_relation(node: Any, name: str) -> bool:
    """Whether a RangeVar of that name occurs anywhere below `node`."""
    if isinstance(node, ast.RangeVar):
        return bool(node.schemaname is None and node.relname == name)
    if isinstance(node, tuple | list):
        return any(mentions_relation(item, name) for item in node)
    if isinstance(node, ast.Node):
        return any(mentions_relation(getattr(node, slot), name) for slot in node.__slots__)
    return False
