"""JSON in expressions: the values that json_build_object and its like are made of, subscripts of a jsonb, IS JSON.

json_build_object('a', x)      json_build_object('a', to_json(x)): the maker knows texts only
j['a'][0]                      j #> ARRAY['a', '0']
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pglast import ast, enums

from actors.common.errors import DATATYPE_MISMATCH, INVALID_PARAMETER_VALUE, DatabaseError
from actors.sql.binding.coercion import coerce, coerce_unknown, is_unknown, type_name
from actors.sql.binding.parameters import TEXT
from actors.sql.binding.scope import position_of, unsupported
from actors.sql.expressions.casts import EXPLICIT, STRINGS
from actors.sql.expressions.json_making import check_even
from actors.sql.expressions.tree import ArrayOf, Constant, Expression
from actors.sql.types.arrays import is_array
from actors.sql.types.column_type import ColumnType
from actors.sql.types.json_values import JSON_TYPES

if TYPE_CHECKING:
    from actors.sql.binding.analysis import Analysis

_KINDS = {
    enums.JsonValueType.JS_TYPE_ANY: "value",
    enums.JsonValueType.JS_TYPE_OBJECT: "object",
    enums.JsonValueType.JS_TYPE_ARRAY: "array",
    enums.JsonValueType.JS_TYPE_SCALAR: "scalar",
}


def values(analysis: Analysis, name: str, arguments: Sequence[Expression], position: int) -> list[Expression]:
    """The arguments of a maker: keys as they are, values as JSON. Raises 22023 for a key that is none."""
    kind = name.partition("_")[0]
    made: list[Expression] = []
    if name.endswith("object"):
        check_even(name, len(arguments))
    for place, argument in enumerate(arguments):
        if name.endswith("object") and place % 2 == 0:
            if argument.type.name in JSON_TYPES or is_array(argument.type.name) or argument.type.name == "record":
                raise DatabaseError(
                    INVALID_PARAMETER_VALUE,
                    "key value must be scalar, not array, composite, or json",
                    position=position,
                )
            made.append(argument)
        else:
            made.append(as_json(analysis, argument, kind, position))
    return made


def as_json(analysis: Analysis, argument: Expression, kind: str, position: int = 0) -> Expression:
    """A value as json or jsonb; NULL stays NULL."""
    if argument.type.name == "record":
        raise unsupported("record")
    if isinstance(argument, Constant) and argument.value is None:
        return Constant(None, ColumnType(kind))
    return analysis.call(f"to_{kind}", [coerce_unknown(argument, analysis.parameters)], position)


def path_of(analysis: Analysis, parts: Sequence[Any]) -> Expression:
    """Subscripts as the path that they are: text[]. Raises 42804."""
    steps: list[Expression] = []
    for part in parts:
        if not isinstance(part, ast.A_Indices) or part.is_slice:
            raise DatabaseError(DATATYPE_MISMATCH, "jsonb subscript does not support slices")
        step = analysis.expression(part.uidx)
        if not is_unknown(step) and step.type.name not in STRINGS and step.type.name not in ("int2", "int4"):
            raise DatabaseError(
                DATATYPE_MISMATCH,
                f"subscript type {type_name(step.type)} is not supported",
                hint="jsonb subscript must be coercible to either integer or text.",
                position=position_of(part.uidx),
            )
        shown = coerce(step, TEXT, analysis.parameters, EXPLICIT)
        assert shown is not None
        steps.append(shown)
    return ArrayOf(tuple(steps), ColumnType("_text"))


def subscript(analysis: Analysis, document: Expression, parts: Sequence[Any]) -> Expression:
    """jsonb['a'][0]."""
    return analysis.operator("#>", [document, path_of(analysis, parts)])


def is_json(analysis: Analysis, node: Any) -> Expression:
    """x IS JSON [VALUE | ARRAY | OBJECT | SCALAR] [WITH UNIQUE KEYS]. Raises 42804."""
    argument = coerce_unknown(analysis.expression(node.expr), analysis.parameters)
    if argument.type.name in STRINGS:
        argument = coerce(argument, TEXT, analysis.parameters, EXPLICIT) or argument
    if argument.type.name not in ("text", "bytea", *JSON_TYPES):
        shown = f"cannot use type {type_name(argument.type)} in IS JSON predicate"
        raise DatabaseError(DATATYPE_MISMATCH, shown, position=position_of(node))
    kind = Constant(_KINDS[enums.JsonValueType(node.item_type)], TEXT)
    return analysis.call("is_json", [argument, kind, Constant(bool(node.unique_keys), ColumnType("bool"))])
