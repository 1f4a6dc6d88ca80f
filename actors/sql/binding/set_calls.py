"""Functions that return rows: what they are called with, and the type of their one column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pglast import ast

from actors.common.errors import FEATURE_NOT_SUPPORTED, UNDEFINED_FUNCTION, DatabaseError
from actors.sql.binding.coercion import coerce, coerce_argument, coerce_unknown, type_name
from actors.sql.binding.function_kinds import SETS
from actors.sql.binding.query import SetCall
from actors.sql.binding.scope import position_of
from actors.sql.expressions.casts import EXPLICIT
from actors.sql.expressions.functions import Ambiguous, resolve_signature
from actors.sql.expressions.tree import Expression
from actors.sql.types.arrays import VECTORS, element_of, is_array
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.sql.binding.query_analysis import QueryAnalysis

TEXT, BOOL, INT4, INT8, OID = (
    ColumnType("text"),
    ColumnType("bool"),
    ColumnType("int4"),
    ColumnType("int8"),
    ColumnType("oid"),
)
NUMERIC, INTERVAL = ColumnType("numeric"), ColumnType("interval")
HINT = "No function matches the given name and argument types. You might need to add explicit type casts."
SERIES = (
    *((name,) * count for name in ("int4", "int8", "numeric") for count in (2, 3)),
    *((name, name, "interval") for name in ("timestamp", "timestamptz")),
)
"""Signatures of generate_series."""
TEXTS = {
    "regexp_matches": ((TEXT, TEXT, TEXT), ColumnType("_text")),
    "regexp_split_to_table": ((TEXT, TEXT, TEXT), TEXT),
    "string_to_table": ((TEXT, TEXT, TEXT), TEXT),
}
"""Of two texts or three, and their results."""
JSON, JSONB = ColumnType("json"), ColumnType("jsonb")
JSON_SETS = {
    f"{kind.name}_{name}{text}{field}": (
        kind,
        result if not text or name == "object_keys" or field == ".key" else TEXT if result == kind else result,
    )
    for kind in (JSON, JSONB)
    for name, text, field, result in (
        ("object_keys", "", "", TEXT),
        ("array_elements", "", "", kind),
        ("array_elements", "_text", "", kind),
        *(
            ("each", text, field, result)
            for text in ("", "_text")
            for field, result in (("", ColumnType("record")), (".key", TEXT), (".value", kind))
        ),
    )
}
"""Functions of one JSON value, and their results; `.key` and `.value` are the columns of json_each's rows."""
EXPANDED = ColumnType("_pg_expandarray")
"""The rows of information_schema._pg_expandarray(array), of x (an element) and n (its place from 1 on): within queries
only, for drivers that read keys by it (pgjdbc)."""
PARTITION_ANCESTORS = "pg_partition_ancestors"
"""PostgreSQL gives no rows for a table that is not partitioned, and none is here. psql 18 asks in each \\d."""


def is_set(node: Any) -> bool:
    return isinstance(node, ast.FuncCall) and node.over is None and node.funcname[-1].sval in SETS


def not_allowed(clause: str) -> DatabaseError:
    """ "" for an expression of a select list that does not evaluate all of its parts."""
    where = f"in {'JOIN conditions' if clause == 'JOIN/ON' else clause}" if clause else "here"
    return DatabaseError(FEATURE_NOT_SUPPORTED, f"set-returning functions are not allowed {where}")


def set_call(analysis: QueryAnalysis, node: Any) -> SetCall:
    """Raises 42883, 0A000."""
    name = node.funcname[-1].sval
    if name in JSON_SETS:
        return _of_json(analysis, node, name)
    given = [analysis.expression(argument) for argument in node.args or ()]
    if name == "generate_series":
        return _series(analysis, node, given)
    if name == EXPANDED.name and len(given) == 1:
        return SetCall(name, (_array(analysis, given[0], node, "unnest"),), EXPANDED)
    if name == PARTITION_ANCESTORS and len(given) == 1:
        return SetCall(name, (coerce_unknown(given[0], analysis.parameters),), OID)
    if name == "unnest":
        if len(given) != 1:
            raise DatabaseError(FEATURE_NOT_SUPPORTED, "unnest() with several arguments is supported in FROM only")
        return unnested(analysis, given[0], node)
    if name == "generate_subscripts":
        wanted: tuple[ColumnType, ...] = (_array_type(given), INT4, BOOL)
        result = INT4
    elif name in TEXTS:
        wanted, result = TEXTS[name]
    else:
        raise _undefined(node, given)
    if not 2 <= len(given) <= len(wanted) or (name == "generate_subscripts" and not is_array(wanted[0].name)):
        raise _undefined(node, given)
    arguments = [coerce(argument, type_, analysis.parameters) for argument, type_ in zip(given, wanted, strict=False)]
    if None in arguments:
        raise _undefined(node, given)
    return SetCall(name, tuple(argument for argument in arguments if argument is not None), result)


def _of_json(analysis: QueryAnalysis, node: Any, name: str) -> SetCall:
    wanted, result = JSON_SETS[name]
    given = [analysis.expression(argument) for argument in node.args or ()]
    document = coerce(given[0], wanted, analysis.parameters) if len(given) == 1 else None
    if document is None:
        raise _undefined(node, given)
    return SetCall(name, (document,), result)


def unnested(analysis: QueryAnalysis, argument: Expression, node: Any) -> SetCall:
    """unnest(array)"""
    array = _array(analysis, argument, node, "unnest")
    element = element_of(array.type.name)
    return SetCall("unnest", (array,), ColumnType(element, -1 if element == "numeric" else array.type.modifier))


def _array_type(given: Sequence[Expression]) -> ColumnType:
    name = given[0].type.name if given else ""
    return ColumnType(VECTORS.get(name, name))


def _array(analysis: QueryAnalysis, argument: Expression, node: Any, name: str) -> Expression:
    argument = coerce_unknown(argument, analysis.parameters)
    if argument.type.name in VECTORS:
        argument = coerce(argument, ColumnType(VECTORS[argument.type.name]), analysis.parameters, EXPLICIT) or argument
    if not is_array(argument.type.name):
        message = f"function {name}({type_name(argument.type)}) does not exist"
        raise DatabaseError(UNDEFINED_FUNCTION, message, hint=HINT, position=position_of(node))
    return argument


def _series(analysis: QueryAnalysis, node: Any, given: Sequence[Expression]) -> SetCall:
    """generate_series(from, to [, step])"""
    try:
        chosen = resolve_signature("generate_series", SERIES, tuple(argument.type.name for argument in given))
    except Ambiguous:
        listed = ", ".join(type_name(argument.type) for argument in given)
        message = f"function generate_series({listed}) is not unique"
        hint = "Could not choose a best candidate function. You might need to add explicit type casts."
        raise DatabaseError("42725", message, hint=hint, position=position_of(node)) from None
    if chosen is None:
        raise _undefined(node, given)
    arguments = [
        coerce_argument(argument, name, analysis.parameters)
        for argument, name in zip(given, SERIES[chosen], strict=True)
    ]
    result = ColumnType(SERIES[chosen][0])
    if result.name == "int4":  # DuckDB's is of bigint
        arguments = [coerce(argument, INT8, analysis.parameters) or argument for argument in arguments]
    return SetCall("generate_series", tuple(arguments), result)


def _undefined(node: Any, given: Sequence[Expression]) -> DatabaseError:
    shown = ", ".join(type_name(argument.type) for argument in given)
    message = f"function {node.funcname[-1].sval}({shown}) does not exist"
    return DatabaseError(UNDEFINED_FUNCTION, message, hint=HINT, position=position_of(node))
